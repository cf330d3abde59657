import type { FastifyInstance } from 'fastify';
import { createMetrics } from '../../ingest/core/telemetry/metrics.js';

/** Times every request by its route template; an address that no route serves is counted without one. */
export function registerRequestMetrics(app: FastifyInstance): void {
  const metrics = createMetrics();
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url;
    metrics.record('http.server.request.duration', reply.elapsedTime / 1000, {
      'http.request.method': request.method,
      'http.response.status_code': reply.statusCode,
      ...(route === undefined ? {} : { 'http.route': route }),
    });
    done();
  });
}
