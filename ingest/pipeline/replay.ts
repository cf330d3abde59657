import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, describeError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { TokenEvent } from '../event/token-event.js';
import type { DeadLetter } from '../log/dlq.js';
import type { CheckpointStore } from './checkpoint-store.js';
import { deliver } from './delivery.js';
import { MergeHeap } from './event-merge.js';
import { codeOf } from './error-code.js';
import type { EventSink } from './event-sink.js';
import type { RecordParserDeps } from './record-parser.js';
import { addCounts, emptyCounts, type CountsListener, type RecordCounts } from './record-tally.js';
import {
  defaultReplayFileLimits,
  ReplayFile,
  type ReplayFileLimits,
  type ReplayInput,
  type ReplayPiece,
} from './replay-file.js';

export interface ReplayDeps extends RecordParserDeps {
  readonly sink: EventSink;
  readonly checkpoints: CheckpointStore;
  readonly logger: Logger;
  /** A number in [0, 1) that spreads retries. */
  readonly random: () => number;
}

export interface ReplayProgress {
  /** Bytes of the files themselves (compressed where they are). */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly records: number;
  /** Events durable in the log. */
  readonly events: number;
}

export interface ReplayOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
  readonly onCounts?: CountsListener;
  readonly limits?: Partial<ReplayFileLimits>;
  /** Events handed to the sink at a time, default 4,000: a sync of the disk each, and objects that grow old while they wait. */
  readonly batchEvents?: number;
  /** Files held open at a time while their times overlap not, default 32. */
  readonly openFilesMax?: number;
  /** Attempts per batch before a log that stays away ends the replay, default 20 (some minutes). */
  readonly attemptsMax?: number;
}

export interface ReplaySummary {
  readonly files: number;
  /** Files of which a checkpoint said that they, or their beginning, had been read before. */
  readonly resumedFiles: number;
  readonly bytesTotal: number;
  readonly counts: RecordCounts;
  /** Event time of the earliest and the latest event of this run. */
  readonly firstTime?: string;
  readonly lastTime?: string;
  /** Files that could not be read to their end; everything before the fault was taken. */
  readonly faults: readonly { readonly path: string; readonly error: AppError }[];
}

/**
 * Reads files of several sources as one stream ordered by event time, in memory that does not depend on their size.
 * Repeating it changes nothing: checkpoints skip what is durable, and what is read twice has the same event_uid.
 *
 * @throws AppError TQ_FILE_UNREADABLE when a file does not exist (before anything is read), or the sink's error when
 *   the log stays away; the checkpoints then stand where the log stands.
 */
export async function replayFiles(
  inputs: readonly ReplayInput[],
  deps: ReplayDeps,
  options: ReplayOptions = {},
): Promise<ReplaySummary> {
  const sizes = await sizesOf(inputs.map((input) => input.path));
  const run = new Replay(
    inputs,
    sizes.reduce((a, b) => a + b, 0),
    deps,
    options,
  );
  return run.run();
}

const pipeMend = 'Write what it gives to a file: a replay that is repeated reads it again to see what it has.';

/** The size of a file that can be read; what keeps it from that, as fault and mend. */
async function sizeOf(path: string): Promise<number | readonly [string, string]> {
  if (path === '-') return ['Standard input cannot be replayed.', pipeMend];
  try {
    const found = await stat(path);
    if (found.isDirectory()) return [`${path} is not a file.`, `Name its files: ${join(path, '*')}.`];
    if (!found.isFile()) return [`${path} is not a file.`, pipeMend];
    await access(path, constants.R_OK);
    return found.size;
  } catch (cause) {
    if (codeOf(cause) === 'EACCES')
      return [`The file ${path} may not be read.`, 'Give this user the right to read it.'];
    return [`There is no file ${path}.`, 'Check the path.'];
  }
}

/**
 * @throws AppError TQ_FILE_UNREADABLE that names every file that cannot be read.
 */
export async function sizesOf(paths: readonly string[]): Promise<readonly number[]> {
  const found = await Promise.all(paths.map(sizeOf));
  const faults = found.filter((size) => typeof size !== 'number');
  const [first] = faults;
  if (first === undefined) return found.filter((size) => typeof size === 'number');
  const [message, mend] = first;
  const others = faults.slice(1).map(([fault, how]) => ` ${fault} ${how}`);
  throw new AppError('TQ_FILE_UNREADABLE', message, { mend: `${mend}${others.join('')} Nothing was read.` });
}

/** One open file with the piece that the merge is walking. */
class Cursor {
  readonly file: ReplayFile;
  piece: ReplayPiece | undefined;
  at = 0;

  constructor(file: ReplayFile) {
    this.file = file;
  }

  peek(): string | undefined {
    return this.piece?.events[this.at]?.time;
  }
}

interface OutBatch {
  events: TokenEvent[];
  letters: DeadLetter[];
  /** Pieces that are complete once this batch is durable. */
  done: { piece: ReplayPiece; input: ReplayInput }[];
}

const emptyBatch = (): OutBatch => ({ events: [], letters: [], done: [] });

class Replay {
  private readonly inputs: readonly ReplayInput[];
  private readonly bytesTotal: number;
  private readonly deps: ReplayDeps;
  private readonly options: ReplayOptions;
  private readonly limits: ReplayFileLimits;
  private readonly batchEvents: number;
  private readonly signal: AbortSignal;
  private readonly heap = new MergeHeap<Cursor>();
  private readonly open = new Set<ReplayFile>();
  private readonly counts = emptyCounts();
  private readonly faults: { path: string; error: AppError }[] = [];
  private batch = emptyBatch();
  private inFlight: Promise<void> = Promise.resolve();
  private bytesRead = 0;
  private delivered = 0;
  private resumedFiles = 0;
  private firstTime: string | undefined;
  private lastTime: string | undefined;

  constructor(inputs: readonly ReplayInput[], bytesTotal: number, deps: ReplayDeps, options: ReplayOptions) {
    this.inputs = inputs;
    this.bytesTotal = bytesTotal;
    this.deps = deps;
    this.options = options;
    // All open files together hold about this much raw text, whatever their number.
    const shared = Math.max(32 << 10, Math.floor((4 << 20) / Math.max(1, inputs.length)));
    this.limits = {
      ...defaultReplayFileLimits,
      sliceBytes: Math.min(defaultReplayFileLimits.sliceBytes, shared),
      ...options.limits,
    };
    this.batchEvents = options.batchEvents ?? 4_000;
    this.signal = options.signal ?? new AbortController().signal;
  }

  async run(): Promise<ReplaySummary> {
    try {
      await this.merge(await this.order());
      await this.hand();
      await this.inFlight;
    } finally {
      await this.inFlight.catch(() => undefined);
      for (const file of this.open) await file.close();
      await this.deps.checkpoints.flush();
    }
    return {
      files: this.inputs.length,
      resumedFiles: this.resumedFiles,
      bytesTotal: this.bytesTotal,
      counts: this.counts,
      ...(this.firstTime === undefined ? {} : { firstTime: this.firstTime }),
      ...(this.lastTime === undefined ? {} : { lastTime: this.lastTime }),
      faults: this.faults,
    };
  }

  /** Many files are opened only when the merge reaches their first event; few are simply all opened. */
  private async order(): Promise<{ input: ReplayInput; from: string }[]> {
    const files = this.inputs.map((input) => ({ input, from: '' }));
    if (files.length <= (this.options.openFilesMax ?? 32)) return files;
    for (const file of files) {
      if (this.signal.aborted) break;
      const probe = new ReplayFile(file.input, undefined, this.deps, this.limits);
      try {
        file.from = (await probe.next())?.events[0]?.time ?? '';
      } catch {
        // Opened first, the file meets its fault in the merge, which reports it.
      } finally {
        await probe.close();
      }
    }
    return files.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  }

  private async merge(files: readonly { input: ReplayInput; from: string }[]): Promise<void> {
    let next = 0;
    while (!this.signal.aborted) {
      for (let file = files[next]; file !== undefined; file = files[next]) {
        const head = this.heap.top()?.peek();
        if (head !== undefined && file.from > head) break;
        next += 1;
        await this.openFile(file.input);
      }
      const top = this.heap.top();
      if (top === undefined) break;
      await this.drain(top, files[next]?.from);
    }
  }

  private async openFile(input: ReplayInput): Promise<void> {
    const onRead = (bytes: number): void => {
      this.bytesRead += bytes;
    };
    const cursor = new Cursor(new ReplayFile(input, this.deps.checkpoints, this.deps, this.limits, onRead));
    this.open.add(cursor.file);
    if (await this.fill(cursor)) this.heap.push(cursor);
    if (cursor.file.wasResumed) this.resumedFiles += 1;
  }

  /** Takes from the earliest file until another one, or a file not yet opened, is earlier. */
  private async drain(top: Cursor, nextFile: string | undefined): Promise<void> {
    const other = this.heap.second();
    const bound = other === undefined || (nextFile !== undefined && nextFile < other) ? nextFile : other;
    const events = top.piece?.events ?? [];
    for (let event = events[top.at]; event !== undefined; event = events[top.at]) {
      if (bound !== undefined && event.time > bound) break;
      this.batch.events.push(event);
      this.note(event.time);
      top.at += 1;
      if (this.batch.events.length >= this.batchEvents) break;
    }
    if (top.at >= events.length) {
      if (top.piece !== undefined) this.batch.done.push({ piece: top.piece, input: top.file.input });
      if (await this.fill(top)) this.heap.sink();
      else this.heap.pop();
    } else {
      this.heap.sink();
    }
    if (this.batch.events.length >= this.batchEvents || this.batch.letters.length >= this.batchEvents) {
      await this.hand();
    }
  }

  /** Brings the next piece that holds an event under the cursor; false at the end of the file. */
  private async fill(cursor: Cursor): Promise<boolean> {
    cursor.at = 0;
    cursor.piece = undefined;
    try {
      while (!this.signal.aborted) {
        const piece = await cursor.file.next();
        if (piece === undefined) break;
        this.batch.letters.push(...piece.letters);
        if (piece.events.length > 0) {
          cursor.piece = piece;
          return true;
        }
        this.batch.done.push({ piece, input: cursor.file.input });
        if (this.batch.letters.length >= this.batchEvents) await this.hand();
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'TQ_FILE_UNREADABLE') throw error;
      this.faults.push({ path: cursor.file.input.path, error });
      this.deps.logger.error({ path: cursor.file.input.path, error: describeError(error) }, 'a file is broken');
    }
    await cursor.file.close();
    this.open.delete(cursor.file);
    return false;
  }

  private note(time: string): void {
    if (this.firstTime === undefined || time < this.firstTime) this.firstTime = time;
    if (this.lastTime === undefined || time > this.lastTime) this.lastTime = time;
  }

  /** One batch is on its way to the log while the next is parsed; never two, so that order is kept. */
  private async hand(): Promise<void> {
    const { batch } = this;
    this.batch = emptyBatch();
    await this.inFlight;
    this.inFlight = this.send(batch);
    // Seen by the next hand() or by run(); this only keeps it from being unhandled meanwhile.
    this.inFlight.catch(() => undefined);
  }

  private async send(batch: OutBatch): Promise<void> {
    await deliver(batch, this.deps, { signal: this.signal, attemptsMax: this.options.attemptsMax ?? 20 });
    this.delivered += batch.events.length;
    for (const { piece, input } of batch.done) {
      this.deps.checkpoints.set(piece.slot, { offset: piece.offset, anchor: piece.anchor, path: input.path });
      addCounts(this.counts, piece.counts);
      this.options.onCounts?.(input.source.product, input.instance, piece.counts);
    }
    this.options.onProgress?.({
      bytesRead: this.bytesRead,
      bytesTotal: this.bytesTotal,
      records: this.counts.received,
      events: this.delivered,
    });
  }
}
