import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { systemClock } from '../../ingest/core/clock.js';
import { deterministicUuid } from '../../ingest/event/event-uid.js';
import { formatTime } from '../../ingest/event/time.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { HopEvaluator } from '../../ingest/store/hops/hop-evaluator.js';
import { stages } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import { createDetectors } from '../../detectors/registry.js';
import { PartitionRuntime } from '../../detectors/worker/partition-runtime.js';
import { seededRandom } from '../support/random.js';
import { numbers, openParts, withDirectory, type RealParts } from '../support/real-worker.js';
import { killedRunEvent as generate } from './killed-run-events.mjs';

const EVENTS = 200_000;
const KILLS = 20;
const child = fileURLToPath(new URL('worker-child.mjs', import.meta.url));
const event = (n: number): TokenEvent => generate(n, { deterministicUuid, formatTime }) as TokenEvent;

interface Life {
  readonly acked: number;
  readonly done: boolean;
}

/** One life of the child; killed `killAfterMs` after it is ready, or never. */
async function live(directory: string, from: number, killAfterMs: number | null): Promise<Life> {
  const running = spawn(process.execPath, [child, directory, String(from), String(EVENTS)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let acked = from;
  let done = false;
  let errors = '';
  running.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    running.on('close', (_code, signal) => resolve(signal)),
  );
  let timer: NodeJS.Timeout | undefined;
  for await (const line of createInterface({ input: running.stdout })) {
    if (line === 'ready' && killAfterMs !== null) timer = setTimeout(() => running.kill('SIGKILL'), killAfterMs);
    if (line.startsWith('acked ')) acked = Number(line.slice(6));
    if (line === 'done') done = true;
  }
  const signal = await ended;
  clearTimeout(timer);
  if (!done && signal !== 'SIGKILL') throw new Error(`the child ended by itself: ${errors}`);
  return { acked, done };
}

/** What the detectors find in the same events when nothing is ever killed. */
function expectedFindings(): Finding[] {
  return stages.flatMap((stage) => {
    const runtime = new PartitionRuntime({
      stage,
      detectors: createDetectors(),
      allowedLatenessMs: 1000,
      entitiesMax: 100_000,
    });
    for (let n = 0; n < EVENTS; n += 1) runtime.offer(event(n), { offset: BigInt(n), ordinal: 0 });
    return runtime.takeFindings();
  });
}

async function storedFindings(parts: RealParts): Promise<string[]> {
  const sql = 'SELECT toString(finding_uid) AS uid FROM findings ORDER BY uid';
  const query = { name: 'test', sql, params: z.object({}), row: z.object({ uid: z.string() }) };
  return (await parts.store.querier.run(query, {})).map((row) => row.uid);
}

describe('a worker that is killed again and again', () => {
  it('stores each of 200,000 events once, keeps roll-ups equal to a recount, and finds what an unkilled one finds', async () => {
    await withDirectory(async (directory) => {
      const random = seededRandom(20_260_105);
      let acked = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        // A collector that was killed sends its last batches again, here up to two of them.
        const from = Math.max(0, acked - 1000);
        const life = await live(directory, from, Math.round(50 + random() * 1200));
        acked = Math.max(acked, life.acked);
        expect(life.done).toBe(false);
      }
      const last = await live(directory, Math.max(0, acked - 1000), null);
      expect(last.done).toBe(true);

      const parts = await openParts(directory, 3);
      const raw = await numbers(parts, 'SELECT count() AS rows, uniqExact(event_uid) AS uids FROM token_events');
      expect(raw).toEqual({ rows: EVENTS, uids: EVENTS });
      const evaluator = new HopEvaluator(parts.store, systemClock);
      while ((await evaluator.pass()).more);
      const recount = await numbers(
        parts,
        `SELECT
            (SELECT sum(cityHash64(token_uid, hour, requests, failures)) FROM token_usage_v1) AS kept,
            (SELECT sum(h) FROM (
              SELECT cityHash64(token_uid, toDateTime(toStartOfHour(time), 'UTC'), count(), countIf(outcome = 'failure')) AS h
              FROM token_events GROUP BY token_uid, toStartOfHour(time))) AS counted`,
      );
      expect(recount['kept']).toBe(recount['counted']);
      const principals = await numbers(
        parts,
        `SELECT
            (SELECT sum(cityHash64(principal_uid, hour, requests, failures)) FROM principal_usage_v1) AS kept,
            (SELECT sum(h) FROM (
              SELECT cityHash64(principal_uid, toDateTime(toStartOfHour(time), 'UTC'), count(), countIf(outcome = 'failure')) AS h
              FROM token_events GROUP BY principal_uid, toStartOfHour(time))) AS counted`,
      );
      expect(principals['kept']).toBe(principals['counted']);
      const sums = await numbers(
        parts,
        `SELECT (SELECT sum(requests) FROM edges_v1) AS edges, (SELECT sum(events) FROM tokens_v1) AS tokens,
            (SELECT sum(events) FROM first_seen_v1 WHERE dimension = 'client_address') AS addresses`,
      );
      expect(sums).toEqual({ edges: EVENTS, tokens: EVENTS, addresses: EVENTS });
      const expected = expectedFindings();
      expect(new Set(expected.map((finding) => finding.entity_kind))).toEqual(new Set(stages));
      expect(await storedFindings(parts)).toEqual(expected.map((finding) => finding.finding_uid).sort());
      await parts.stop();
    });
    // Twenty starts of an engine, which a busy machine takes long for.
  }, 900_000);
});
