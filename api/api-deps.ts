import type { FastifyPluginAsync } from 'fastify';
import type { DetectorsOptions } from '../detectors/registry.js';
import type { Clock } from '../ingest/core/clock.js';
import type { HealthRegistry } from '../ingest/core/health.js';
import type { Logger } from '../ingest/core/logger.js';
import type { Querier } from '../ingest/store/store.js';
import type { AlertService } from './alerts/alert-service.js';
import type { RiskPolicy } from './alerts/risk.js';
import type { HoneytokenRegistry } from './honeytokens/honeytoken-registry.js';
import type { SqlRunner } from './sql/runner.js';
import type { SuppressionRegistry } from './suppressions/suppression-registry.js';
import type { AuthOptions } from './plugins/auth.js';

/** All that the API needs from outside; the composition root makes it. */
export interface ApiDeps {
  readonly querier: Querier;
  readonly alerts: AlertService;
  readonly honeytokens: HoneytokenRegistry;
  readonly suppressions: SuppressionRegistry;
  readonly sql: SqlRunner;
  readonly health: HealthRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly auth: AuthOptions;
  /** Of the package, for the OpenAPI document. */
  readonly version: string;
  /** Where people reach this API, without a trailing slash. */
  readonly baseUrl: string;
  /** Prometheus text of the process's metrics. */
  readonly metricsText: () => Promise<string>;
  /** Mounts `POST /v1/events`; it checks the keys of its sources itself. Absent where no collector runs. */
  readonly pushPlugin?: FastifyPluginAsync;
  /** How the worker scores, for the band that a token is expected in and for explanations. */
  readonly scoring: {
    /** The defaults where left out. */
    readonly detectors?: DetectorsOptions;
    readonly allowedLatenessMs: number;
  };
  /** How risk fades and alerts; the defaults where left out. */
  readonly risk?: RiskPolicy;
  /** Directory of the built pages; absent for the API alone. */
  readonly webRoot?: string;
  /** Requests of one key or address in one window; default 600 a minute. */
  readonly rateLimit?: { readonly max: number; readonly windowMs: number };
}
