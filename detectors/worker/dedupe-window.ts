import { UidTable, readUuid } from './uid-table.js';

export type Familiarity = 'seen' | 'new' | 'unsure';

const NIL = '00000000-0000-0000-0000-000000000000';

/**
 * The event_uids read last, exactly, in two generations: when the young one is full, the old one is forgotten. What was
 * forgotten is bounded by event time, so an unknown event is surely new if it is later than everything forgotten;
 * otherwise only the store knows.
 */
export class DedupeWindow {
  readonly #generationMax: number;
  #young = new UidTable();
  #old = new UidTable();
  #youngLastMs = -Infinity;
  #oldLastMs = -Infinity;
  #coveredAfterMs: number;
  readonly #words = new Uint32Array(4);

  /**
   * @param generationMax ids of one generation; 16 to 32 bytes each.
   * @param coveredAfterMs stored events later than this are in the window from the start.
   */
  constructor(generationMax: number, coveredAfterMs: number) {
    this.#generationMax = generationMax;
    this.#coveredAfterMs = coveredAfterMs;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** @param timeMs event time, NaN if it cannot be trusted: then only the store knows. */
  look(uid: string, timeMs: number): Familiarity {
    this.#read(uid);
    if (this.#young.has(this.#words) || this.#old.has(this.#words)) return 'seen';
    return this.covers(timeMs) ? 'new' : 'unsure';
  }

  /** True if an unknown event of this time is surely new; cheaper than `look`. */
  covers(timeMs: number): boolean {
    return timeMs > this.#coveredAfterMs;
  }

  add(uid: string, timeMs: number): void {
    if (this.#young.size >= this.#generationMax) {
      this.#coveredAfterMs = Math.max(this.#coveredAfterMs, this.#oldLastMs);
      this.#old = this.#young;
      this.#oldLastMs = this.#youngLastMs;
      this.#young = new UidTable();
      this.#youngLastMs = -Infinity;
    }
    this.#read(uid);
    this.#young.add(this.#words);
    if (timeMs > this.#youngLastMs) this.#youngLastMs = timeMs;
  }

  #read(uid: string): void {
    // A guid without variant bits has no place in the table as it stands; the nil id cannot be told from a free slot.
    if (!readUuid(uid, this.#words)) readUuid(NIL, this.#words);
    if (this.#words[2] === 0) this.#words[2] = 1;
  }
}
