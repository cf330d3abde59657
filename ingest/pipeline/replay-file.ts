import type { Readable } from 'node:stream';
import { AppError } from '../core/errors.js';
import type { CheckpointStore } from './checkpoint-store.js';
import { anchorOf, contentIdentity, identityPrefix } from './content-identity.js';
import { anchorsOfContent, anchorsOfFile, findSlot, TailBytes, type Slot } from './file-checkpoint.js';
import { detectCompression, readContent, readOpened } from './file-content.js';
import { LineSplitter, type RawLine } from './line-splitter.js';
import {
  parseRecords,
  splitRecord,
  type ParsedBatch,
  type RecordParserDeps,
  type SourceBinding,
} from './record-parser.js';

export interface ReplayInput extends SourceBinding {
  /** Of the file; only its name where `open` is given. */
  readonly path: string;
  /** Opens content that is no file of this machine; called again to look for a checkpoint. */
  readonly open?: () => Promise<Readable>;
}

export interface ReplayFileLimits {
  /** Longest line of a line source, bytes; longer ones are dead letters. */
  readonly lineBytesMax: number;
  /** Largest JSON document that is taken apart in memory, bytes. */
  readonly documentBytesMax: number;
  /** Content parsed at a time, bytes. */
  readonly sliceBytes: number;
}

export const defaultReplayFileLimits: ReplayFileLimits = {
  lineBytesMax: 1 << 20,
  documentBytesMax: 128 << 20,
  // Small: events that live shortly cost the collector of garbage far less than events that grow old.
  sliceBytes: 64 << 10,
};

/** A parsed piece of a file and how far the file is read when the piece is durable. */
export interface ReplayPiece extends ParsedBatch {
  readonly slot: string;
  readonly offset: number;
  readonly anchor: string;
}

/** Reads one file of any size piece by piece: decompression, lines or documents, resume behind its checkpoint. */
export class ReplayFile {
  readonly input: ReplayInput;
  private readonly deps: RecordParserDeps;
  private readonly limits: ReplayFileLimits;
  private readonly pieces: AsyncGenerator<ReplayPiece>;
  private resumed = false;

  constructor(
    input: ReplayInput,
    store: CheckpointStore | undefined,
    deps: RecordParserDeps,
    limits: ReplayFileLimits,
    onRead?: (bytes: number) => void,
  ) {
    this.input = input;
    this.deps = deps;
    this.limits = limits;
    this.pieces = this.read(store, onRead);
  }

  /** True if a checkpoint said that a part of the file had been read before. */
  get wasResumed(): boolean {
    return this.resumed;
  }

  /** The next piece, or undefined at the end. Throws AppError TQ_FILE_UNREADABLE. */
  async next(): Promise<ReplayPiece | undefined> {
    const step = await this.pieces.next();
    return step.done === true ? undefined : step.value;
  }

  async close(): Promise<void> {
    await this.pieces.return(undefined);
  }

  private async *read(
    store: CheckpointStore | undefined,
    onRead?: (bytes: number) => void,
  ): AsyncGenerator<ReplayPiece> {
    const { input, limits } = this;
    const { path, open } = input;
    const read = (): AsyncGenerator<Buffer> =>
      open === undefined ? readContent(path, onRead) : readOpened(open, path);
    const anchors =
      open === undefined
        ? anchorsOfFile(path, await detectCompression(path))
        : anchorsOfContent(() => readOpened(open, path));
    const content = sliced(read(), limits.sliceBytes);
    try {
      const head = await readHead(content, input, limits);
      if (head === undefined) return;
      const identity = contentIdentity(input.instance, head.document ? Buffer.concat(head.chunks) : head.prefix);
      const slot: Slot =
        store === undefined ? { key: `${identity}/0`, offset: 0 } : await findSlot(store, identity, anchors);
      this.resumed = slot.offset > 0;
      if (head.document) yield* this.document(head.chunks, identity, slot);
      else yield* this.lines(head.chunks, content, identity, slot);
    } finally {
      await content.return(undefined);
    }
  }

  private *document(chunks: readonly Buffer[], identity: string, slot: Slot): Generator<ReplayPiece> {
    const whole = Buffer.concat(chunks);
    if (slot.offset >= whole.length) return;
    const splitter = new LineSplitter(0, Infinity);
    const text = whole.toString('utf8').replace(/^\uFEFF/, '');
    const records = splitRecord(this.input.source, { text, offset: splitter.completeOffset });
    const parsed = parseRecords(this.input, records, identity, this.deps);
    yield { ...parsed, slot: slot.key, offset: whole.length, anchor: anchorOf(whole) };
  }

  private async *lines(
    head: readonly Buffer[],
    rest: AsyncIterable<Buffer>,
    identity: string,
    slot: Slot,
  ): AsyncGenerator<ReplayPiece> {
    const { input, limits } = this;
    const max = input.source.framing === 'document' ? limits.documentBytesMax : limits.lineBytesMax;
    const splitter = new LineSplitter(slot.offset, max);
    const tail = new TailBytes();
    let skip = slot.offset;
    const piece = (lines: readonly RawLine[]): ReplayPiece => {
      const records = lines.flatMap((line) => splitRecord(input.source, line));
      const parsed = parseRecords(input, records, identity, this.deps);
      return { ...parsed, slot: slot.key, offset: splitter.completeOffset, anchor: anchorOf(tail.bytes) };
    };
    for await (const chunk of joined(head, rest)) {
      const skipped = Math.min(skip, chunk.length);
      skip -= skipped;
      tail.push(chunk.subarray(0, skipped));
      const fresh = chunk.subarray(skipped);
      if (fresh.length === 0) continue;
      const lines = splitter.push(fresh);
      const complete = fresh.lastIndexOf(10) + 1;
      tail.push(fresh.subarray(0, complete));
      if (lines.length > 0) yield piece(lines);
      tail.push(fresh.subarray(complete));
    }
    const last = splitter.flush();
    if (last.length > 0) yield piece(last);
  }
}

interface Head {
  readonly chunks: Buffer[];
  readonly prefix: Buffer;
  readonly document: boolean;
}

/**
 * Reads until the file can be named. A document source's file is read line by line if its first line is JSON of its
 * own, else it is one document and read whole.
 */
async function readHead(
  content: AsyncGenerator<Buffer>,
  input: ReplayInput,
  limits: ReplayFileLimits,
): Promise<Head | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let first: Buffer | undefined;
  const documents = input.source.framing === 'document';
  for (;;) {
    const step = await content.next();
    if (step.done !== true) {
      chunks.push(step.value);
      bytes += step.value.length;
    }
    const ended = step.done === true;
    if (bytes === 0 && ended) return undefined;
    // Only the newest chunk can bring the newline.
    const decided = ended || step.value.includes(10) || (!documents && bytes >= limits.sliceBytes);
    if (!decided) {
      if (bytes > limits.documentBytesMax) throw tooLarge(input.path, limits);
      continue;
    }
    const joinedHead = Buffer.concat(chunks);
    first = identityPrefix(joinedHead, ended);
    if (first === undefined) continue;
    if (!documents || isJson(firstLine(joinedHead))) return { chunks, prefix: first, document: false };
    for await (const chunk of { [Symbol.asyncIterator]: () => content }) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > limits.documentBytesMax) throw tooLarge(input.path, limits);
    }
    return { chunks, prefix: first, document: true };
  }
}

function firstLine(head: Buffer): string {
  const newline = head.indexOf(10);
  return head.toString('utf8', 0, newline === -1 ? head.length : newline).replace(/^\uFEFF/, '');
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function tooLarge(path: string, limits: ReplayFileLimits): AppError {
  return new AppError('TQ_FILE_UNREADABLE', `The document ${path} is larger than ${limits.documentBytesMax} bytes.`, {
    mend: 'Write one JSON record a line, or split the document; lines are read in constant memory.',
  });
}

async function* sliced(content: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    for (let from = 0; from < chunk.length; from += bytes) yield chunk.subarray(from, from + bytes);
  }
}

async function* joined(head: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* head;
  yield* rest;
}
