const WORDS = 4;
const FIRST_SLOTS = 1024;

/** Writes the 128 bits of a UUID's text into `words`; false for text that is none. */
export function readUuid(text: string, words: Uint32Array): boolean {
  if (text.length !== 36) return false;
  let word = 0;
  let digits = 0;
  let at = 0;
  for (let index = 0; index < 36; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 45) continue;
    const digit = code <= 57 ? code - 48 : (code | 32) - 87;
    if (digit < 0 || digit > 15) return false;
    word = (word << 4) | digit;
    digits += 1;
    if (digits % 8 === 0) {
      words[at] = word >>> 0;
      at += 1;
      word = 0;
    }
  }
  return digits === 32;
}

/** An exact set of 128-bit ids in 16 bytes a slot; a JavaScript Set of their texts takes some hundred bytes each. */
export class UidTable {
  #slots = new Uint32Array(FIRST_SLOTS * WORDS);
  #mask = FIRST_SLOTS - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(words: Uint32Array): boolean {
    return this.#slots[this.#find(words) * WORDS + 2] !== 0;
  }

  add(words: Uint32Array): void {
    if (this.#size * 2 >= this.#mask) this.#grow();
    const slot = this.#find(words) * WORDS;
    if (this.#slots[slot + 2] === 0) this.#size += 1;
    this.#slots.set(words, slot);
  }

  /** Slot of the id, or the free one where it belongs. Word 2 holds the variant bits, so in a used slot it is not 0. */
  #find(words: Uint32Array): number {
    const [a = 0, b = 0, c = 0, d = 0] = words;
    const slots = this.#slots;
    let slot = (a ^ Math.imul(d, 0x9e3779b1)) & this.#mask;
    for (;;) {
      const at = slot * WORDS;
      const third = slots[at + 2];
      if (third === 0) return slot;
      if (third === c && slots[at] === a && slots[at + 1] === b && slots[at + 3] === d) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#mask = this.#slots.length / WORDS - 1;
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at + 2] !== 0) {
        const words = old.subarray(at, at + WORDS);
        this.#slots.set(words, this.#find(words) * WORDS);
      }
    }
  }
}
