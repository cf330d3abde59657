import type { Clock } from '../../ingest/core/clock.js';
import type { HealthRegistry } from '../../ingest/core/health.js';
import type { Logger } from '../../ingest/core/logger.js';
import type { Metrics } from '../../ingest/core/telemetry/metrics.js';
import type { EventLog, EventLogWriter } from '../../ingest/log/event-log.js';
import type { Store } from '../../ingest/store/store.js';
import type { AnyDetector, Stage } from '../core/detector.js';
import type { RuleDuty } from './rules/rule-duty.js';
import type { Finding } from '../core/finding.js';

export interface WorkerDeps {
  /** Rules over many tokens; whoever owns their partition runs them. */
  readonly ruleDuty?: RuleDuty;
  readonly log: EventLog;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly detectors: readonly AnyDetector[];
  readonly metrics?: Metrics;
  /** Each stage reports under its own part. */
  readonly health?: HealthRegistry;
  /**
   * Takes findings before they count as emitted; called again with the same ones after a failure or a kill, so it must
   * tell them by finding_uid. Without it they are appended to the findings topic.
   */
  readonly onFinding?: (findings: readonly Finding[]) => Promise<void>;
}

/** What the parts of a worker share. */
export interface WorkerParts extends WorkerDeps {
  /** One for all of them: each writer of the log has a connection of its own until it is stopped. */
  readonly writer: EventLogWriter;
}

/** Under which name a stage reports that it works. */
export const healthParts = { token: 'worker', principal: 'worker_principals' } as const satisfies Record<Stage, string>;
