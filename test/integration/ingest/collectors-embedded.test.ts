import { appendFile, copyFile, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fileTailConfigSchema } from '../../../ingest/collectors/file-tail/config.js';
import { createFileTailCollector } from '../../../ingest/collectors/file-tail/file-tail-collector.js';
import { sha256Hex } from '../../../ingest/core/sha256.js';
import { httpReceiverConfigSchema } from '../../../ingest/collectors/http/http-receiver.js';
import { httpPushConfigSchema } from '../../../ingest/collectors/http-push/config.js';
import { createHttpPushCollector } from '../../../ingest/collectors/http-push/http-push-collector.js';
import { silentLogger } from '../../../ingest/core/logger.js';
import { decodeEvents } from '../../../ingest/event/event-codec.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { listDeadLetters } from '../../../ingest/log/dlq.js';
import { createEmbeddedEventLog } from '../../../ingest/log/embedded/embedded-event-log.js';
import { topics, type EventLog, type EventLogWriter } from '../../../ingest/log/event-log.js';
import { openCheckpointStore } from '../../../ingest/pipeline/checkpoint-store.js';
import { createEventSink } from '../../../ingest/pipeline/event-sink.js';
import { replayFiles } from '../../../ingest/pipeline/replay.js';
import { nginxFactory } from '../../../ingest/sources/nginx/source.js';
import { seededRandom } from '../../support/random.js';
import { base, wallClock, withFolder } from '../../unit/ingest/pipeline/support.js';

const binding = { source: nginxFactory.create({}), instance: 'edge-1' };

function accessLine(number: number): string {
  const time = new Date(Date.UTC(2025, 0, 1) + number * 1_000);
  const clockText = time.toISOString().slice(11, 19);
  return `10.0.${number >> 8}.${number & 255} - - [01/Jan/2025:${clockText} +0000] "GET /n/${number} HTTP/1.1" 200 ${number} "-" "curl/8.0"\n`;
}

interface Node {
  readonly log: EventLog;
  readonly writer: EventLogWriter;
  stop(): Promise<void>;
}

async function openLog(folder: string): Promise<Node> {
  const log = createEmbeddedEventLog(
    { directory: join(folder, 'log') },
    { clock: wallClock, logger: silentLogger, random: () => 0 },
  );
  await log.start();
  const spec = { partitions: 3, replicationFactor: 1, retentionMs: -1 };
  await log.ensureTopics([
    { topic: topics.tokenEvents, ...spec },
    { topic: topics.deadLetters, ...spec },
  ]);
  const writer = log.writer();
  await writer.start();
  return {
    log,
    writer,
    stop: async () => {
      await writer.stop(1_000);
      await log.stop(1_000);
    },
  };
}

async function stored(log: EventLog): Promise<TokenEvent[]> {
  const events: TokenEvent[] = [];
  for (const { partition, low, high } of await log.offsets(topics.tokenEvents)) {
    for (const record of await log.browse(topics.tokenEvents, partition, low, Number(high - low))) {
      events.push(...decodeEvents(record.value).events);
    }
  }
  return events;
}

/** The events of the log when they are of that many paths, or what there is after the deadline. */
async function storedPaths(log: EventLog, paths: number): Promise<TokenEvent[]> {
  let events: TokenEvent[] = [];
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    events = await stored(log);
    if (pathsOf(events).length >= paths) break;
    // The embedded log answers without leaving the turn; the collector needs one.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return events;
}

const pathsOf = (events: readonly TokenEvent[]) => [...new Set(events.map((event) => event.target?.path ?? ''))].sort();
const wanted = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `/n/${from + i}`).sort();

async function startTail(folder: string, writer: EventLogWriter) {
  const checkpoints = await openCheckpointStore(join(folder, 'checkpoints', 'files.json'), {
    clock: wallClock,
    logger: silentLogger,
  });
  const config = fileTailConfigSchema.parse({
    paths: [join(folder, 'access.log*')],
    poll_ms: 20,
    rotated_idle_ms: 300,
  });
  const sink = createEventSink({ writer, clock: wallClock, logger: silentLogger });
  const tail = createFileTailCollector(config, { ...base, clock: wallClock, sink, checkpoints, binding });
  await tail.start();
  return async () => {
    await tail.stop(5_000);
    await checkpoints.close();
  };
}

describe('collectors on the embedded log', () => {
  it('lose and double nothing over random growth, rotation, copytruncate, gzip and restarts', () =>
    withFolder(async (folder) => {
      const random = seededRandom(7);
      const node = await openLog(folder);
      const path = join(folder, 'access.log');
      let stop = await startTail(folder, node.writer);
      let number = 0;
      let rotations = 0;
      for (let round = 0; round < 30; round += 1) {
        const lines = Array.from({ length: 1 + Math.floor(random() * 40) }, () => accessLine(number++)).join('');
        const cut = Math.floor(random() * lines.length);
        await appendFile(path, lines.slice(0, cut));
        const dice = random();
        if (dice < 0.25) {
          await stop();
          await appendFile(path, lines.slice(cut));
          stop = await startTail(folder, node.writer);
        } else {
          await appendFile(path, lines.slice(cut));
        }
        if (dice > 0.5) {
          rotations += 1;
          const moved = join(folder, `access.log.${rotations}`);
          if (dice > 0.75) {
            await copyFile(path, moved);
            await truncate(path, 0);
          } else {
            await rename(path, moved);
          }
          if (dice > 0.85) {
            await writeFile(`${moved}.gz`, gzipSync(await readFile(moved)));
            await rm(moved);
          }
        }
      }
      const events = await storedPaths(node.log, number);
      await stop();
      expect(rotations).toBeGreaterThan(3);
      expect(pathsOf(events)).toEqual(wanted(0, number));
      // What was read twice has one uid; what differs has two.
      expect(new Set(events.map((event) => event.event_uid)).size).toBe(number);
      await node.stop();
    }));

  it('replay of what was tailed adds no uid, and repeated replay adds no record', () =>
    withFolder(async (folder) => {
      const node = await openLog(folder);
      const path = join(folder, 'access.log');
      await writeFile(path, Array.from({ length: 500 }, (_, i) => accessLine(i)).join(''));
      const stop = await startTail(folder, node.writer);
      await storedPaths(node.log, 500);
      await stop();
      const sink = createEventSink({ writer: node.writer, clock: wallClock, logger: silentLogger });
      await writeFile(join(folder, 'old.gz'), gzipSync(await readFile(path)));
      const inputs = [{ ...binding, path: join(folder, 'old.gz') }];
      for (const expected of [500, 0]) {
        const checkpoints = await openCheckpointStore(join(folder, 'replay.json'), {
          clock: wallClock,
          logger: silentLogger,
        });
        const summary = await replayFiles(inputs, { ...base, sink, checkpoints });
        await checkpoints.close();
        expect(summary.counts.events).toBe(expected);
      }
      const events = await stored(node.log);
      expect(events).toHaveLength(1_000);
      expect(new Set(events.map((event) => event.event_uid)).size).toBe(500);
      await node.stop();
    }));

  it('push: poison in the middle is a redacted dead letter on disk; a closed log is a 503', () =>
    withFolder(async (folder) => {
      const node = await openLog(folder);
      const sink = createEventSink({ writer: node.writer, clock: wallClock, logger: silentLogger });
      const collector = createHttpPushCollector(
        { receiver: httpReceiverConfigSchema.parse({ port: 0 }), push: httpPushConfigSchema.parse({}) },
        [{ ...binding, name: 'edge', apiKeySha256: sha256Hex('k') }],
        { ...base, sink },
      );
      await collector.start();
      const send = (body: string) =>
        fetch(`${collector.address}/v1/events`, { method: 'POST', body, headers: { authorization: 'Bearer k' } });
      const secret = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz';
      const response = await send(`${accessLine(1)}this is no access line ${secret}\n${accessLine(2)}`);
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({ events: 2, rejected: 1 });
      expect(pathsOf(await stored(node.log))).toEqual(['/n/1', '/n/2']);
      const letters = await listDeadLetters(node.log);
      expect(letters).toMatchObject([{ reason: 'unparsable', step: 'parse', product: 'nginx', instance: 'edge-1' }]);
      await node.stop();
      const away = await send(accessLine(3));
      expect(away.status).toBe(503);
      expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0);
      await collector.stop(1_000);
      for (const name of await readdir(join(folder, 'log'))) {
        const bytes = await readFile(join(folder, 'log', name)).catch(() => Buffer.alloc(0));
        expect(bytes.includes(secret)).toBe(false);
      }
      const again = await openLog(folder);
      expect(pathsOf(await stored(again.log))).toEqual(['/n/1', '/n/2']);
      await again.stop();
    }));

  it('a tail outlives a log that goes away: the restarted process delivers the rest', () =>
    withFolder(async (folder) => {
      const first = await openLog(folder);
      const path = join(folder, 'access.log');
      await writeFile(path, accessLine(0));
      const stopFirst = await startTail(folder, first.writer);
      await storedPaths(first.log, 1);
      await first.stop();
      await appendFile(path, accessLine(1));
      await stopFirst();
      const second = await openLog(folder);
      const stopSecond = await startTail(folder, second.writer);
      expect(pathsOf(await storedPaths(second.log, 2))).toEqual(wanted(0, 2));
      await stopSecond();
      await second.stop();
    }));
});
