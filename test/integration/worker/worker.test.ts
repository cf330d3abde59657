import { AppError } from '../../../ingest/core/errors.js';
import { silentLogger } from '../../../ingest/core/logger.js';
import type { EventWriter, Store } from '../../../ingest/store/store.js';
import { topics } from '../../../ingest/log/event-log.js';
import { eventLine } from '../../../ingest/event/event-lines.js';
import type { Finding } from '../../../detectors/core/finding.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import { expectOneGrowing } from '../../support/growing-finding.js';
import { makeEvent } from '../../support/token-events.js';
import { appendEvents, makeWorker, numbers, until, withParts, type RealParts } from '../../support/real-worker.js';

const { jest } = import.meta;
const T0 = Date.UTC(2026, 0, 5, 9);
const options = { blockAgeMs: 50, idleFlushMs: 50, checkpointIntervalMs: 200 };
const noDetectors = detectorsOptionsSchema.parse({ disabled: ['rate', 'baseline'] });
const totals = 'SELECT count() AS rows, uniqExact(event_uid) AS uids FROM token_events';

describe('worker on the embedded log and the ClickHouse engine', () => {
  it('stores every event once and counts duplicates, bad lines and neighbours right', async () => {
    await withParts(3, async (parts) => {
      const writers = jest.spyOn(parts.log, 'writer');
      const events = Array.from({ length: 3000 }, (_, n) =>
        makeEvent({ timeMs: T0 + n * 10, token: `t${n % 40}`, id: `a${n}` }),
      );
      await appendEvents(parts.log, events);
      await appendEvents(parts.log, events.slice(500, 1500), 7);
      const good = makeEvent({ timeMs: T0 + 40_000, token: 'poisoned', id: 'good' });
      const bad = Buffer.concat([Buffer.from('{"broken\n{"schema_version":1}\n'), eventLine(good)]);
      await parts.log
        .writer()
        .append(topics.tokenEvents, [{ partition: 0, key: null, value: bad, headers: {}, timestampMs: 0 }]);
      const worker = makeWorker(parts, { options });
      await worker.start();
      await until(() => worker.caughtUp());
      // Again after it was stored, and after a restart.
      await appendEvents(parts.log, events.slice(0, 300), 11);
      await until(() => worker.caughtUp());
      await worker.stop(10_000);
      const second = makeWorker(parts, { options });
      await second.start();
      await appendEvents(parts.log, events.slice(2000, 3000), 13);
      await until(() => second.caughtUp());
      await second.stop(10_000);
      expect(await numbers(parts, totals)).toEqual({ rows: 3001, uids: 3001 });
      expect(await numbers(parts, 'SELECT sum(requests) AS requests FROM token_usage_hourly')).toEqual({
        requests: 3001,
      });
      const letters = await parts.log.browse(topics.deadLetters, 0, 0n, 10);
      expect(letters.map((letter) => letter.headers['reason'])).toEqual(['TQ_EVENT_INVALID', 'TQ_EVENT_INVALID']);
      // On Kafka each is a connection: one for each worker, whatever it hands on, and the five of this test.
      expect(writers).toHaveBeenCalledTimes(7);
    });
  });

  it('emits a burst once, across a restart, and its SQL reproduces what was observed', async () => {
    await withParts(2, async (parts) => {
      const found: Finding[] = [];
      const onFinding = (findings: readonly Finding[]): Promise<void> => {
        found.push(...findings);
        return Promise.resolve();
      };
      const quiet = Array.from({ length: 100 }, (_, n) => makeEvent({ timeMs: T0 + n * 10_000, token: 'victim' }));
      const burstAt = T0 + 1_000_000;
      const burst = Array.from({ length: 400 }, (_, n) => makeEvent({ timeMs: burstAt + n * 20, token: 'victim' }));
      await appendEvents(parts.log, quiet);
      const first = makeWorker(parts, { options, onFinding });
      await first.start();
      await until(() => first.caughtUp());
      await first.stop(10_000);
      const second = makeWorker(parts, { options, onFinding });
      await second.start();
      await appendEvents(parts.log, burst.slice(0, 200), 10);
      await until(() => second.caughtUp());
      await second.stop(10_000);
      const third = makeWorker(parts, { options, onFinding });
      await third.start();
      await appendEvents(parts.log, burst.slice(200), 10);
      await until(() => third.caughtUp());
      await third.stop(10_000);
      expectOneGrowing(found, ['rate', 'requests']);
      expect(await numbers(parts, 'SELECT count() AS rows FROM findings_v1')).toEqual({ rows: found.length });
      for (const { sql, score } of found) {
        expect((await numbers(parts, sql))['observed']).toBeCloseTo(score.observed, 6);
      }
    });
  });

  it('warms a token up from the roll-up when its state is gone', async () => {
    await withParts(1, async (parts) => {
      const hour = 3_600_000;
      const history = Array.from({ length: 72 * 20 }, (_, n) =>
        makeEvent({ timeMs: T0 + Math.floor(n / 20) * hour + (n % 20) * 60_000, token: 'steady' }),
      );
      await appendEvents(parts.log, history);
      const first = makeWorker(parts, { options, detectors: noDetectors });
      await first.start();
      await until(() => first.caughtUp());
      await first.stop(10_000);
      await parts.store.writer.insertRows(
        'detector_state',
        [
          {
            stage: 'token',
            log_partition: 0,
            entity_uid: 'other',
            version: 1,
            applied_through: 0,
            applied_extra: [],
            state: 'broken',
          },
        ],
        'unreadable state',
      );
      const found: Finding[] = [];
      const second = makeWorker(parts, {
        options,
        onFinding: (findings) => {
          found.push(...findings);
          return Promise.resolve();
        },
      });
      const flood = Array.from({ length: 600 }, (_, n) =>
        makeEvent({ timeMs: T0 + 72 * hour + n * 5_000, token: 'steady' }),
      );
      await second.start();
      await appendEvents(parts.log, flood);
      await until(() => second.caughtUp());
      await second.stop(10_000);
      expectOneGrowing(found, ['baseline', 'requests']);
      expect(found[0]!.score.expected).toBeCloseTo(20, 0);
    });
  });

  it('goes on after a store that fails before, after and in the middle of a write', async () => {
    await withParts(1, async (parts) => {
      const reasons: string[] = [];
      const logger = { ...silentLogger, warn: (fields: object) => reasons.push(JSON.stringify(fields)) };
      // Counted for each block, table and partition by itself: with one count for all, some would meet failure upon failure by chance.
      const calls = new Map<string, number>();
      const callOf = (write: string): number => {
        const call = (calls.get(write) ?? 0) + 1;
        calls.set(write, call);
        return call;
      };
      const away = (): never => {
        throw new AppError('TQ_STORE_UNAVAILABLE', 'the store is away', { retryable: true });
      };
      const { writer } = parts.store;
      const flaky: EventWriter = {
        newBlock: () => writer.newBlock(),
        derive: (derivation, params) => writer.derive(derivation, params),
        insertEvents: away,
        insertBlock: async (block, token) => {
          const call = callOf(token);
          if (call === 1) away();
          await writer.insertBlock(block, token);
          // Stored, but nobody hears of it.
          if (call === 2) away();
        },
        insertRows: async (table, rows, token) => {
          await writer.insertRows(table, rows, token);
          // A checkpoint that is tried again has another version in its token, after stage and partition.
          if (callOf(token.split(':').slice(0, 3).join(':')) % 3 === 1) away();
        },
      };
      const store = { ...partsStore(parts), writer: flaky };
      const worker = makeWorker({ ...parts, store }, { options: { ...options, blockRowsMax: 400 }, logger });
      const events = Array.from({ length: 2000 }, (_, n) => makeEvent({ timeMs: T0 + n * 10, token: `t${n % 5}` }));
      await appendEvents(parts.log, events);
      await worker.start();
      await until(() => worker.caughtUp());
      await worker.stop(10_000);
      expect(reasons.some((reason) => reason.includes('the store is away'))).toBe(true);
      expect(await numbers(parts, totals)).toEqual({ rows: 2000, uids: 2000 });
      expect(await numbers(parts, 'SELECT sum(requests) AS requests FROM token_usage_hourly')).toEqual({
        requests: 2000,
      });
    });
  });

  it('goes on reading while a block is being written, and stores what came meanwhile as one', async () => {
    await withParts(1, async (parts) => {
      const { writer } = parts.store;
      const rows: number[] = [];
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      const slow: EventWriter = {
        newBlock: () => writer.newBlock(),
        derive: (derivation, params) => writer.derive(derivation, params),
        insertEvents: (events, token) => writer.insertEvents(events, token),
        insertRows: (table, some, token) => writer.insertRows(table, some, token),
        insertBlock: async (block, token) => {
          rows.push(block.rows);
          if (rows.length === 1) await released;
          await writer.insertBlock(block, token);
        },
      };
      const worker = makeWorker({ ...parts, store: { ...partsStore(parts), writer: slow } }, { options });
      await worker.start();
      const append = (from: number): Promise<void> =>
        appendEvents(
          parts.log,
          Array.from({ length: 10 }, (_, n) =>
            makeEvent({ timeMs: T0 + (from + n) * 10_000, token: 't', id: `g${from + n}` }),
          ),
        );
      await append(0);
      await until(() => Promise.resolve(rows.length === 1));
      for (let from = 10; from < 60; from += 10) {
        await append(from);
        const taken = from + 10 - (rows[0] ?? 0);
        // Well beyond the age of a block, which must not keep the partition from reading.
        await until(() => Promise.resolve((worker.status()[0]?.pending ?? 0) >= taken));
      }
      expect(rows).toHaveLength(1);
      release();
      await until(() => worker.caughtUp());
      await worker.stop(10_000);
      expect(rows).toEqual([rows[0], 60 - (rows[0] ?? 0)]);
      expect(await numbers(parts, totals)).toEqual({ rows: 60, uids: 60 });
    });
  });

  it('forms the block of an interrupted worker again and inserts it once', async () => {
    await withParts(1, async (parts) => {
      const events = Array.from({ length: 1000 }, (_, n) => makeEvent({ timeMs: T0 + n * 10, token: `t${n % 5}` }));
      await appendEvents(parts.log, events, 10);
      const { writer } = parts.store;
      let stored: () => void = () => undefined;
      const storedOnce = new Promise<void>((resolve) => (stored = resolve));
      const deaf: EventWriter = {
        insertRows: (table, rows, token) => writer.insertRows(table, rows, token),
        newBlock: () => writer.newBlock(),
        derive: (derivation, params) => writer.derive(derivation, params),
        insertEvents: (events, token) => writer.insertEvents(events, token),
        insertBlock: async (block, token) => {
          await writer.insertBlock(block, token);
          stored();
          throw new AppError('TQ_STORE_UNAVAILABLE', 'no answer', { retryable: true });
        },
      };
      const store = { ...partsStore(parts), writer: deaf };
      const first = makeWorker({ ...parts, store }, { options: { ...options, blockRowsMax: 300 } });
      await first.start();
      await storedOnce;
      await first.stop(300);
      const between = await numbers(parts, totals);
      expect(between['rows']).toBe(300);
      // Would cut the log elsewhere if it were not for the intent.
      const second = makeWorker(parts, { options: { ...options, blockRowsMax: 170 } });
      await second.start();
      await until(() => second.caughtUp());
      await second.stop(10_000);
      expect(await numbers(parts, totals)).toEqual({ rows: 1000, uids: 1000 });
      expect(await numbers(parts, 'SELECT sum(requests) AS requests FROM token_usage_hourly')).toEqual({
        requests: 1000,
      });
    });
  });
});

/** The store's parts without its class, so that one of them can be replaced. */
function partsStore(parts: RealParts): Store {
  const { writer, querier, migrator, analyst } = parts.store;
  return {
    name: 'store',
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    writer,
    querier,
    migrator,
    analyst,
  };
}
