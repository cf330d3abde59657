// Jest's globalSetup: what the tests lay into the system's temporary folder lies in memory, where there is such a folder with room.
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** Linux has it; in a container it is often too small, and then the disk serves. */
const memory = '/dev/shm';
const BYTES_MIN = 4 * 2 ** 30;
const PREFIX = 'tq-tests-';

/**
 * Engines, logs and brokers of the tests start by the dozen, and each waits for the disk hundreds of times before it has
 * its tables. The tests end programs, never the machine, and what a killed program has written is the same on both.
 */
export default function useMemoryFolder() {
  if (!existsSync(memory) || process.env.TMPDIR !== undefined) return;
  const running = readdirSync(memory).filter((name) => name.startsWith(PREFIX));
  // Left by runs that were killed.
  for (const name of running.filter((each) => !lives(Number(each.slice(PREFIX.length))))) remove(join(memory, name));
  const { bavail, bsize } = statfsSync(memory);
  if (bavail * bsize < BYTES_MIN) return;
  const folder = join(memory, `${PREFIX}${process.pid}`);
  mkdirSync(folder);
  process.env.TMPDIR = folder;
  process.on('exit', () => remove(folder));
}

const remove = (folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });

function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
