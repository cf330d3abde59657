import type { FileHandle } from 'node:fs/promises';
import type { CheckpointStore } from '../../pipeline/checkpoint-store.js';
import {
  anchorBytesMax,
  anchorOf,
  contentIdentity,
  identityBytesMax,
  identityPrefix,
} from '../../pipeline/content-identity.js';
import { deliver } from '../../pipeline/delivery.js';
import { anchorsOfHandle, findSlot, TailBytes } from '../../pipeline/file-checkpoint.js';
import { LineSplitter, type RawLine } from '../../pipeline/line-splitter.js';
import { parseRecords, splitRecord, type SourceBinding } from '../../pipeline/record-parser.js';
import type { CollectorDeps } from '../collector-deps.js';

const chunkBytes = 128 * 1024;
// Files take turns: one that is written to without end does not keep the others waiting.
const chunksPerTurn = 16;

/** Reading state of the content that the handle has now; a truncation starts a new one. */
interface Reading {
  readonly identity: string;
  readonly prefix: Buffer;
  readonly slot: string;
  readonly splitter: LineSplitter;
  readonly tail: TailBytes;
  /** Raw bytes read, a partial last line included. */
  at: number;
}

export interface TailedFileDeps extends CollectorDeps {
  readonly binding: SourceBinding;
  readonly checkpoints: CheckpointStore;
  readonly signal: AbortSignal;
  readonly lineBytesMax: number;
  /** Slots of all files that are open now. */
  readonly slotsInUse: Set<string>;
}

/** One open plain file, followed through growth and truncation by its handle, whatever its name becomes. */
export class TailedFile {
  path: string;
  /** When its name disappeared from the looked-at paths, milliseconds; undefined while it is there. */
  missingSinceMs: number | undefined;
  lastGrowthMs: number;
  private readonly handle: FileHandle;
  private readonly deps: TailedFileDeps;
  private reading: Reading | undefined;
  private seen = { size: -1, mtimeMs: -1 };

  constructor(path: string, handle: FileHandle, deps: TailedFileDeps) {
    this.path = path;
    this.handle = handle;
    this.deps = deps;
    this.lastGrowthMs = deps.clock.nowMs();
  }

  /** Whether a part of it was handed over before: a checkpoint knows it. */
  async isKnown(): Promise<boolean> {
    this.reading ??= await this.begin(false);
    return this.reading !== undefined && this.reading.at > 0;
  }

  /** Reads and hands over what is new. @returns true if there is more to read at once. */
  async pump(): Promise<boolean> {
    for (let turn = 0; turn < chunksPerTurn; turn += 1) {
      if (this.deps.signal.aborted) return false;
      const { size, mtimeMs } = await this.handle.stat();
      const changed = size !== this.seen.size || mtimeMs !== this.seen.mtimeMs;
      if (changed) this.lastGrowthMs = this.deps.clock.nowMs();
      if (this.reading !== undefined && (size < this.reading.at || (changed && !(await this.sameHead(this.reading))))) {
        this.truncated();
      }
      this.reading ??= await this.begin(false);
      this.seen = { size, mtimeMs };
      if (this.reading === undefined || this.reading.at >= size) return false;
      await this.step(this.reading);
    }
    return true;
  }

  /** Hands over a last line without an ending; to be called when nobody will complete it, before `close`. */
  async finish(): Promise<void> {
    while (await this.pump());
    this.reading ??= await this.begin(true);
    if (this.reading === undefined) return;
    while ((await this.step(this.reading)) > 0);
    await this.take(this.reading, this.reading.splitter.flush(), () => undefined);
  }

  async close(): Promise<void> {
    if (this.reading !== undefined) this.deps.slotsInUse.delete(this.reading.slot);
    this.reading = undefined;
    await this.handle.close();
  }

  private async begin(ended: boolean): Promise<Reading | undefined> {
    const { deps } = this;
    const prefix = identityPrefix(await this.readAt(0, identityBytesMax), ended);
    if (prefix === undefined) return undefined;
    const identity = contentIdentity(deps.binding.instance, prefix);
    const slot = await findSlot(deps.checkpoints, identity, anchorsOfHandle(this.handle), deps.slotsInUse);
    deps.slotsInUse.add(slot.key);
    const tail = new TailBytes();
    const from = Math.max(0, slot.offset - anchorBytesMax);
    tail.push(await this.readAt(from, slot.offset - from));
    deps.logger.debug({ path: this.path, offset: slot.offset }, 'reading a file');
    return {
      identity,
      prefix,
      slot: slot.key,
      splitter: new LineSplitter(slot.offset, deps.lineBytesMax),
      tail,
      at: slot.offset,
    };
  }

  /** @returns bytes read; 0 at the end or when the content turned out to be another. */
  private async step(reading: Reading): Promise<number> {
    const chunk = await this.readAt(reading.at, chunkBytes);
    if (chunk.length === 0) return 0;
    // Looked at after the read: a truncation just before it would otherwise mix two files.
    if (!(await this.sameHead(reading))) {
      this.truncated();
      return 0;
    }
    reading.at += chunk.length;
    const lines = reading.splitter.push(chunk);
    const complete = chunk.lastIndexOf(10) + 1;
    await this.take(reading, lines, () => reading.tail.push(chunk.subarray(0, complete)));
    reading.tail.push(chunk.subarray(complete));
    return chunk.length;
  }

  private async take(reading: Reading, lines: readonly RawLine[], advance: () => void): Promise<void> {
    const { deps } = this;
    if (lines.length === 0) {
      advance();
      return;
    }
    const { binding } = deps;
    const records = lines.flatMap((line) => splitRecord(binding.source, line));
    const parsed = parseRecords(binding, records, reading.identity, deps);
    await deliver(parsed, deps, { signal: deps.signal });
    advance();
    deps.checkpoints.set(reading.slot, {
      offset: reading.splitter.completeOffset,
      anchor: anchorOf(reading.tail.bytes),
      path: this.path,
    });
    deps.onCounts?.(binding.source.product, binding.instance, parsed.counts);
  }

  private truncated(): void {
    if (this.reading !== undefined) this.deps.slotsInUse.delete(this.reading.slot);
    this.reading = undefined;
    this.deps.logger.info({ path: this.path }, 'the file was truncated; reading its new content from the start');
  }

  private async sameHead(reading: Reading): Promise<boolean> {
    return (await this.readAt(0, reading.prefix.length)).equals(reading.prefix);
  }

  private async readAt(offset: number, bytes: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(bytes);
    let filled = 0;
    while (filled < bytes) {
      const { bytesRead } = await this.handle.read(buffer, filled, bytes - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }
}
