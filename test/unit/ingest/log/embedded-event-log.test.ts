import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../../ingest/core/logger.js';
import { createEmbeddedEventLog, type EmbeddedLogOptions } from '../../../../ingest/log/embedded/embedded-event-log.js';
import type { EventLog } from '../../../../ingest/log/event-log.js';
import { eventually, record, Recorder } from '../../../contracts/event-log.contract.js';

describe('embedded event log', () => {
  let directory: string;
  let log: EventLog;
  let free: number;
  let now: number;

  const open = async (options: Partial<EmbeddedLogOptions> = {}): Promise<EventLog> => {
    log = createEmbeddedEventLog(
      { directory, ...options },
      { clock: { nowMs: () => now }, logger: silentLogger, random: () => 0, freeBytes: () => Promise.resolve(free) },
    );
    await log.start();
    return log;
  };
  const ensure = (retentionMs: number): Promise<void> =>
    log.ensureTopics([{ topic: 't', partitions: 1, replicationFactor: 1, retentionMs }]);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tq-embedded-'));
    free = 2 ** 40;
    now = Date.now();
  });
  afterEach(async () => {
    await log.stop(1_000);
    await rm(directory, { recursive: true, force: true });
  });

  it('refuses a second opener kindly, and the first goes on', async () => {
    const first = await open();
    await ensure(-1);
    await expect(open()).rejects.toMatchObject({ code: 'TQ_DATA_DIR_LOCKED' });
    log = first;
    await first.writer().append('t', [record(0, 'still here')]);
    expect(await first.offsets('t')).toEqual([{ partition: 0, low: 0n, high: 1n }]);
  });

  it.each([
    ['overwritten', Buffer.alloc(16_384, 'x')],
    ['cut off', Buffer.from('x')],
  ])('refuses a file that was %s, where lmdb would end the process', async (_how, bytes) => {
    await writeFile(join(directory, 'data.mdb'), bytes);
    await expect(open()).rejects.toMatchObject({
      code: 'TQ_DATA_DIR_UNUSABLE',
      message: expect.stringContaining('data.mdb') as string,
    });
  });

  it('begins with an empty file', async () => {
    await writeFile(join(directory, 'data.mdb'), '');
    await open();
    await ensure(-1);
    expect(await log.offsets('t')).toEqual([{ partition: 0, low: 0n, high: 0n }]);
  });

  it('refuses appends while the disk is full, gives no offset to them and goes on when there is space', async () => {
    await open();
    await ensure(-1);
    const writer = log.writer();
    await writer.append('t', [record(0, 'before')]);
    free = 1_000_000;
    await expect(writer.append('t', [record(0, 'lost')])).rejects.toMatchObject({
      code: 'TQ_DISK_FULL',
      retryable: true,
      mend: expect.stringContaining('Free at least') as string,
    });
    free = 2 ** 40;
    await writer.append('t', [record(0, 'after')]);
    expect((await log.browse('t', 0, 0n, 9)).map((r) => `${r.offset} ${r.value.toString()}`)).toEqual([
      '0 before',
      '1 after',
    ]);
  });

  it('does not open on a full disk, and opens later', async () => {
    free = 0;
    await expect(open()).rejects.toMatchObject({ code: 'TQ_DISK_FULL' });
    free = 2 ** 40;
    await open();
    await ensure(-1);
    expect(await log.offsets('t')).toEqual([{ partition: 0, low: 0n, high: 0n }]);
  });

  it('removes what is older than the retention, and keeps the offsets', async () => {
    await open({ retentionIntervalMs: 10 });
    await ensure(60_000);
    await log
      .writer()
      .append('t', [
        record(0, 'old', { timestampMs: now - 120_000 }),
        record(0, 'older', { timestampMs: now - 180_000 }),
        record(0, 'new', { timestampMs: now }),
      ]);
    await eventually('the old ones are gone', async () => (await log.offsets('t'))[0]!.low === 2n);
    expect((await log.browse('t', 0, 0n, 9)).map((r) => r.value.toString())).toEqual(['new']);
    now += 120_000;
    await eventually('all are gone', async () => (await log.offsets('t'))[0]!.low === 3n);
    await log.stop(1_000);
    await open();
    expect(await log.offsets('t')).toEqual([{ partition: 0, low: 3n, high: 3n }]);
    await log.writer().append('t', [record(0, 'next')]);
    expect((await log.browse('t', 0, 0n, 9)).map((r) => r.offset)).toEqual([3n]);
  });

  it('removes the oldest of a topic that holds too much, but nothing that a group has still to read', async () => {
    await open({ retentionIntervalMs: 10, topicBytesMax: 3_000 });
    await ensure(-1);
    const recorder = new Recorder();
    const reader = log.reader({ topic: 't', groupId: 'g', handler: recorder });
    await reader.start();
    const big = (text: string) => record(0, text, { value: Buffer.alloc(1_000, text) });
    await log.writer().append('t', ['a', 'b', 'c', 'd', 'e', 'f'].map(big));
    await eventually('all are read', () => recorder.seen.length === 6);
    await reader.commit('t', 0, 2n, '');
    await eventually('those before the commit are gone', async () => (await log.offsets('t'))[0]!.low === 2n);
    await reader.commit('t', 0, 6n, '');
    await eventually('the topic is small enough', async () => (await log.offsets('t'))[0]!.low === 4n);
    expect((await log.browse('t', 0, 0n, 9)).map((r) => r.value.toString()[0])).toEqual(['e', 'f']);
  });

  it('wakes its readers at once', async () => {
    await open();
    await ensure(-1);
    const recorder = new Recorder();
    await log.reader({ topic: 't', groupId: 'g', handler: recorder }).start();
    await eventually('it is assigned', () => recorder.owned.size === 1);
    const latencies: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      const writer = log.writer();
      await writer.append('t', [record(0, String(i))]);
      const acknowledged = performance.now();
      await eventually('it is read', () => recorder.seen.length === i + 1);
      latencies.push(performance.now() - acknowledged);
    }
    expect(latencies.sort((a, b) => a - b)[10]).toBeLessThan(50);
  });

  it('has every acknowledged record after the process is killed', async () => {
    const script = `
      const { createEmbeddedEventLog } = await import(process.argv[1]);
      const quiet = () => undefined;
      const log = createEmbeddedEventLog({ directory: process.argv[2] }, {
        clock: { nowMs: () => 1 }, random: () => 0, logger: { debug: quiet, info: quiet, warn: quiet, error: quiet } });
      await log.start();
      await log.ensureTopics([{ topic: 't', partitions: 1, replicationFactor: 1, retentionMs: -1 }]);
      const writer = log.writer();
      for (let i = 0; ; i += 1) {
        await writer.append('t', [{ partition: 0, key: null, value: Buffer.from(String(i)), headers: {}, timestampMs: 1 }]);
        process.stdout.write(i + '\\n');
      }`;
    const built = join(process.cwd(), 'dist/ingest/log/embedded/embedded-event-log.js');
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, built, directory]);
    let said = '';
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const gone = new Promise((resolve) => child.once('exit', resolve));
    await eventually(`200 appends; ${complaint}`, () => said.split('\n').length > 200 || complaint !== '');
    child.kill('SIGKILL');
    await gone;
    expect(complaint).toBe('');
    const acknowledged = said.split('\n').slice(0, -1).length;
    await open();
    const found = await log.browse('t', 0, 0n, 1_000_000);
    expect(found.length).toBeGreaterThanOrEqual(acknowledged);
    expect(found.map((r) => r.value.toString())).toEqual(Array.from({ length: found.length }, (_, i) => String(i)));
  });
});
