import { topics } from '../../../ingest/log/event-log.js';
import { encodeEvents } from '../../../ingest/event/event-codec.js';
import type { Finding } from '../../../detectors/core/finding.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import { makeEvent } from '../../support/token-events.js';
import { appendEvents, makeWorker, numbers, openParts, until, withDirectory } from '../../support/real-worker.js';

const T0 = Date.UTC(2026, 0, 5, 9);
const options = { blockAgeMs: 50, idleFlushMs: 50, checkpointIntervalMs: 200 };
const noDetectors = detectorsOptionsSchema.parse({ disabled: ['rate', 'baseline'] });
const totals = 'SELECT count() AS rows, uniqExact(event_uid) AS uids FROM token_events';

describe('worker on the embedded log and the ClickHouse engine', () => {
  it('stores every event once and counts duplicates, bad lines and neighbours right', async () => {
    await withDirectory(async (directory) => {
      const parts = await openParts(directory, 3);
      const events = Array.from({ length: 3000 }, (_, n) =>
        makeEvent({ timeMs: T0 + n * 10, token: `t${n % 40}`, id: `a${n}` }),
      );
      await appendEvents(parts.log, events);
      await appendEvents(parts.log, events.slice(500, 1500), 7);
      const good = makeEvent({ timeMs: T0 + 40_000, token: 'poisoned', id: 'good' });
      const bad = Buffer.concat([Buffer.from('{"broken\n{"schema_version":1}\n'), encodeEvents([good])]);
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
      await parts.stop();
    });
  });

  it('emits a burst once, across a restart, and its SQL reproduces what was observed', async () => {
    await withDirectory(async (directory) => {
      const parts = await openParts(directory, 2);
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
      expect(found.map((finding) => [finding.detector, finding.score.measure])).toEqual([['rate', 'requests']]);
      expect(await numbers(parts, 'SELECT count() AS rows FROM findings_v1')).toEqual({ rows: 1 });
      const again = await numbers(parts, found[0]!.sql);
      expect(again['observed']).toBeCloseTo(found[0]!.score.observed, 6);
      await parts.stop();
    });
  });

  it('warms a token up from the roll-up when its state is gone', async () => {
    await withDirectory(async (directory) => {
      const parts = await openParts(directory, 1);
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
      expect(found.map((finding) => [finding.detector, finding.score.measure])).toEqual([['baseline', 'requests']]);
      expect(found[0]!.score.expected).toBeCloseTo(20, 0);
      await parts.stop();
    });
  });
});
