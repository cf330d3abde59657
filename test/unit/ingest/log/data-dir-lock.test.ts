import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../ingest/core/clock.js';
import { acquireDataDirLock, directoryError } from '../../../../ingest/log/data-dir-lock.js';

describe('data directory lock', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tq-lock-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });
  const holder = (fields: object): Promise<void> =>
    writeFile(
      join(directory, 'LOCK'),
      JSON.stringify({ pid: 1, host: hostname(), started: '', nonce: 'n', ...fields }),
    );

  it('lets one in, names the holder to the second, and lets the next in after the release', async () => {
    const first = await acquireDataDirLock(directory, systemClock);
    await expect(acquireDataDirLock(directory, systemClock)).rejects.toMatchObject({
      code: 'TQ_DATA_DIR_LOCKED',
      message: `The data directory ${directory} is in use by process ${process.pid}.`,
    });
    await first.release();
    await first.release();
    const second = await acquireDataDirLock(directory, systemClock);
    await second.release();
  });

  it('is refused while another process lives, and taken over when that process is dead', async () => {
    const other = spawn('sleep', ['60']);
    await once(other, 'spawn');
    await holder({ pid: other.pid });
    await expect(acquireDataDirLock(directory, systemClock)).rejects.toMatchObject({ code: 'TQ_DATA_DIR_LOCKED' });
    other.kill('SIGKILL');
    await once(other, 'exit');
    const lock = await acquireDataDirLock(directory, systemClock);
    expect(JSON.parse(await readFile(join(directory, 'LOCK'), 'utf8'))).toMatchObject({ pid: process.pid });
    await lock.release();
  });

  it('does not take a process that reuses the number for the holder', async () => {
    await holder({ pid: process.pid, started: '12345' });
    const lock = await acquireDataDirLock(directory, systemClock);
    await lock.release();
  });

  it('waits for the last sign of a holder on another host to grow old', async () => {
    await holder({ host: 'elsewhere' });
    await expect(acquireDataDirLock(directory, systemClock)).rejects.toMatchObject({
      message: expect.stringContaining('on host elsewhere') as string,
      retryable: true,
    });
    const old = Date.now() / 1000 - 60;
    await utimes(join(directory, 'LOCK'), old, old);
    const lock = await acquireDataDirLock(directory, systemClock);
    await lock.release();
  });

  it('lets exactly one of many have a directory that a dead process left', async () => {
    await holder({ pid: 2 ** 22 + 1 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => acquireDataDirLock(directory, systemClock)),
    );
    const held = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(held).toHaveLength(1);
    for (const outcome of held) await outcome.value.release();
  });

  it('says that a directory cannot be used', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(acquireDataDirLock(join(directory, 'file', 'data'), systemClock)).rejects.toMatchObject({
      code: 'TQ_DATA_DIR_UNUSABLE',
      mend: expect.stringContaining('writable') as string,
    });
  });

  it.each([
    ['ENOSPC', 'TQ_DISK_FULL', true],
    ['EDQUOT', 'TQ_DISK_FULL', true],
    ['EROFS', 'TQ_DATA_DIR_UNUSABLE', false],
    ['EACCES', 'TQ_DATA_DIR_UNUSABLE', false],
  ])('tells %s as %s', (code, expected, retryable) => {
    const error = directoryError('/d', Object.assign(new Error('failed'), { code }));
    expect(error).toMatchObject({ code: expected, retryable });
  });
});
