// The long way: collector, worker and both together, on the embedded log or on Kafka, with the default detectors.
import { z } from 'zod';
import { createDetectors } from '#built/detectors/registry.js';
import { createWorker } from '#built/detectors/worker/worker.js';
import { workerOptionsSchema } from '#built/detectors/worker/worker-options.js';
import { openLog, openStore } from '#built/api/cli/open-parts.js';
import { startAlerting, startWorker, untilScored } from '#built/api/cli/roles.js';
import { peakRssMib, measure, stopwatch, until } from './measure.mjs';
import { collect, collectBeside, deps, withSurroundings } from './parts.mjs';

const PATIENCE_MS = 600_000;

/** Lines of a file into the log. */
export function collector(job) {
  return withSurroundings(job, async (surroundings) => {
    const log = await openLog(surroundings);
    const writer = log.writer();
    await writer.start();
    const result = await measure(() => collect(job.lines, writer, job.directory));
    return { ...result, peak_rss_mib: peakRssMib() };
  });
}

/** What the log holds into the store and past the detectors; the clock starts with the first batch. */
export function worker(job) {
  return withSurroundings(job, async (surroundings) => {
    /** @type {ReturnType<typeof stopwatch> | undefined} */
    let stop;
    const { made, store } = await openWorker(surroundings, () => (stop ??= stopwatch()));
    await surroundings.lifecycle.start(made);
    await until(() => made.caughtUp(), PATIENCE_MS, 'the worker');
    const result = /** @type {any} */ (stop)?.(job.count) ?? null;
    return { ...result, keys: keysOf(made), rows: await rows(store), peak_rss_mib: peakRssMib() };
  });
}

/** A worker of all detectors, not started, that says before it takes a batch of how many records. */
export async function openWorker(surroundings, onBatch) {
  const log = await openLog(surroundings);
  const store = await openStore(surroundings);
  const made = createWorker(workerOptionsSchema.parse({}), { ...deps, log, store, detectors: createDetectors() });
  const [tokens] = made.stages;
  if (tokens === undefined) throw new Error('The worker has no stage.');
  const take = tokens.batch.bind(tokens);
  tokens.batch = (batch, heartbeat) => {
    onBatch();
    return take(batch, heartbeat);
  };
  return { made, store };
}

/** Tokens and principals with state in memory. */
export const keysOf = (made) => made.status().reduce((sum, partition) => sum + partition.keys, 0);

/** Lines of a file → log → store and detectors → alerts, in one process, as `tourniquet replay` does it. */
export function endToEnd(job) {
  return withSurroundings(job, async (surroundings) => {
    const log = await openLog(surroundings);
    const store = await openStore(surroundings);
    let alerts = 0;
    const alerting = await startAlerting(surroundings, log, store, () => (alerts += 1));
    const writer = await surroundings.lifecycle.start(log.writer());
    const scorer = await startWorker(surroundings, log, store, { replay: true });
    const result = await measure(async () => {
      const count = await collectBeside(job.lines, writer, surroundings);
      await untilScored(surroundings, log, store, scorer, alerting);
      return count;
    });
    const peak = peakRssMib();
    const written = await stored(store);
    return { ...result, alert_notices: alerts, rows: await rows(store), ...written, peak_rss_mib: peak };
  });
}

const numbers = (store, sql) =>
  store.querier.run({ name: 'bench', sql, params: z.object({}), row: z.record(z.string(), z.coerce.number()) }, {});

export async function rows(store) {
  return (await numbers(store, 'SELECT count() AS n FROM token_events'))[0].n;
}

/** Bytes on disk per event: the events alone, and with every roll-up. */
async function stored(store) {
  const active = 'FROM system.parts WHERE active AND database = currentDatabase()';
  const [found] = await numbers(
    store,
    `SELECT sumIf(bytes_on_disk, table = 'token_events') / sumIf(rows, table = 'token_events') AS events,
       sum(bytes_on_disk) / sumIf(rows, table = 'token_events') AS all, countIf(table = 'token_events') AS parts ${active}`,
  );
  return {
    bytes_per_event: Math.round(found.events * 10) / 10,
    bytes_per_event_with_rollups: Math.round(found.all * 10) / 10,
    parts: found.parts,
  };
}
