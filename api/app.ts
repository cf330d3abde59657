import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { AppError, errorCodes } from '../ingest/core/errors.js';
import type { Querier } from '../ingest/store/store.js';
import type { ApiDeps } from './api-deps.js';
import { registerAuth } from './plugins/auth.js';
import { registerProblems, sendProblem } from './plugins/problem.js';
import { registerRequestMetrics } from './plugins/request-metrics.js';
import { registerSecurityHeaders } from './plugins/security-headers.js';
import { webPages } from './plugins/web-pages.js';
import { healthRoutes } from './routes/health.js';
import { alertRoutes } from './routes/v1/alerts.js';
import { deliveryRoutes } from './routes/v1/deliveries.js';
import { explainRoutes } from './routes/v1/explain.js';
import { findingRoutes } from './routes/v1/findings.js';
import { honeytokenRoutes } from './routes/v1/honeytokens.js';
import { mapRoutes } from './routes/v1/map.js';
import { sourceRoutes } from './routes/v1/sources.js';
import { suppressionRoutes } from './routes/v1/suppressions.js';
import { sqlRoutes } from './routes/v1/sql.js';
import { streamRoutes } from './routes/v1/stream.js';
import { timelineRoutes } from './routes/v1/timeline.js';
import { tokenActivityRoutes } from './routes/v1/token-activity.js';
import { tokenRoutes } from './routes/v1/tokens.js';
import { whoamiRoutes } from './routes/v1/whoami.js';
import { withMediaTypes } from './schemas/media-types.js';
import { pushDescription } from './schemas/push.js';

const BODY_BYTES_MAX = 64 * 1024;
const PUSH_BYTES_MAX = 16 * 1024 * 1024;
const queryLimits = { rowsMax: 50_000, timeoutMs: 20_000 };
const REQUEST_TIMEOUT_MS = 30_000;

/** Builds the API, not yet listening. The caller closes it. */
export async function buildApp(given: ApiDeps): Promise<FastifyInstance> {
  const deps: ApiDeps = { ...given, querier: bounded(given.querier) };
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: 256, ignoreTrailingSlash: false },
    // Fastify's own answers to a path that it cannot read quote it.
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, error),
    forceCloseConnections: 'idle',
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  // A browser may send text/plain to any host without asking; JSON it may not.
  app.removeContentTypeParser('text/plain');
  registerProblems(app, deps.logger);
  registerSecurityHeaders(app);
  registerRequestMetrics(app);
  await app.register(rateLimit, {
    max: deps.rateLimit?.max ?? 600,
    timeWindow: deps.rateLimit?.windowMs ?? 60_000,
    cache: 10_000,
    errorResponseBuilder: (_request, context) =>
      new AppError('TQ_RATE_LIMITED', errorCodes.TQ_RATE_LIMITED, { retryAfterMs: context.ttl }),
  });
  registerAuth(app, { hostname: new URL(deps.baseUrl).hostname, ...deps.auth });
  await registerDescription(app, deps.version);
  if (deps.pushPlugin !== undefined) await app.register(mountPush(deps.pushPlugin));
  if (deps.webRoot !== undefined) await app.register(webPages(deps.webRoot));
  await app.register(async (scope) => {
    healthRoutes(scope, deps);
    mapRoutes(scope, deps);
    streamRoutes(scope, deps);
    tokenRoutes(scope, deps);
    timelineRoutes(scope, deps);
    tokenActivityRoutes(scope, deps);
    alertRoutes(scope, deps);
    findingRoutes(scope, deps);
    explainRoutes(scope, deps);
    deliveryRoutes(scope, deps);
    suppressionRoutes(scope, deps);
    honeytokenRoutes(scope, deps);
    sourceRoutes(scope, deps);
    sqlRoutes(scope, deps);
    whoamiRoutes(scope);
    await Promise.resolve();
  });
  await app.ready();
  return app;
}

/** No request may hold the store longer, or bring more rows, than an answer is good for; what is streamed is never held whole. */
function bounded(querier: Querier): Querier {
  return {
    run: (query, params, limits) => querier.run(query, params, { ...queryLimits, ...limits }),
    lines: (query, params) => querier.lines(query, params),
  };
}

/**
 * The push route checks the keys of its sources, limits its bytes in flight and words its own errors; here it gets its
 * place in the description and is left out of the role check and the request rate of the reading API.
 */
function mountPush(plugin: FastifyPluginAsync): FastifyPluginAsync {
  return async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'own', rateLimit: false };
      route.bodyLimit ??= PUSH_BYTES_MAX;
      route.schema ??= pushDescription;
    });
    await scope.register(plugin);
  };
}

/** OpenAPI 3.1 from the very schemas that check requests and write answers. */
async function registerDescription(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tourniquet', description: 'Token observability: map, inventory, findings, alerts.', version },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      },
      security: [{ bearer: [] }, { apiKey: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withMediaTypes(jsonSchemaTransformObject(document)),
  });
  app.get('/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, () => app.swagger());
}
