import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, stat, unlink, utimes } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../core/clock.js';
import { AppError } from '../core/errors.js';

const LOCK_NAME = 'LOCK';
const REFRESH_MS = 5_000;
/** A holder on another host (another container on the same volume) is taken for dead after this long without a sign. */
const FOREIGN_STALE_MS = 30_000;

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Start time of the process in clock ticks since boot (Linux), so that a reused pid is not taken for the holder. */
  readonly started: string;
  readonly nonce: string;
}

export interface DataDirLock {
  /** Idempotent. */
  release(): Promise<void>;
}

/**
 * Takes the directory for this process, making it if need be. One process at a time may hold it.
 *
 * @throws AppError TQ_DATA_DIR_LOCKED (names the holder), TQ_DATA_DIR_UNUSABLE (cannot be written), TQ_DISK_FULL.
 */
export async function acquireDataDirLock(directory: string, clock: Clock): Promise<DataDirLock> {
  const path = join(directory, LOCK_NAME);
  const own: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid), nonce: randomUUID() };
  try {
    await mkdir(directory, { recursive: true });
    await takeLockFile(path, own, directory, clock);
  } catch (error) {
    throw error instanceof AppError ? error : directoryError(directory, error);
  }
  const refresh = setInterval(() => {
    const now = clock.nowMs() / 1000;
    // A failure is harmless here: it only makes the holder look old to another host.
    utimes(path, now, now).catch(() => undefined);
  }, REFRESH_MS);
  refresh.unref();
  let released = false;
  return {
    release: async () => {
      if (released) return;
      released = true;
      clearInterval(refresh);
      const holder = await readHolder(path);
      if (holder?.nonce === own.nonce) await unlink(path).catch(() => undefined);
    },
  };
}

async function takeLockFile(path: string, own: Holder, directory: string, clock: Clock): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (await createLockFile(path, own)) return;
    const holder = await readHolder(path);
    if (holder === undefined) {
      // Unreadable or half-written by a process that died between making and filling it.
      if (!(await isOld(path, clock))) await new Promise((resolve) => setTimeout(resolve, 50));
      else await unlink(path).catch(() => undefined);
      continue;
    }
    if (await isAlive(holder, own, path, clock)) throw lockedError(directory, holder, own);
    await removeStale(path, holder, clock);
  }
  throw new AppError('TQ_DATA_DIR_LOCKED', `The data directory ${directory} is being taken by another process.`, {
    retryable: true,
    mend: 'Wait for the other process to stop, or give this one another directory.',
  });
}

async function createLockFile(path: string, own: Holder): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(own));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Two processes may find the same stale file. Only the holder of a second file may remove it, and looks at it again first,
 * so that nobody takes away the lock of a third that was quicker.
 */
async function removeStale(path: string, stale: Holder, clock: Clock): Promise<void> {
  const guard = `${path}.takeover`;
  try {
    await (await open(guard, 'wx', 0o600)).close();
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (await isOld(guard, clock)) await unlink(guard).catch(() => undefined);
    else await new Promise((resolve) => setTimeout(resolve, 50));
    return;
  }
  try {
    const holder = await readHolder(path);
    if (holder?.nonce === stale.nonce) await unlink(path);
  } finally {
    await unlink(guard).catch(() => undefined);
  }
}

async function isAlive(holder: Holder, own: Holder, path: string, clock: Clock): Promise<boolean> {
  if (holder.host !== own.host) return !(await isOld(path, clock));
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if (codeOf(error) !== 'EPERM') return false;
  }
  return holder.started === '' || startOf(holder.pid) === holder.started;
}

async function isOld(path: string, clock: Clock): Promise<boolean> {
  try {
    return clock.nowMs() - (await stat(path)).mtimeMs > FOREIGN_STALE_MS;
  } catch {
    return false;
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, host, started, nonce } = value as Record<string, unknown>;
  return (
    typeof pid === 'number' && typeof host === 'string' && typeof started === 'string' && typeof nonce === 'string'
  );
}

/** Field 22 of /proc/PID/stat; '' where there is no /proc. The command name in field 2 may hold spaces and brackets. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function lockedError(directory: string, holder: Holder, own: Holder): AppError {
  const who = `process ${holder.pid}${holder.host === own.host ? '' : ` on host ${holder.host}`}`;
  return new AppError('TQ_DATA_DIR_LOCKED', `The data directory ${directory} is in use by ${who}.`, {
    retryable: true,
    mend: 'Stop that process, or give this one another directory (--data, data_dir).',
  });
}

/** By shape: an error of the file system may come from another realm, where it is no instance of this Error. */
/** Read without `instanceof`: errors of native code may come from another realm. */
function textOf(error: unknown, name: 'code' | 'message'): string {
  if (typeof error !== 'object' || error === null) return name === 'message' ? String(error) : '';
  const text = (error as Record<string, unknown>)[name];
  return typeof text === 'string' ? text : '';
}

export const codeOf = (error: unknown): string => textOf(error, 'code');

/** The error of the file system or of lmdb, told as one of ours; the cause stays attached. */
export function directoryError(directory: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const text = textOf(error, 'message');
  if (code === 'ENOSPC' || code === 'EDQUOT' || /no space left|disk quota|MDB_MAP_FULL/i.test(text)) {
    return new AppError('TQ_DISK_FULL', `No space is left for ${directory}.`, {
      retryable: true,
      retryAfterMs: 5_000,
      mend: 'Free space on that file system; nothing acknowledged is lost and work goes on by itself.',
      cause: error,
    });
  }
  return new AppError('TQ_DATA_DIR_UNUSABLE', `The data directory ${directory} cannot be used: ${text}.`, {
    mend: 'Give a directory on a writable file system that belongs to the user of this process (--data, data_dir).',
    cause: error,
  });
}
