import { mkdir, readFile, rename } from 'node:fs/promises';
import { tryJson } from '../core/try-json.js';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../core/clock.js';
import { AppError, describeError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { shownPlace } from '../event/redact-text.js';
import { codeOf } from './error-code.js';
import { replaceFile } from './replace-file.js';

const checkpointSchema = z.strictObject({
  /** Byte offset in the decompressed content up to which every record is durable in the log. */
  offset: z.number().int().nonnegative(),
  /** Hash of the bytes before the offset: shows that a file of the same first line is the same file. */
  anchor: z.string(),
  /** Where the file lay when last read; for people only. */
  path: z.string(),
  /** Milliseconds since the Unix epoch. */
  touchedMs: z.number(),
});

const storeSchema = z.strictObject({ version: z.literal(1), checkpoints: z.record(z.string(), checkpointSchema) });

export type Checkpoint = z.infer<typeof checkpointSchema>;

/** Remembers how far each file was read. Losing it costs time, not truth: events keep their event_uid. */
export interface CheckpointStore {
  get(key: string): Checkpoint | undefined;
  /** All checkpoints whose key begins with the prefix. */
  find(prefix: string): readonly (readonly [string, Checkpoint])[];
  /** In memory at once, on disk within the flush interval. */
  set(key: string, checkpoint: Omit<Checkpoint, 'touchedMs'>): void;
  /** Resolves when everything set before the call is on disk. Rejects with TQ_DISK_FULL or TQ_DATA_DIR_UNUSABLE. */
  flush(): Promise<void>;
  /** Stops the flush timer and flushes a last time. Idempotent. */
  close(): Promise<void>;
}

export interface CheckpointStoreOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between flushes, default 1000. */
  readonly flushIntervalMs?: number;
  /** Checkpoints kept, default 20,000; those untouched longest go first. */
  readonly entriesMax?: number;
}

/**
 * A JSON file replaced atomically (write, fsync, rename, fsync of the folder). A file that cannot be read is put
 * aside and the store starts empty, since reading everything again makes no second event.
 *
 * @throws AppError TQ_DATA_DIR_UNUSABLE when the folder cannot be made or read.
 */
export async function openCheckpointStore(path: string, options: CheckpointStoreOptions): Promise<CheckpointStore> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw unusable(path, error);
  }
  return new JsonCheckpointStore(path, await load(path, options), options);
}

async function load(path: string, options: CheckpointStoreOptions): Promise<Map<string, Checkpoint>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return new Map();
    throw unusable(path, error);
  }
  const parsed = storeSchema.safeParse(tryJson(text));
  if (parsed.success) return new Map(Object.entries(parsed.data.checkpoints));
  const aside = `${path}.broken-${options.clock.nowMs()}`;
  await rename(path, aside);
  options.logger.error(
    { path, aside },
    'the checkpoint file is broken and was put aside; files are read again from their start, nothing is counted twice',
  );
  return new Map();
}

class JsonCheckpointStore implements CheckpointStore {
  private dirty = false;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private closed = false;

  private readonly path: string;
  private readonly entries: Map<string, Checkpoint>;
  private readonly options: CheckpointStoreOptions;

  constructor(path: string, entries: Map<string, Checkpoint>, options: CheckpointStoreOptions) {
    this.path = path;
    this.entries = entries;
    this.options = options;
  }

  get(key: string): Checkpoint | undefined {
    return this.entries.get(key);
  }

  find(prefix: string): readonly (readonly [string, Checkpoint])[] {
    return [...this.entries].filter(([key]) => key.startsWith(prefix));
  }

  set(key: string, checkpoint: Omit<Checkpoint, 'touchedMs'>): void {
    // Set anew at the map's end, so that the order is the order of the last touch.
    this.entries.delete(key);
    const path = shownPlace(checkpoint.path);
    this.entries.set(key, { ...checkpoint, path, touchedMs: this.options.clock.nowMs() });
    const max = this.options.entriesMax ?? 20_000;
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= max) break;
      this.entries.delete(oldest);
    }
    this.dirty = true;
    if (this.closed || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.flush().catch((error: unknown) => {
        this.options.logger.error({ path: this.path, error: describeError(error) }, 'checkpoints could not be written');
      });
    }, this.options.flushIntervalMs ?? 1_000);
    this.timer.unref();
  }

  flush(): Promise<void> {
    const next = this.writing.then(() => (this.dirty ? this.write() : undefined));
    this.writing = next.catch(() => undefined);
    return next;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.flush();
  }

  private async write(): Promise<void> {
    this.dirty = false;
    const text = JSON.stringify({ version: 1, checkpoints: Object.fromEntries(this.entries) });
    try {
      await replaceFile(this.path, text);
    } catch (error) {
      this.dirty = true;
      throw codeOf(error) === 'ENOSPC'
        ? new AppError('TQ_DISK_FULL', `No space is left to write ${this.path}.`, {
            retryable: true,
            mend: 'Free space on the device.',
            cause: error,
          })
        : unusable(this.path, error);
    }
  }
}

function unusable(path: string, cause: unknown): AppError {
  return new AppError('TQ_DATA_DIR_UNUSABLE', `The checkpoint file ${path} cannot be used (${codeOf(cause)}).`, {
    retryable: true,
    mend: 'Make the folder writable for this user or set another data directory.',
    cause,
  });
}
