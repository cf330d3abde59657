import { setTimeout as delay } from 'node:timers/promises';
import { createDetectors, type DetectorsOptions } from '../../detectors/registry.js';
import { DecoyRegistry } from '../../detectors/worker/decoy-registry.js';
import { RuleSet } from '../../detectors/worker/rules/rule-set.js';
import { RenewableWorker } from '../../detectors/worker/renewable-worker.js';
import type { Worker } from '../../detectors/worker/worker.js';
import { createWorker } from '../../detectors/worker/worker.js';
import { workerOptionsSchema } from '../../detectors/worker/worker-options.js';
import type { Clock } from '../../ingest/core/clock.js';
import { isRetryable } from '../../ingest/core/errors.js';
import { createMetrics } from '../../ingest/core/telemetry/metrics.js';
import type { EventLog } from '../../ingest/log/event-log.js';
import { topics } from '../../ingest/log/event-log.js';
import { HopEvaluator } from '../../ingest/store/hops/hop-evaluator.js';
import type { Store } from '../../ingest/store/store.js';
import type { AlertService } from '../alerts/alert-service.js';
import { createAlerting } from '../alerts/alerting.js';
import { destinationsOf } from '../alerts/destinations.js';
import { FindingsConsumer } from '../alerts/findings-consumer.js';
import type { Notice } from '../alerts/grouping.js';
import { defaultPolicy, type AlertPolicy } from '../alerts/policy.js';
import { createSuppressionRegistry, type SuppressionRegistry } from '../suppressions/suppression-registry.js';
import { urlHost } from './api-address.js';
import type { Surroundings } from './open-parts.js';
import { readSecretFile } from './secret-file.js';
import { version } from './version.js';

const REPLAY_BLOCK_AGE_MS = 15_000;
/** Longer than a busy machine takes between two records of a partition; at the end nothing waits so long. */
const REPLAY_QUIET_MS = 5000;

/**
 * Reads events, stores them and scores them.
 *
 * @param rules that it runs.
 * @param replay rules and hops wait until {@link untilScored} asks for them: a minute that lines still
 *   come to would be evaluated again and again.
 */
export async function startWorker(
  s: Surroundings,
  log: EventLog,
  store: Store,
  { rules = new RuleSet(s.config.rules, s.logger), replay = false } = {},
): Promise<RenewableWorker> {
  const { config, clock, logger, health, lifecycle } = s;
  const options = workerOptionsSchema.parse({
    topic: topics.tokenEvents,
    principalTopic: topics.principalObservations,
    groupId: config.log.kind === 'kafka' ? config.log.group_id : 'tourniquet-worker',
    allowedLatenessMs: config.worker.allowed_lateness,
    blockRowsMax: config.worker.block_rows_max,
    blockTokensMax: config.worker.block_tokens_max,
    // In a replay nobody waits for a row, and large blocks cost the store far less.
    blockAgeMs: replay ? Math.max(config.worker.block_age_max, REPLAY_BLOCK_AGE_MS) : config.worker.block_age_max,
    keepsHops: !replay,
    blockQuietMs: replay ? REPLAY_QUIET_MS : config.worker.block_age_max,
    checkpointIntervalMs: config.worker.checkpoint_interval,
    keysMax: config.worker.keys_max,
  });
  const decoys = await lifecycle.start(new DecoyRegistry({ querier: store.querier, logger }));
  const { lateness_seconds: latenessS, lookback_seconds: lookbackS } = config.rules;
  const ruleDuty = {
    rules,
    options: { latenessMs: latenessS * 1000, lookbackMs: lookbackS * 1000 },
    byItself: !replay,
  };
  const metrics = createMetrics();
  const make = (settings: DetectorsOptions) => {
    const detectors = createDetectors(settings, decoys);
    return createWorker(options, { log, store, clock, logger, detectors, ruleDuty, health, metrics });
  };
  return lifecycle.start(new RenewableWorker(make, config.detectors, logger));
}

export interface Alerting {
  readonly service: AlertService;
  readonly consumer: FindingsConsumer;
  readonly suppressions: SuppressionRegistry;
}

/** Findings become alerts, alerts become deliveries, deliveries are sent. */
export async function startAlerting(
  s: Surroundings,
  log: EventLog,
  store: Store,
  onNotice: (notice: Notice) => void,
): Promise<Alerting> {
  const { config, clock, logger, health, lifecycle, random } = s;
  const { querier, writer } = store;
  // The owner of the findings is the one that sends; it is made after the dispatcher that asks it.
  const owner: { consumer?: FindingsConsumer } = {};
  const suppressions = createSuppressionRegistry(querier, writer, clock);
  suppressions.configure(config.alerts.suppressions, config.detectors.observe);
  const { service, dispatcher } = createAlerting({
    querier,
    writer,
    suppressions,
    destinations: destinationsOf(config.alerts.destinations, readSecretFile, clock, version),
    baseUrl: baseUrlOf(s),
    clock,
    random,
    logger,
    health,
    onNotice,
    policy: policyOf(config),
    mayDispatch: () => owner.consumer?.mayDispatch() ?? false,
  });
  const groupId = config.log.kind === 'kafka' ? `${config.log.group_id}-alerts` : 'tourniquet-alerts';
  owner.consumer = new FindingsConsumer({ log, alerts: service, clock, logger, health, groupId });
  await lifecycle.start(dispatcher);
  return { service, consumer: await lifecycle.start(owner.consumer), suppressions };
}

/** When findings become alerts, as the configuration has it. */
export function policyOf({ alerts }: Surroundings['config']): AlertPolicy {
  const { episode_gap: episodeGapMs, risk } = alerts;
  return { ...defaultPolicy, episodeGapMs, risk: { threshold: risk.threshold, halfLifeMs: risk.half_life } };
}

export function baseUrlOf({ config }: Surroundings): string {
  return (config.api.base_url ?? `http://${urlHost(config.api.host)}:${config.api.port}`).replace(/\/$/, '');
}

/**
 * Resolves when all that the log holds is stored, scored and, where it was found wanting, alerted, and its hops are counted.
 * @throws Error when nothing moves for `stallMs` milliseconds.
 */
export async function untilScored(
  s: Surroundings,
  log: EventLog,
  store: Store,
  worker: Worker,
  alerting: Alerting,
  stallMs = 120_000,
): Promise<void> {
  let movedMs = s.clock.nowMs();
  let last = -1n;
  let finished = false;
  worker.expectNoMore();
  const scored = async (): Promise<boolean> => {
    if (!(await worker.caughtUp())) return false;
    // Neither rules nor hops keep both cores busy, and neither reads what the other writes.
    if (!finished) await bothOf(worker.finish(), untilCounted(store, s.clock));
    finished = true;
    const high = (await log.offsets(topics.findings))[0]?.high ?? 0n;
    return alerting.consumer.next >= high;
  };
  for (;;) {
    try {
      if (await scored()) return;
    } catch (error) {
      // A broker may fail to tell its offsets for a moment.
      if (!isRetryable(error)) throw error;
    }
    const done = worker.status().reduce((sum, state) => sum + state.committed, alerting.consumer.next);
    if (done !== last) movedMs = s.clock.nowMs();
    last = done;
    if (s.clock.nowMs() - movedMs > stallMs) throw new Error(`the worker stood still for ${stallMs / 1000} s`);
    await delay(50);
  }
}

/** Waits for both, so that none goes on alone when the other fails. @throws what the first of them threw. */
async function bothOf(...works: readonly Promise<void>[]): Promise<void> {
  for (const ended of await Promise.allSettled(works)) if (ended.status === 'rejected') throw ended.reason;
}

/** The hops of all that is stored are found; a worker that does so meanwhile too does no harm. */
async function untilCounted(store: Store, clock: Clock): Promise<void> {
  const evaluator = new HopEvaluator(store, clock);
  let done = await evaluator.pass();
  while (done.more && done.lines > 0) done = await evaluator.pass();
}
