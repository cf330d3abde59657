import type { Finding } from '../../../detectors/core/finding.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { makeEvent } from '../../support/token-events.js';
import { appendEvents, makeWorker, numbers, until, withParts } from '../../support/real-worker.js';

const T0 = Date.UTC(2026, 0, 5, 9);
const ROUNDS = 10;
const options = { blockAgeMs: 10, blockQuietMs: 10, idleFlushMs: 10, checkpointIntervalMs: 60_000 };
const detectors = detectorsOptionsSchema.parse({
  rate: { limits: [{ name: 'low', window_seconds: 60, requests_max: 3 }] },
});
const burst = (token: string, timeMs: number): readonly TokenEvent[] =>
  Array.from({ length: 4 }, (_, n) => makeEvent({ timeMs: timeMs + n, token }));

it('loses no finding that is made while the one before it is on its way', async () => {
  await withParts(1, async (parts) => {
    const found: Finding[] = [];
    let gate = Promise.resolve();
    const onFinding = async (findings: readonly Finding[]): Promise<void> => {
      found.push(...findings);
      await gate;
    };
    const worker = makeWorker(parts, { options, onFinding, detectors });
    const waits = (): number => worker.status().find(({ stage }) => stage === 'token')?.pending ?? 0;
    await worker.start();
    let overlaps = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      let letGo = (): void => undefined;
      gate = new Promise<void>((resolve) => (letGo = resolve));
      const before = found.length;
      const atMs = T0 + round * 3_600_000;
      // The second burst waits for late events, and is scored in the silence after it: mostly while the first one's finding is
      // on its way, unless the worker's periodic work comes just between.
      await appendEvents(parts.log, [...burst(`first ${round}`, atMs), ...burst(`second ${round}`, atMs + 10_000)]);
      await until(() => Promise.resolve(found.length > before));
      const inTime = until(() => Promise.resolve(waits() === 2), 1000);
      overlaps += await inTime.then(() => 1).catch(() => 0);
      letGo();
      await until(() => worker.caughtUp());
      if (overlaps === 2) break;
    }
    await worker.stop(10_000);
    expect(overlaps).toBeGreaterThan(0);
    const bursts = await numbers(parts, 'SELECT uniqExact(token_uid) AS tokens FROM token_events');
    expect(new Set(found.map(({ token_uid: token }) => token)).size).toBe(bursts['tokens']);
    expect(await numbers(parts, 'SELECT uniqExact(token_uid) AS tokens FROM findings')).toEqual(bursts);
  });
});
