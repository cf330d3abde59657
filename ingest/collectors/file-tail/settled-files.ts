import { AppError, describeError } from '../../core/errors.js';
import { deliver } from '../../pipeline/delivery.js';
import { defaultReplayFileLimits, ReplayFile } from '../../pipeline/replay-file.js';
import type { TailedFileDeps } from './tailed-file.js';

/** What tells whether a file is still being written. */
export interface FileMark {
  readonly size: number;
  readonly mtimeMs: number;
}

const sameMark = (a: FileMark | undefined, b: FileMark): boolean => a?.size === b.size && a.mtimeMs === b.mtimeMs;

/**
 * Files that are read as a whole once they stopped changing: compressed rotated logs and JSON documents. What a
 * plain file of the same content had delivered before is skipped by its checkpoint.
 */
export class SettledFiles {
  private readonly deps: TailedFileDeps;
  private readonly seen = new Map<string, FileMark>();
  private readonly done = new Map<string, FileMark>();

  constructor(deps: TailedFileDeps) {
    this.deps = deps;
  }

  /** True if the file at this version was read, or failed, already. */
  isDone(key: string, mark: FileMark): boolean {
    return sameMark(this.done.get(key), mark);
  }

  /** Reads the file if it did not change since the last look. */
  async visit(key: string, path: string, mark: FileMark): Promise<void> {
    if (this.isDone(key, mark)) return;
    if (!sameMark(this.seen.get(key), mark)) {
      this.seen.set(key, mark);
      return;
    }
    try {
      await this.read(path);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'TQ_FILE_UNREADABLE') throw error;
      this.deps.logger.error(
        { path, error: describeError(error) },
        'a file is broken; it is tried again when it changes',
      );
    }
    this.seen.delete(key);
    this.done.set(key, mark);
  }

  /** Forgets files that are gone, so that memory does not grow with every rotation. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const known of [this.seen, this.done]) {
      for (const key of known.keys()) if (!keys.has(key)) known.delete(key);
    }
  }

  private async read(path: string): Promise<void> {
    const { deps } = this;
    const limits = { ...defaultReplayFileLimits, lineBytesMax: deps.lineBytesMax };
    const file = new ReplayFile({ ...deps.binding, path }, deps.checkpoints, deps, limits);
    try {
      for (let piece = await file.next(); piece !== undefined; piece = await file.next()) {
        await deliver(piece, deps, { signal: deps.signal });
        deps.checkpoints.set(piece.slot, { offset: piece.offset, anchor: piece.anchor, path });
        deps.onCounts?.(deps.binding.source.product, deps.binding.instance, piece.counts);
      }
    } finally {
      await file.close();
    }
  }
}
