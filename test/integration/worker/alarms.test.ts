import type { Finding } from '../../../detectors/core/finding.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { eventKey, partitionFor } from '../../../ingest/log/partitioner.js';
import { appendEvents, makeWorker, numbers, until, withParts, type RealParts } from '../../support/real-worker.js';
import { makeEvent } from '../../support/token-events.js';

const T0 = Date.UTC(2026, 0, 5, 9);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const PARTITIONS = 3;
const options = { blockAgeMs: 50, idleFlushMs: 50, checkpointIntervalMs: 200 };
const detectors = detectorsOptionsSchema.parse({ silence: { period_hours: 0.1, periods_min: 4 } });

const from = (instance: string, timeMs: number, token: string): TokenEvent => {
  const event = makeEvent({ timeMs, token, id: `${token}/${timeMs}` });
  return { ...event, source: { ...event.source, instance } };
};

/** A worker that lives until the findings are there and all is read. */
async function live(
  parts: RealParts,
  events: readonly TokenEvent[],
  found: Finding[],
  done: () => boolean,
): Promise<void> {
  const onFinding = (findings: readonly Finding[]): Promise<void> => {
    found.push(...findings);
    return Promise.resolve();
  };
  const worker = makeWorker(parts, { options, detectors, onFinding });
  await worker.start();
  await appendEvents(parts.log, events, 10);
  await until(async () => (await worker.caughtUp()) && done(), 100_000);
  await worker.stop(10_000);
}

const ofDetector = (found: readonly Finding[], id: string): readonly Finding[] =>
  found.filter(({ detector }) => detector === id);

describe('what does not happen, on the embedded log and the ClickHouse engine', () => {
  it('is found once: a source that falls silent without its tokens, a key that nobody uses in a silent partition', async () => {
    await withParts(PARTITIONS, async (parts) => {
      const found: Finding[] = [];
      const minutes = (instance: string, count: number): TokenEvent[] =>
        Array.from({ length: count }, (_, n) =>
          [1, 2, 3, 4].map((k) => from(instance, T0 + n * MINUTE_MS + k * 100, `${instance}${k}`)),
        ).flat();
      const key = from('first', T0, 'unused');
      const said = [...minutes('first', 90), ...minutes('second', 50)].sort((a, b) => (a.time < b.time ? -1 : 1));
      await live(parts, [key, ...said.slice(0, 300)], found, () => true);
      await live(parts, said.slice(300), found, () => ofDetector(found, 'silence').length > 0);

      const elsewhere = Array.from({ length: 20 }, (_, n) => from('first', T0 + 46 * DAY_MS + n, `later${n}`)).filter(
        (event) => partitionFor(eventKey(event), PARTITIONS) !== partitionFor(eventKey(key), PARTITIONS),
      );
      const unused = (): readonly Finding[] =>
        ofDetector(found, 'lifecycle').filter(({ token_name: name }) => name === 'unused');
      await live(parts, elsewhere, found, () => unused().length > 0);
      // Whoever comes next knows that they were told, and that in a partition to which nothing came the alarm has rung.
      await live(parts, [], found, () => true);
      const rung = `entity_uid = '${key.token!.token_uid}' AND state LIKE '%lifecycle/${unused()[0]!.score.measure}%'`;
      const { kept } = await numbers(
        parts,
        `SELECT count() AS kept FROM detector_state WHERE stage = 'token' AND ${rung}`,
      );
      expect(kept).toBeGreaterThan(0);

      const silent = ofDetector(found, 'silence');
      expect(silent.map(({ entity_kind: kind, entity_uid: uid, score }) => [kind, uid, score.measure])).toEqual([
        ['source', 'envoy second', 'source_silent'],
      ]);
      expect(unused().map(({ time }) => time)).toEqual([new Date(T0 + 45 * DAY_MS).toISOString()]);
      for (const { sql, score } of [...silent, ...unused()]) {
        expect(await numbers(parts, sql)).toEqual({ observed: score.observed });
      }
    });
  }, 120_000);
});
