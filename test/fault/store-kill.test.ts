import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ClickHouseStore } from '../../ingest/store/clickhouse-store.js';
import { seededRandom } from '../support/random.js';

const KILLS = 10;
const BLOCKS = 60;
const SIZE = 300;
const child = fileURLToPath(new URL('store-child.mjs', import.meta.url));

/** Runs the child from block `first`, kills it some time after it is ready; returns the next block to store. */
async function run(directory: string, first: number, killAfterMs: number | null): Promise<number> {
  const running = spawn(process.execPath, [child, directory, ...[first, BLOCKS, SIZE].map(String)]);
  let output = '';
  let errors = '';
  running.stderr.on('data', (chunk) => (errors += String(chunk)));
  const ready = new Promise<void>((resolve) => {
    running.stdout.on('data', (chunk) => {
      output += String(chunk);
      if (output.includes('ready')) resolve();
    });
  });
  const closed = once(running, 'close');
  await Promise.race([ready, closed]);
  if (killAfterMs !== null) {
    await Promise.race([delay(killAfterMs), closed]);
    running.kill('SIGKILL');
  }
  const [code, signal] = (await closed) as [number | null, string | null];
  if (signal !== 'SIGKILL') expect({ code, errors }).toEqual({ code: 0, errors: '' });
  const stored = [...output.matchAll(/^stored (\d+)$/gm)].map((match) => Number(match[1]));
  return stored.length === 0 ? first : Math.max(...stored) + 1;
}

describe('the store under SIGKILL', () => {
  it('has every event once, in raw rows and roll-ups, when the unacknowledged block is sent again', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tourniquet store kill '));
    const random = seededRandom(11);
    const store = new ClickHouseStore({ kind: 'embedded', directory });
    try {
      let next = 0;
      let midway = 0;
      for (let kill = 0; kill < KILLS && next < BLOCKS; kill++) {
        next = await run(directory, next, Math.floor(random() * 700));
        if (next < BLOCKS) midway++;
      }
      expect(midway).toBeGreaterThan(3);
      expect(await run(directory, next, null)).toBe(BLOCKS);

      await store.start();
      const row = z.record(z.string(), z.number());
      const count = async (sql: string): Promise<Record<string, number> | undefined> =>
        (await store.querier.run({ name: 'count', sql, params: z.object({}), row }, {}))[0];
      const total = BLOCKS * SIZE;
      const failures = total / 5;
      expect(await count('SELECT count() AS n, uniqExact(event_uid) AS u FROM token_events')).toEqual({
        n: total,
        u: total,
      });
      expect(await count('SELECT sum(requests) AS n, sum(failures) AS f FROM token_usage_hourly')).toEqual({
        n: total,
        f: failures,
      });
      expect(await count('SELECT sum(lines) AS n FROM hop_buckets')).toEqual({ n: total });
      expect(await count('SELECT sum(events) AS n, count() AS t FROM tokens_v1')).toEqual({ n: total, t: 7 });
      expect(await count("SELECT sum(events) AS n FROM first_seen_v1 WHERE dimension = 'client_address'")).toEqual({
        n: total,
      });
    } finally {
      await store.stop();
      await rm(directory, { recursive: true, force: true });
    }
  }, 240_000);
});
