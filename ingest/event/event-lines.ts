import type { TokenEvent } from './token-event.js';

/** Writes events as NDJSON, for logs that others read as well. */
export class EventLines {
  #lines: Buffer[] = [];
  #length = 0;

  /** Begins a record; what was not taken is gone. */
  begin(): void {
    this.#lines = [];
    this.#length = 0;
  }

  /** Bytes of the record as it stands. */
  get length(): number {
    return this.#length;
  }

  get mark(): number {
    return this.#length;
  }

  add(event: TokenEvent): void {
    const line = eventLine(event);
    this.#lines.push(line);
    this.#length += line.length;
  }

  /** The record up to a mark, as a buffer of its own. */
  take(mark: number): Buffer {
    return Buffer.concat(this.#lines, mark);
  }
}

/** One event as a line of JSON, its end included. */
export const eventLine = (event: TokenEvent): Buffer => Buffer.from(`${JSON.stringify(event)}\n`);
