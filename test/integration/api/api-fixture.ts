import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { AlertService } from '../../../api/alerts/alert-service.js';
import type { Delivery } from '../../../api/alerts/delivery.js';
import { defaultPolicy } from '../../../api/alerts/policy.js';
import { createAlertRepository, createDeliveryRepository } from '../../../api/alerts/store-repository.js';
import { createMetrics } from '../../../ingest/core/telemetry/metrics.js';
import { SqlRunner } from '../../../api/sql/runner.js';
import type { ApiDeps } from '../../../api/api-deps.js';
import { createHoneytokenRegistry } from '../../../api/honeytokens/honeytoken-registry.js';
import { createSuppressionRegistry, type SuppressionRegistry } from '../../../api/suppressions/suppression-registry.js';
import { buildApp } from '../../../api/app.js';
import { HealthRegistry } from '../../../ingest/core/health.js';
import { silentLogger } from '../../../ingest/core/logger.js';
import type { Store } from '../../../ingest/store/store.js';
import { ManualClock } from '../../support/alert-fixtures.js';

export const keys = {
  viewer: 'viewer-key',
  analyst: 'analyst-key',
  responder: 'responder-key',
  ingest: 'ingest-key',
  admin: 'admin-key',
} as const;

/** The keys as the configuration holds them. */
export const keyEntries = Object.entries(keys).map(([role, key]) => ({
  name: `${role} of the test`,
  role: role as keyof typeof keys,
  sha256: createHash('sha256').update(key).digest('hex'),
}));

export const sqlLimits = {
  rowsMax: 1_000,
  bytesMax: 4 << 20,
  timeoutMs: 10_000,
  memoryBytesMax: 256 << 20,
  rowsReadMax: 50_000_000,
};

export interface ApiFixture {
  readonly app: FastifyInstance;
  readonly alerts: AlertService;
  readonly suppressions: SuppressionRegistry;
  readonly clock: ManualClock;
  readonly health: HealthRegistry;
  readonly enqueued: Delivery[];
}

/** Reads JSON from the API that a file's tests share; the status is asserted, and a problem's text shown. */
export const getFrom =
  (api: () => ApiFixture) =>
  async <T>(url: string, status = 200): Promise<T> => {
    const answer = await api().app.inject({ url });
    expect(`${answer.statusCode} ${answer.statusCode === status ? '' : answer.body}`).toBe(`${status} `);
    return answer.json<T>();
  };

export async function apiOn(
  store: Pick<Store, 'querier' | 'writer' | 'analyst'>,
  change: Partial<ApiDeps> = {},
): Promise<ApiFixture> {
  const clock = new ManualClock();
  const health = new HealthRegistry();
  const enqueued: Delivery[] = [];
  const suppressions = createSuppressionRegistry(store.querier, store.writer, clock);
  const alerts = new AlertService({
    suppressions,
    alerts: createAlertRepository(store.querier, store.writer),
    deliveries: createDeliveryRepository(store.querier, store.writer),
    destinations: [
      {
        name: 'soc',
        drills: true,
        severityMin: 'low',
        notifier: { notify: () => Promise.resolve({ kind: 'delivered', status: 204 }) },
      },
    ],
    policy: defaultPolicy,
    baseUrl: 'https://tq.example',
    clock,
    enqueue: (deliveries) => enqueued.push(...deliveries),
  });
  const app = await buildApp({
    querier: store.querier,
    alerts,
    suppressions,
    honeytokens: createHoneytokenRegistry(store.querier, store.writer, clock),
    sql: new SqlRunner({
      analyst: store.analyst,
      writer: store.writer,
      clock,
      logger: silentLogger,
      metrics: createMetrics(),
      concurrency: 2,
      limits: sqlLimits,
    }),
    health,
    clock,
    logger: silentLogger,
    auth: {
      keys: keyEntries,
      anonymousRole: 'viewer',
    },
    version: '0.0.0',
    baseUrl: 'https://tq.example',
    scoring: { allowedLatenessMs: 1000 },
    metricsText: () => Promise.resolve('# HELP tourniquet_up 1\n'),
    ...change,
  });
  return { app, alerts, suppressions, clock, health, enqueued };
}
