import type { Finding } from '../../../detectors/core/finding.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { appendEvents, makeWorker, numbers, until, withParts } from '../../support/real-worker.js';
import { makeEvent } from '../../support/token-events.js';

const T0 = Date.UTC(2026, 0, 5, 9);
const MINUTE_MS = 60_000;
const TOKENS = 900;
const REVOKED = 40;

const use = (n: number, minute: number): TokenEvent => {
  const [token, principal] = [`key ${n}`, `owner ${n}`];
  const timeMs = T0 + minute * MINUTE_MS + n * 50;
  return makeEvent({ timeMs, token, principal, id: `${token} ${minute}` });
};
const revocation = (n: number): TokenEvent => {
  const timeMs = T0 + 2 * MINUTE_MS + n;
  return makeEvent({ timeMs, token: `key ${n}`, principal: `owner ${n}`, id: `end ${n}`, kind: 'issuer', action: 'revoke', status: 0 }); // prettier-ignore
};
/** Some tokens are revoked, many others are used, and then those that were revoked are used again. */
const parts: readonly (readonly TokenEvent[])[] = [
  Array.from({ length: TOKENS }, (_, n) => use(n, 0)),
  Array.from({ length: REVOKED }, (_, n) => revocation(n)),
  Array.from({ length: TOKENS - REVOKED }, (_, n) => use(REVOKED + n, 5)),
  Array.from({ length: TOKENS }, (_, n) => use(n, 20)),
];

interface Run {
  readonly found: ReadonlyMap<string, Finding>;
  /** States in memory at the end. */
  readonly keys: number;
  readonly stored: number;
}

/** @param restarts after the third part. */
function run(keysMax: number, restarts: boolean): Promise<Run> {
  return withParts(2, async (real) => {
    const found = new Map<string, Finding>();
    const start = async () => {
      const worker = makeWorker(real, {
        options: { blockAgeMs: 50, idleFlushMs: 50, checkpointIntervalMs: 60_000, keysMax, liveKeysMax: keysMax / 4 },
        onFinding: (findings) => {
          for (const finding of findings) found.set(finding.finding_uid, finding);
          return Promise.resolve();
        },
      });
      await worker.start();
      return worker;
    };
    let worker = await start();
    for (const [n, events] of parts.entries()) {
      if (restarts && n === 3) {
        await worker.stop(10_000);
        worker = await start();
      }
      await appendEvents(real.log, events, 10);
      await until(() => worker.caughtUp());
    }
    const keys = worker.status().reduce((sum, partition) => sum + partition.keys, 0);
    await worker.stop(10_000);
    const { stored = 0 } = await numbers(real, 'SELECT uniqExact(stage, entity_uid) AS stored FROM detector_state');
    return { found, keys, stored };
  });
}

describe('a worker whose states do not all fit into memory', () => {
  it('finds the same as one with room for all, also after a restart', async () => {
    const roomy = await run(10_000, false);
    const ofLifecycle = [...roomy.found.values()].filter(({ detector }) => detector === 'lifecycle');
    expect(ofLifecycle).toHaveLength(REVOKED);
    expect(roomy.keys).toBeGreaterThanOrEqual(2 * TOKENS);

    for (const restarts of [false, true]) {
      const cramped = await run(300, restarts);
      expect([...cramped.found.keys()].sort()).toEqual([...roomy.found.keys()].sort());
      expect(cramped.found).toEqual(roomy.found);
      expect(cramped.keys).toBeLessThan(TOKENS);
      expect(cramped.stored).toBe(roomy.stored);
    }
  }, 120_000);
});
