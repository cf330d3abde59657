import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import { topics } from '../../../ingest/log/event-log.js';
import { encodeEvents } from '../../../ingest/event/event-codec.js';
import { partitionFor } from '../../../ingest/log/partitioner.js';
import { makeEvent, tokenUid } from '../../support/token-events.js';
import { appendEvents, makeWorker, until, withParts } from '../../support/real-worker.js';

const T0 = Date.UTC(2026, 0, 5, 9);
const RECORDS = 120;
const PER_RECORD = 500;
const detectors = detectorsOptionsSchema.parse({
  rate: { limits: [{ name: 'low', window_seconds: 60, requests_max: 3 }] },
});

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

it('does not let a token with nearly all the traffic hold up what is found of others', async () => {
  await withParts(2, async (parts) => {
    const hot = partitionFor(tokenUid('hot'), 2);
    const isBeside = (name: string): boolean => partitionFor(tokenUid(name), 2) === hot;
    const quiet = names.find((name) => !isBeside(name))!;
    const last = names.find(isBeside)!;
    // Four requests where three are allowed, and half a minute later one that lets them be scored.
    const loud = (token: string, fromMs: number) =>
      [0, 1, 2, 3, 30_000].map((ms) => makeEvent({ timeMs: fromMs + ms, token }));
    const hotEvents = (record: number) =>
      Array.from({ length: PER_RECORD }, (_, n) => makeEvent({ timeMs: T0 + record * PER_RECORD + n, token: 'hot' }));
    const backlog = Array.from({ length: RECORDS }, (_, record) => ({
      partition: hot, key: null, value: encodeEvents(hotEvents(record)), headers: {}, timestampMs: 0,
    })); // prettier-ignore
    await parts.log.writer().append(topics.tokenEvents, backlog);
    await appendEvents(parts.log, [...loud(last, T0 + RECORDS * PER_RECORD), ...loud(quiet, T0)]);

    const found: string[] = [];
    const worker = makeWorker(parts, {
      detectors,
      onFinding: (findings) => {
        found.push(...findings.map(({ token_uid: token }) => token));
        return Promise.resolve();
      },
    });
    await worker.start();
    await until(() => worker.caughtUp(), 60_000);
    await worker.stop(10_000);
    expect(found).toContain(tokenUid('hot'));
    expect(found.indexOf(tokenUid(quiet))).toBeGreaterThanOrEqual(0);
    expect(found.indexOf(tokenUid(last))).toBeGreaterThan(found.indexOf(tokenUid(quiet)));
  });
}, 90_000);
