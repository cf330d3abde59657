/**
 * What is left where more do not help: so few that what is made for a use is let go before the garbage collector moves it to where
 * only its long rounds look. Of the most, no more than this share.
 */
const FEW = 32;
const FEW_SHARE = 1 / 3;
/** Of the uses that few would not have held, those that many must hold to be worth it. */
const WORTH_SHARE = 0.1;

/**
 * How many of the entities used last are worth holding as objects. Packing one and unpacking it again costs time, holding it
 * memory; where more entities take turns than could be held, holding many spares nothing. So uses are counted that come after
 * more entities than few, and those of them that come after no more than many.
 *
 * Only such uses advance the clock: an entity that is used again soon counts once, so that ages are about how many others came
 * in between.
 */
export class LiveBound {
  readonly #many: number;
  readonly #few: number;
  #now: number;
  #clock = 0;
  #decideAt: number;
  #worth = 0;

  constructor(many: number) {
    this.#many = many;
    this.#few = Math.min(FEW, Math.ceil(many * FEW_SHARE));
    this.#now = many;
    this.#decideAt = many;
  }

  /** How many to hold. */
  get entities(): number {
    return this.#now;
  }

  /** @param lastUse what this said at the last use of the entity; null for a new one. @returns to be told at its next use. */
  use(lastUse: number | null): number {
    const age = lastUse === null ? Infinity : this.#clock - lastUse;
    if (age <= this.#few) return this.#clock;
    this.#clock += 1;
    if (age <= this.#many) this.#worth += 1;
    if (this.#clock >= this.#decideAt) {
      this.#now = this.#worth >= WORTH_SHARE * this.#many ? this.#many : this.#few;
      this.#decideAt = this.#clock + this.#many;
      this.#worth = 0;
    }
    return this.#clock;
  }
}
