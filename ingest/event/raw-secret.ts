/**
 * A secret as presented. It can be hashed by the Fingerprinter and nothing else: printing, JSON and inspection all
 * show a fixed word, so that no log line or error can carry it by accident.
 */
export class RawSecret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  /** Only ingest/event/fingerprint.ts and the parsers of token formats may call this. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}
