import { readFileSync } from 'node:fs';
import type { Finding } from '../../../detectors/core/finding.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import { DRILL_INSTANCE } from '../../../ingest/event/drill.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { renderMigration } from '../../../ingest/store/migration-template.js';
import { appendEvents, makeWorker, numbers, until, withParts, type RealParts } from '../../support/real-worker.js';
import { makeEvent } from '../../support/token-events.js';
import { openTestStore } from '../store/support.js';

const T0 = Date.UTC(2026, 0, 5);
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const EVERY = 5;
const DAYS = 8;

const word = (instance: string, minute: number): TokenEvent => {
  const timeMs = T0 + minute * MINUTE_MS;
  const event = makeEvent({ timeMs, token: `${instance} ${minute % 3}`, id: `${instance}/${timeMs}` });
  return { ...event, source: { ...event.source, instance } };
};
/** The same of a key that speaks once an hour. */
const makeKey = (event: TokenEvent): TokenEvent => {
  const { token } = makeEvent({ timeMs: 0, token: 'hourly' });
  return { ...event, event_uid: event.event_uid.replace(/^.{8}/, '01234567'), ...(token !== undefined && { token }) };
};
const words = (instance: string, from: number, to: number): TokenEvent[] =>
  Array.from({ length: Math.ceil((to - from) / EVERY) }, (_, n) => word(instance, from + n * EVERY));
const inOrder = (...lists: readonly TokenEvent[][]): TokenEvent[] =>
  lists.flat().sort((a, b) => (a.time < b.time ? -1 : 1));

/** Silences that a worker finds in one life. */
async function silences(
  parts: RealParts,
  events: readonly TokenEvent[],
  disabled: 'silence'[],
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  const worker = makeWorker(parts, {
    options: { blockAgeMs: 50, idleFlushMs: 50, checkpointIntervalMs: 200 },
    detectors: detectorsOptionsSchema.parse({ disabled }),
    onFinding: (findings) => {
      found.push(...findings.filter(({ detector }) => detector === 'silence'));
      return Promise.resolve();
    },
  });
  await worker.start();
  await appendEvents(parts.log, events, 50);
  await until(() => worker.caughtUp(), 100_000);
  await worker.stop(10_000);
  return found;
}

describe('silence in a worker that has a past', () => {
  it('misses a key without an owner on the first day', async () => {
    const switched = DAYS * DAY_MINUTES;
    const key = (minute: number): TokenEvent => makeKey(word('first', minute));
    const before = inOrder(
      words('first', 0, switched),
      Array.from({ length: DAYS * 24 }, (_, n) => key(n * 60 + 2)),
    );
    const after = inOrder(words('first', switched, switched + 1000), words('second', switched, switched + 1000), [
      key(switched + 2),
    ]);
    await withParts(2, async (parts) => {
      expect(await silences(parts, before, ['silence'])).toEqual([]);
      const found = await silences(parts, after, []);
      expect(found.map(({ token_name: token, score }) => [token, score.measure])).toEqual([['hourly', 'token_silent']]);
      expect(await numbers(parts, found[0]?.sql ?? '')).toEqual({ observed: found[0]?.score.observed });
    });
  }, 240_000);

  it('misses a source on the first day, though the detector is new to it', async () => {
    const switched = DAYS * DAY_MINUTES;
    const before = inOrder(words('first', 0, switched), words('second', 0, switched));
    const after = inOrder(words('first', switched, switched + 180), words('second', switched, switched + 60));
    await withParts(2, async (parts) => {
      expect(await silences(parts, before, ['silence'])).toEqual([]);
      const found = await silences(parts, after, []);
      expect(found.map(({ entity_uid: uid, score }) => [uid, score.measure])).toEqual([
        ['envoy second', 'source_silent'],
      ]);
      const [finding] = found;
      // In sixteen minutes in which the other spoke, give or take the rest between two looks.
      expect(finding?.score.observed).toBeGreaterThan(15 * EVERY);
      expect(finding?.score.observed).toBeLessThan(120);
      expect(await numbers(parts, finding?.sql ?? '')).toEqual({ observed: finding?.score.observed });
      // Each partition knows the sources, and all of them the same.
      const states = await numbers(
        parts,
        `SELECT count() AS partitions, uniqExact(silence) AS different FROM
        (SELECT log_partition, JSONExtractRaw(argMax(state, version), 'detectors', 'silence') AS silence FROM detector_state
        WHERE stage = 'principal' AND endsWith(entity_uid, 'source envoy first') GROUP BY log_partition)`,
      );
      expect(states).toEqual({ partitions: 2, different: 1 });
    });
    await withParts(2, async (parts) => {
      // Without a past there is nothing to be missed.
      expect(await silences(parts, after, [])).toEqual([]);
    });
  }, 240_000);
});

it('hours of sources are filled from the events of the last month that were there before, however often', async () => {
  const opened = await openTestStore();
  try {
    const template = readFileSync(
      new URL('../../../ingest/store/migrations/0021_source_hours.sql', import.meta.url),
      'utf8',
    );
    const nowMs = Date.now();
    const events = Array.from({ length: 100 }, (_, n) => {
      const event = makeEvent({ timeMs: nowMs - n * 7_000_000, token: 'a' });
      return { ...event, source: { ...event.source, instance: n % 10 === 0 ? DRILL_INSTANCE : `edge-${n % 3}` } };
    });
    await opened.store.writer.insertEvents(events.map((event, n) => ({ event, partition: 0, offset: BigInt(n) })), 'fill'); // prettier-ignore
    const known = () =>
      opened.rows('SELECT hour, source_instance, groupBitOr(minutes) FROM source_hours GROUP BY ALL ORDER BY ALL');
    const before = await known();
    expect(before).toHaveLength(90);
    await opened.command('DROP VIEW source_hours_feed');
    await opened.command('DROP TABLE source_hours');
    for (let time = 0; time < 2; time += 1) {
      for (const statement of renderMigration(template, { kind: 'single' })) await opened.command(statement);
      expect(await known()).toEqual(before);
    }
  } finally {
    await opened.close();
  }
}, 60_000);
