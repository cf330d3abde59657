/**
 * A whole number below 2^53 for a text, so that a state remembers texts in 8 bytes each (cyrb53, public domain). Not for
 * secrets: it only tells apart what one state has seen, where 64 different texts collide with a chance of 2e-13.
 */
export function textHash(text: string): number {
  let high = HIGH;
  let low = LOW;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, HIGH_STEP);
    low = Math.imul(low ^ code, LOW_STEP);
  }
  return mixed(high, low);
}

const HIGH = 0xdeadbeef | 0;
const LOW = 0x41c6ce57;
const HIGH_STEP = 2654435761;
const LOW_STEP = 1597334677;

function mixed(high: number, low: number): number {
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}

/** Such a number for a list of texts, which need not be joined for it. For one list after the other, each begun by `begin`. */
export class ListHash {
  #high = HIGH;
  #low = LOW;

  begin(): this {
    this.#high = HIGH;
    this.#low = LOW;
    return this;
  }

  add(text: string): this {
    let high = this.#high;
    let low = this.#low;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      high = Math.imul(high ^ code, HIGH_STEP);
      low = Math.imul(low ^ code, LOW_STEP);
    }
    // A line break, so that texts that meet elsewhere are another list.
    this.#high = Math.imul(high ^ 10, HIGH_STEP);
    this.#low = Math.imul(low ^ 10, LOW_STEP);
    return this;
  }

  end(): number {
    return mixed(this.#high, this.#low);
  }
}

/** Adds to a short list of what was seen last, oldest first; what is known moves to the end. */
export function remember(list: readonly number[], value: number, max: number): readonly number[] {
  if (list[list.length - 1] === value) return list;
  const others = list.filter((known) => known !== value);
  return [...(others.length >= max ? others.slice(1) : others), value];
}
