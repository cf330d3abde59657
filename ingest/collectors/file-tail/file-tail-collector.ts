import { watch, type FSWatcher } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { endsWithin } from '../../core/deadline.js';
import type { Component } from '../../core/component.js';
import { describeError } from '../../core/errors.js';
import type { CheckpointStore } from '../../pipeline/checkpoint-store.js';
import { compressionOf } from '../../pipeline/file-content.js';
import type { SourceBinding } from '../../pipeline/record-parser.js';
import type { CollectorDeps } from '../collector-deps.js';
import type { FileTailConfig } from './config.js';
import { expandPath, namedAfter, watchFolder } from './path-patterns.js';
import { SettledFiles, type FileMark } from './settled-files.js';
import { TailedFile, type TailedFileDeps } from './tailed-file.js';

export interface FileTailDeps extends CollectorDeps {
  readonly binding: SourceBinding;
  readonly checkpoints: CheckpointStore;
}

/**
 * Follows files from their first byte: growth, rotation by rename, copytruncate, truncation, gzipped rotations. A
 * checkpoint moves only after the sink said durable, and belongs to the content, so names and restarts do not matter.
 */
export function createFileTailCollector(config: FileTailConfig, deps: FileTailDeps): Component {
  return new FileTailCollector(config, deps);
}

// Many changes in a row are one reason to look.
const wakeDelayMs = 20;

class FileTailCollector implements Component {
  readonly name: string;
  private readonly config: FileTailConfig;
  private readonly deps: TailedFileDeps;
  private readonly abort = new AbortController();
  private readonly tails = new Map<string, TailedFile>();
  private readonly settled: SettledFiles;
  private readonly watchers: FSWatcher[] = [];
  private readonly complained = new Map<string, string>();
  private wake: () => void = () => undefined;
  private readonly queued = new Set<string>();
  private backlog: Promise<void> = Promise.resolve();
  private woken = false;
  private lookedMs = 0;
  private loop: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(config: FileTailConfig, deps: FileTailDeps) {
    this.config = config;
    this.name = `file-tail:${deps.binding.source.product}:${deps.binding.instance}`;
    this.deps = { ...deps, signal: this.abort.signal, lineBytesMax: config.line_bytes_max, slotsInUse: new Set() };
    this.settled = new SettledFiles(this.deps);
  }

  async start(): Promise<void> {
    if (this.loop !== undefined || this.abort.signal.aborted) return;
    for (const folder of new Set(this.config.paths.map(watchFolder))) this.watch(folder);
    await this.look();
    await this.lookBeside();
    this.loop = this.run();
  }

  stop(deadlineMs: number): Promise<void> {
    this.stopping ??= this.shutDown(deadlineMs);
    return this.stopping;
  }

  private async shutDown(deadlineMs: number): Promise<void> {
    this.abort.abort();
    this.wake();
    for (const watcher of this.watchers) watcher.close();
    await endsWithin(Promise.all([this.loop, this.backlog]), deadlineMs);
    for (const tail of this.tails.values()) await tail.close();
    this.tails.clear();
    await this.deps.checkpoints.flush();
  }

  private async run(): Promise<void> {
    while (!this.stopped()) {
      try {
        const more = await this.round();
        if (!more) await this.pause();
        if (this.deps.clock.nowMs() - this.lookedMs >= this.config.poll_ms || this.changed()) await this.look();
      } catch (error) {
        if (this.stopped()) return;
        this.deps.logger.error({ collector: this.name, error: describeError(error) }, 'file tail failed; going on');
        await this.pause();
      }
    }
  }

  private stopped(): boolean {
    return this.abort.signal.aborted;
  }

  private changed(): boolean {
    return this.woken;
  }

  /** Lets every open file hand over what is new; resolves to true if one of them has more. */
  private async round(): Promise<boolean> {
    const more = await Promise.all([...this.tails.entries()].map(([key, tail]) => this.pumpOne(key, tail)));
    return more.includes(true);
  }

  private async pumpOne(key: string, tail: TailedFile): Promise<boolean> {
    try {
      if (await tail.pump()) return true;
      const now = this.deps.clock.nowMs();
      const quietMs = now - Math.max(tail.lastGrowthMs, tail.missingSinceMs ?? now);
      if (tail.missingSinceMs !== undefined && quietMs >= this.config.rotated_idle_ms) {
        await tail.finish();
        this.tails.delete(key);
        await tail.close();
      }
    } catch (error) {
      if (this.abort.signal.aborted) return false;
      this.complain(tail.path, error);
    }
    return false;
  }

  /** Finds new, renamed and vanished files. */
  private async look(): Promise<void> {
    this.woken = false;
    this.lookedMs = this.deps.clock.nowMs();
    const present = new Set<string>();
    const paths = await this.paths();
    for (const path of paths) {
      try {
        const found = await stat(path);
        if (!found.isFile()) continue;
        const key = `${found.dev}:${found.ino}`;
        present.add(key);
        const tail = this.tails.get(key);
        if (tail !== undefined) tail.path = path;
        else if (!this.settled.isDone(key, found)) await this.meet(key, path, found);
        this.complained.delete(path);
      } catch (error) {
        this.complain(path, error);
      }
    }
    const now = this.deps.clock.nowMs();
    for (const [key, tail] of this.tails)
      tail.missingSinceMs = present.has(key) ? undefined : (tail.missingSinceMs ?? now);
    this.settled.keepOnly(present);
  }

  private async paths(): Promise<ReadonlySet<string>> {
    return new Set((await Promise.all(this.config.paths.map(expandPath))).flat());
  }

  /**
   * What was renamed while nobody read is read to its end, as it would have been: files named after one of the paths that a
   * checkpoint knows. Others are left alone: nobody asked for them.
   */
  private async lookBeside(): Promise<void> {
    for (const beside of await namedAfter(await this.paths())) {
      try {
        await this.meetKnown(beside);
      } catch (error) {
        this.complain(beside, error);
      }
    }
  }

  private async meetKnown(path: string): Promise<void> {
    if (!(await stat(path)).isFile()) return;
    const handle = await open(path, 'r');
    const tail = new TailedFile(path, handle, this.deps);
    let kept = false;
    try {
      const { dev, ino } = await handle.stat();
      const key = `${dev}:${ino}`;
      if (this.tails.has(key) || !(await this.isFollowed(handle)) || !(await tail.isKnown())) return;
      tail.missingSinceMs = this.deps.clock.nowMs();
      this.tails.set(key, tail);
      kept = true;
    } finally {
      if (!kept) await tail.close();
    }
  }

  private async meet(key: string, path: string, mark: FileMark): Promise<void> {
    const handle = await open(path, 'r');
    let kept = false;
    try {
      if (await this.isFollowed(handle)) {
        // The name may have moved on between stat and open: the handle decides which file this is.
        const own = await handle.stat();
        const ownKey = `${own.dev}:${own.ino}`;
        if (this.tails.has(ownKey)) return;
        this.tails.set(ownKey, new TailedFile(path, handle, this.deps));
        kept = true;
        return;
      }
    } finally {
      if (!kept) await handle.close();
    }
    this.queueSettled(key, path, mark);
  }

  /** One after the other, beside the live files: an archive of hours is not to hold up what is written now. */
  private queueSettled(key: string, path: string, mark: FileMark): void {
    if (this.queued.has(key)) return;
    this.queued.add(key);
    this.backlog = this.backlog
      .then(() => (this.stopped() ? undefined : this.settled.visit(key, path, mark)))
      .catch((error: unknown) => {
        if (!this.stopped()) this.complain(path, error);
      })
      .finally(() => this.queued.delete(key));
  }

  /** Plain lines are followed as they grow; compressed files and whole documents are read when they rest. */
  private async isFollowed(handle: FileHandle): Promise<boolean> {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(65_536), 0, 65_536, 0);
    const head = buffer.subarray(0, bytesRead);
    if (compressionOf(head) !== 'none') return false;
    if (this.deps.binding.source.framing === 'line') return true;
    const newline = head.indexOf(10);
    if (newline === -1) return false;
    try {
      JSON.parse(head.toString('utf8', 0, newline).replace(/^\uFEFF/, ''));
      return true;
    } catch {
      return false;
    }
  }

  private watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        this.woken = true;
        this.wake();
      });
      watcher.on('error', (error) => {
        watcher.close();
        this.deps.logger.warn({ folder, error: error.message }, 'cannot watch the folder; polling goes on');
      });
      this.watchers.push(watcher);
    } catch (error) {
      this.deps.logger.warn({ folder, error: describeError(error) }, 'cannot watch the folder; polling goes on');
    }
  }

  /** Until something changed, at the latest until the next poll. */
  private async pause(): Promise<void> {
    if (this.abort.signal.aborted) return;
    await new Promise<void>((resolve) => {
      let timer = setTimeout(resolve, this.woken ? wakeDelayMs : this.config.poll_ms);
      this.wake = () => {
        clearTimeout(timer);
        if (this.abort.signal.aborted) resolve();
        else timer = setTimeout(resolve, wakeDelayMs);
        this.wake = () => {
          if (this.abort.signal.aborted) {
            clearTimeout(timer);
            resolve();
          }
        };
      };
    });
    this.wake = () => undefined;
  }

  /** Says each trouble once per path, not at every poll. */
  private complain(path: string, error: unknown): void {
    const text = describeError(error);
    if (this.complained.get(path) === text) return;
    this.complained.set(path, text);
    this.deps.logger.warn({ path, error: text }, 'the file cannot be read now; trying again at every look');
  }
}
