import { sha256Hex } from '../../core/sha256.js';
import type { RawRecord } from '../../pipeline/record-parser.js';
import type { PollFeed } from './poll-api.js';

export interface PageRecord {
  readonly record: RawRecord;
  /** Names the record in what was read: its content, and which of several equal ones of the page it is. */
  readonly key: string;
  readonly timeMs: number | undefined;
}

/** A record without an id of its own is named by its content, so that every reading of it gives the same event. */
export function recordsOfPage(page: readonly unknown[], feed: PollFeed, bytesMax: number): readonly PageRecord[] {
  const equals = new Map<string, number>();
  return page.map((member) => {
    const text = typeof member === 'string' ? member : JSON.stringify(member);
    const hash = sha256Hex(text).slice(0, 32);
    const ordinal = equals.get(hash) ?? 0;
    equals.set(hash, ordinal + 1);
    const record = { text, offset: ordinal, container: `poll:${hash}`, truncated: Buffer.byteLength(text) > bytesMax };
    return { record, key: `${hash}.${String(ordinal)}`, timeMs: feed.timeOf(member) };
  });
}

const entriesMax = 200_000;

/**
 * What windows that overlap have read already, as long as a window can reach back to it. Bounded: what is forgotten is
 * handed over again, and counts once by its event_uid.
 */
export class SeenRecords {
  readonly #times = new Map<string, number>();

  has(key: string): boolean {
    return this.#times.has(key);
  }

  /** @param fromMs records that happened before need not be known. */
  add(records: readonly PageRecord[], fromMs: number): void {
    for (const { key, timeMs } of records) this.#times.set(key, timeMs ?? Infinity);
    for (const [key, timeMs] of this.#times) if (timeMs < fromMs) this.#times.delete(key);
    for (const key of this.#times.keys()) {
      if (this.#times.size <= entriesMax) break;
      this.#times.delete(key);
    }
  }
}
