import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../../ingest/core/errors.js';
import type { ApiDeps } from '../../api-deps.js';
import { LiveMaps, type LiveMessage } from '../../live/live-maps.js';
import { EXACT_MAX_MS, streamAnswer, streamQuery } from '../../schemas/map.js';
import { problemResponses } from '../../schemas/problem.js';

const HEARTBEAT_MS = 15_000;
/** A viewer that takes nothing for so long is let go; it comes back with the number of its last message. */
const UNSENT_BYTES_MAX = 1 << 20;

/** Server-sent events (WHATWG HTML, 9.2): the picture of a window that ends now, then once a second what changed. */
export function streamRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const live = new LiveMaps(deps);
  const open = new Set<ServerResponse>();
  app.addHook('preClose', (done) => {
    live.stop();
    for (const response of open) response.end('event: end\ndata: {}\n\n');
    done();
  });
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/stream',
    {
      config: { access: 'viewer' },
      schema: {
        operationId: 'streamMap',
        summary: 'The map of a window that ends now, as server-sent events',
        tags: ['map'],
        querystring: streamQuery,
        response: { 200: streamAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { window_s: windowS, ...query } = request.query;
      if (query.exact && windowS * 1000 > EXACT_MAX_MS) {
        throw new AppError('TQ_REQUEST_INVALID', 'An exact window is at most 24 hours long.', {
          mend: 'Leave exact out.',
        });
      }
      const lastId = request.headers['last-event-id'];
      const early: LiveMessage[] = [];
      let send = (message: LiveMessage): void => void early.push(message);
      const leave = await live.join(query, windowS * 1000, typeof lastId === 'string' ? lastId : '', (message) =>
        send(message),
      );
      const response = reply.raw;
      if (request.raw.destroyed || response.destroyed) {
        leave();
        reply.hijack();
        return;
      }
      reply.hijack();
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        // The socket ends with the stream, so that a stop need not wait for it.
        connection: 'close',
        'x-accel-buffering': 'no',
      });
      open.add(response);
      const beat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
      beat.unref();
      const close = (): void => {
        clearInterval(beat);
        open.delete(response);
        leave();
      };
      response.once('close', close);
      response.once('error', close);
      send = (message) => {
        if (response.writableLength > UNSENT_BYTES_MAX) response.destroy();
        else response.write(`id: ${message.id}\nevent: ${message.event}\ndata: ${JSON.stringify(message.data)}\n\n`);
      };
      response.write('retry: 2000\n\n');
      for (const message of early.splice(0)) send(message);
    },
  );
}
