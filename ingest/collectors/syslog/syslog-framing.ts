import { isUtf8 } from 'node:buffer';
import { LineSplitter } from '../../pipeline/line-splitter.js';

/** A message as the connection brought it. */
export interface Frame {
  readonly text: string;
  /** It was longer than the limit, or the connection ended inside it: `text` is its beginning. */
  readonly truncated: boolean;
  readonly validUtf8: boolean;
}

/** Longest `MSG-LEN SP` that is looked at: nine digits are a gigabyte. */
const COUNT_MAX = 10;
const keptOfHuge = 16_384;

/**
 * Takes messages out of a TCP or TLS stream, RFC 6587: octet counting (`MSG-LEN SP MSG`) or lines. The first bytes of
 * a connection decide; a line that begins with digits is no count unless a blank and `<` follow.
 */
export class SyslogFramer {
  private readonly bytesMax: number;
  private readonly lines: LineSplitter;
  private mode: 'unknown' | 'counted' | 'lines' = 'unknown';
  private held: Buffer = Buffer.alloc(0);
  /** Bytes of the counted message under way that are still to come, and its beginning. */
  private counted: { left: number; total: number; parts: Buffer[]; kept: number } | undefined;
  /** Set when the stream is out of step and nothing more can be read from it. */
  broken = false;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    this.lines = new LineSplitter(0, bytesMax);
  }

  push(chunk: Buffer): Frame[] {
    if (this.broken) return [];
    if (this.mode === 'unknown') {
      this.held = Buffer.concat([this.held, chunk]);
      const mode = modeOf(this.held);
      if (mode === undefined) return [];
      this.mode = mode;
      const all = this.held;
      this.held = Buffer.alloc(0);
      return this.push(all);
    }
    if (this.mode === 'counted') return this.pushCounted(chunk);
    return this.lines.push(withLineFeeds(chunk)).filter(({ bytes }) => bytes > 0);
  }

  /** The connection ended. */
  flush(): Frame[] {
    if (this.broken) return [];
    if (this.mode !== 'counted') return this.mode === 'lines' ? this.lines.flush() : this.leftOver();
    const { counted } = this;
    this.counted = undefined;
    return counted === undefined ? [] : [frameOf(Buffer.concat(counted.parts), true)];
  }

  private leftOver(): Frame[] {
    return this.held.length === 0 ? [] : [frameOf(this.held, false)];
  }

  private pushCounted(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let rest: Buffer = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    this.held = Buffer.alloc(0);
    while (rest.length > 0) {
      if (this.counted === undefined) {
        // Some senders end counted messages with a line end that they do not count.
        let start = 0;
        while (rest[start] === 0x0a || rest[start] === 0x0d) start += 1;
        rest = rest.subarray(start);
        if (rest.length === 0) break;
        const blank = rest.subarray(0, COUNT_MAX).indexOf(0x20);
        const count = blank < 0 ? '' : rest.toString('latin1', 0, blank);
        if (blank < 0 && rest.length < COUNT_MAX && /^[1-9]\d*$/.test(rest.toString('latin1'))) {
          this.held = Buffer.from(rest);
          break;
        }
        if (!/^[1-9]\d{0,8}$/.test(count)) {
          this.broken = true;
          frames.push(frameOf(rest.subarray(0, keptOfHuge), true));
          break;
        }
        this.counted = { left: Number(count), total: Number(count), parts: [], kept: 0 };
        rest = rest.subarray(blank + 1);
      }
      const { counted } = this;
      const part = rest.subarray(0, counted.left);
      rest = rest.subarray(part.length);
      counted.left -= part.length;
      const room = (counted.total > this.bytesMax ? Math.min(keptOfHuge, this.bytesMax) : counted.total) - counted.kept;
      if (room > 0 && part.length > 0) {
        counted.parts.push(Buffer.from(part.subarray(0, room)));
        counted.kept += Math.min(room, part.length);
      }
      if (counted.left === 0) {
        frames.push(frameOf(Buffer.concat(counted.parts), counted.total > this.bytesMax));
        this.counted = undefined;
      }
    }
    return frames;
  }
}

/** Some senders end messages with NUL in place of a line feed, or before it (RFC 6587 §3.4.2). */
function withLineFeeds(chunk: Buffer): Buffer {
  let at = chunk.indexOf(0);
  if (at < 0) return chunk;
  const mended = Buffer.from(chunk);
  for (; at >= 0; at = mended.indexOf(0, at + 1)) mended[at] = 0x0a;
  return mended;
}

/** Undefined while the first bytes could still be a count. */
function modeOf(head: Buffer): 'counted' | 'lines' | undefined {
  const text = head.toString('latin1', 0, COUNT_MAX + 1);
  if (/^[1-9]\d{0,8} </.test(text)) return 'counted';
  return text.length <= COUNT_MAX && /^(?:[1-9]\d{0,8} ?)?$/.test(text) ? undefined : 'lines';
}

/** @param bytes one message, without framing. */
export function frameOf(bytes: Buffer, truncated: boolean): Frame {
  return { text: bytes.toString('utf8'), truncated, validUtf8: truncated || isUtf8(bytes) };
}
