import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Telemetry } from '../../ingest/otel-bootstrap.js';
import type { Store } from '../../ingest/store/store.js';
import { AppError } from '../../ingest/core/errors.js';
import { createMetrics } from '../../ingest/core/telemetry/metrics.js';
import { buildApp } from '../app.js';
import { createHoneytokenRegistry } from '../honeytokens/honeytoken-registry.js';
import type { Surroundings } from './open-parts.js';
import type { Alerting } from './roles.js';
import { baseUrlOf, policyOf } from './roles.js';
import { version } from './version.js';
import { SqlRunner } from '../sql/runner.js';

/** Beside the compiled code, where the build puts the pages. */
const webRoot = fileURLToPath(new URL('../web', import.meta.url));

/** Starts the API and resolves to the address that it listens on. */
export async function startApi(
  s: Surroundings,
  store: Store,
  alerting: Alerting,
  telemetry: Telemetry,
  push?: FastifyPluginAsync,
): Promise<string> {
  const { config, clock, logger, health, lifecycle } = s;
  const { host, port } = config.api;
  const app = await buildApp({
    querier: store.querier,
    alerts: alerting.service,
    suppressions: alerting.suppressions,
    honeytokens: createHoneytokenRegistry(store.querier, store.writer, clock),
    sql: createSqlRunner(s, store),
    health,
    clock,
    logger,
    auth: { keys: config.api.keys, anonymousRole: config.api.anonymous_role },
    version,
    baseUrl: baseUrlOf(s),
    webRoot,
    scoring: { detectors: config.detectors, allowedLatenessMs: config.worker.allowed_lateness },
    risk: policyOf(config).risk,
    metricsText: () => telemetry.prometheusText(),
    ...(push === undefined ? {} : { pushPlugin: mountPush(push) }),
  });
  await lifecycle.start({
    name: 'api',
    start: async () => {
      await s.releaseApiPort?.();
      await listen(app, host, port);
    },
    stop: () => app.close(),
  });
  const bound = app.server.address();
  const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
}

/** Statements of analysts on this store, within the limits of the configuration. */
export function createSqlRunner({ config, clock, logger }: Surroundings, store: Store): SqlRunner {
  const { sql } = config;
  return new SqlRunner({
    analyst: store.analyst,
    writer: store.writer,
    clock,
    logger,
    metrics: createMetrics(),
    concurrency: sql.concurrency,
    limits: {
      rowsMax: sql.rows_max,
      bytesMax: sql.bytes_max,
      timeoutMs: sql.timeout,
      memoryBytesMax: sql.memory_bytes_max,
      rowsReadMax: sql.rows_read_max,
    },
  });
}

/** The push routes check the keys of their sources themselves, so the API's own check leaves them alone. */
function mountPush(push: FastifyPluginAsync): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    await app.register(async (scope) => {
      scope.addHook('onRoute', (route) => {
        route.config = { ...route.config, access: 'own' };
      });
      await scope.register(push);
    });
  };
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw new AppError('TQ_CONFIG_INVALID', `The API cannot listen on ${host}, port ${port}.`, {
      mend: 'Another process may have the port: set api.port or TOURNIQUET_API_PORT; 0 takes a free one.',
      cause,
    });
  }
}
