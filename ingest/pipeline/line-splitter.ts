import { isAscii, isUtf8 } from 'node:buffer';

/** One line of a byte stream. `truncated` lines were longer than the limit: `text` is their beginning only. */
export interface RawLine {
  readonly text: string;
  /** Byte offset of the line's first byte. */
  readonly offset: number;
  /** Byte offset after the line's newline. */
  readonly end: number;
  /** Bytes of the line without its line ending. */
  readonly bytes: number;
  readonly truncated: boolean;
  /** False when bytes that are no UTF-8 were replaced by U+FFFD. */
  readonly validUtf8: boolean;
}

const keptOfHuge = 16_384;

/**
 * Cuts a byte stream into lines: LF or CRLF, a BOM at the stream's start is taken off, and memory stays bounded
 * whatever the line length. The last line without an ending is held until it is completed or `flush` is called.
 */
export class LineSplitter {
  private readonly lineBytesMax: number;
  private held: Buffer[] = [];
  private heldBytes = 0;
  /** Start of the held partial line. */
  private lineStart: number;
  private huge: { head: Buffer; bytes: number } | undefined;

  /** @param lineBytesMax longer lines are handed out cut to their beginning, as `truncated`. */
  constructor(startOffset: number, lineBytesMax: number) {
    this.lineBytesMax = lineBytesMax;
    this.lineStart = startOffset;
  }

  /** Bytes of the last line that has no ending yet. */
  get pendingBytes(): number {
    return this.huge === undefined ? this.heldBytes : this.huge.bytes;
  }

  /** Byte offset up to which every line is complete and was handed out. */
  get completeOffset(): number {
    return this.lineStart;
  }

  push(chunk: Buffer): RawLine[] {
    const lines: RawLine[] = [];
    const ascii = isAscii(chunk);
    let from = 0;
    for (let newline = chunk.indexOf(10); newline !== -1; newline = chunk.indexOf(10, from)) {
      lines.push(this.complete(chunk, from, newline, ascii));
      from = newline + 1;
    }
    if (from < chunk.length) this.hold(chunk.subarray(from));
    return lines;
  }

  /** The stream ended: what is held is a line. */
  flush(): RawLine[] {
    if (this.pendingBytes === 0) return [];
    const line = this.complete(Buffer.alloc(0), 0, 0, true);
    // There was no newline byte to step over.
    this.lineStart -= 1;
    return [{ ...line, end: this.lineStart }];
  }

  private complete(chunk: Buffer, from: number, to: number, ascii: boolean): RawLine {
    const offset = this.lineStart;
    const bytes = this.pendingBytes + (to - from);
    this.lineStart = offset + bytes + 1;
    if (this.huge !== undefined || bytes > this.lineBytesMax) {
      const head = this.huge?.head ?? this.headOf(chunk.subarray(from, to));
      this.forget();
      const text = head.toString('utf8');
      return { text, offset, end: this.lineStart, bytes, truncated: true, validUtf8: true };
    }
    if (this.heldBytes === 0) return makeLine(chunk, from, to, offset, this.lineStart, ascii);
    const whole = Buffer.concat([...this.held, chunk.subarray(from, to)]);
    this.forget();
    return makeLine(whole, 0, whole.length, offset, this.lineStart, isAscii(whole));
  }

  private hold(rest: Buffer): void {
    if (this.huge !== undefined) {
      this.huge.bytes += rest.length;
      return;
    }
    if (this.heldBytes + rest.length > this.lineBytesMax) {
      const bytes = this.heldBytes + rest.length;
      this.huge = { head: this.headOf(rest), bytes };
      this.held = [];
      this.heldBytes = 0;
      return;
    }
    // Copied: the caller may reuse its chunk, and a view would keep the whole chunk alive.
    this.held.push(Buffer.from(rest));
    this.heldBytes += rest.length;
  }

  private headOf(rest: Buffer): Buffer {
    // No more than the limit: beyond it, how much is at hand depends on where the chunks were cut.
    const kept = Math.min(keptOfHuge, this.lineBytesMax);
    return Buffer.concat([...this.held, rest.subarray(0, kept)]).subarray(0, kept);
  }

  private forget(): void {
    this.held = [];
    this.heldBytes = 0;
    this.huge = undefined;
  }
}

function makeLine(chunk: Buffer, from: number, to: number, offset: number, end: number, ascii: boolean): RawLine {
  let last = to;
  if (last > from && chunk[last - 1] === 13) last -= 1;
  let first = from;
  if (offset === 0 && chunk[first] === 0xef && chunk[first + 1] === 0xbb && chunk[first + 2] === 0xbf) first += 3;
  const bytes = last - first;
  if (ascii) {
    return { text: chunk.toString('latin1', first, last), offset, end, bytes, truncated: false, validUtf8: true };
  }
  const validUtf8 = isUtf8(chunk.subarray(first, last));
  return { text: chunk.toString('utf8', first, last), offset, end, bytes, truncated: false, validUtf8 };
}
