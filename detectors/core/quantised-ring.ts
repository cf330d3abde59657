/**
 * The last `capacity` closed windows of one measure in two bytes each: a count is kept as round(ln(1 + x) * 2800),
 * exact for small whole numbers and within 0.02 % for large ones. It grows as windows close, so that a token that
 * lives for an hour costs an hour.
 */
const CODE_SCALE = 2800;
const MISSING_CODE = 0xffff;
const CODE_MAX = 0xfffe;
const FIRST_SIZE = 16;
/** Most rings of short-lived tokens never close a window. */
const NO_CODES = new Uint16Array(0);

const toCode = (value: number): number => Math.min(CODE_MAX, Math.round(Math.log1p(Math.max(0, value)) * CODE_SCALE));

function fromCode(code: number): number {
  const value = Math.expm1(code / CODE_SCALE);
  // Below this the code still tells whole numbers apart, so give back the number that was put in.
  const whole = Math.round(value);
  return whole < 1000 ? whole : value;
}

export class QuantisedRing {
  #codes: Uint16Array = NO_CODES;
  #head = 0;
  #size = 0;
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Closed windows known, 0 to capacity; missing ones included. */
  get size(): number {
    return this.#size;
  }

  /** @param value a count ≥ 0, or null for a window that must not teach. */
  push(value: number | null): void {
    this.#pushCode(value === null ? MISSING_CODE : toCode(value));
  }

  /** The same value for many windows in a row; more than the capacity is the same as the capacity. */
  pushRun(value: number | null, count: number): void {
    this.#pushCodes(value === null ? MISSING_CODE : toCode(value), count);
  }

  /** @param lag 1 is the window closed last. @returns undefined where nothing is known. */
  at(lag: number): number | undefined {
    if (lag < 1 || lag > this.#size) return undefined;
    const code = this.#codes[this.#index(lag)];
    return code === undefined || code === MISSING_CODE ? undefined : fromCode(code);
  }

  /** Corrects a closed window for an event that came late; windows that are unknown or must not teach stay so. */
  addAt(lag: number, delta: number): void {
    const known = this.at(lag);
    if (known !== undefined) this.#codes[this.#index(lag)] = toCode(known + delta);
  }

  /** Every known value, newest first. */
  values(): number[] {
    const found: number[] = [];
    for (let lag = 1; lag <= this.#size; lag += 1) {
      const value = this.at(lag);
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  clone(): QuantisedRing {
    const copy = new QuantisedRing(this.capacity);
    copy.#codes = this.#codes.slice();
    copy.#head = this.#head;
    copy.#size = this.#size;
    return copy;
  }

  /** Codes in base 36, oldest first, comma separated; a run of n equal codes is `code*n`. */
  encode(): string {
    const parts: string[] = [];
    for (let lag = this.#size; lag >= 1;) {
      const code = this.#codes[this.#index(lag)] ?? 0;
      let run = 1;
      while (lag - run >= 1 && this.#codes[this.#index(lag - run)] === code) run += 1;
      parts.push(run === 1 ? code.toString(36) : `${code.toString(36)}*${run.toString(36)}`);
      lag -= run;
    }
    return parts.join(',');
  }

  static decode(text: string, capacity: number): QuantisedRing {
    const ring = new QuantisedRing(capacity);
    if (text === '') return ring;
    for (const part of text.split(',')) {
      const [code = '', run = '1'] = part.split('*');
      const parsed = parseInt(code, 36);
      ring.#pushCodes(parsed, parseInt(run, 36));
    }
    return ring;
  }

  #index(lag: number): number {
    const length = this.#codes.length;
    return (this.#head - lag + length) % length;
  }

  #pushCodes(code: number, count: number): void {
    let left = Math.min(count, this.capacity);
    while (left > 0) {
      if (this.#size === this.#codes.length && this.#size < this.capacity) this.#grow(this.#size + left);
      const room = this.#size < this.#codes.length ? this.#codes.length - this.#size : left;
      const step = Math.min(left, room, this.#codes.length - this.#head);
      this.#codes.fill(code, this.#head, this.#head + step);
      this.#head = (this.#head + step) % this.#codes.length;
      this.#size = Math.min(this.#codes.length, this.#size + step);
      left -= step;
    }
  }

  #pushCode(code: number): void {
    if (this.#size === this.#codes.length && this.#size < this.capacity) this.#grow(this.#size + 1);
    this.#codes[this.#head] = code;
    this.#head = (this.#head + 1) % this.#codes.length;
    if (this.#size < this.#codes.length) this.#size += 1;
  }

  /** @param needed how many windows must fit. */
  #grow(needed: number): void {
    const grown = new Uint16Array(Math.min(this.capacity, Math.max(FIRST_SIZE, this.#codes.length * 2, needed)));
    // Only a full ring grows, so its oldest window stands at the head.
    grown.set(this.#codes.subarray(this.#head));
    grown.set(this.#codes.subarray(0, this.#head), this.#codes.length - this.#head);
    this.#codes = grown;
    this.#head = this.#size;
  }
}
