import { textHash } from '../core/hash.js';

/** A megabyte: with a million keys one strange key in a thousand is taken for known, with two million one in forty. */
const BITS = 2 ** 23;
const PROBES = 4;
const HALF = 2 ** 32;

/** Keys that were seen, as a Bloom filter: none of them is missed, and few others are taken for one of them. */
export class KeyFilter {
  #words: Uint32Array | null = null;

  add(key: string): void {
    const words = (this.#words ??= new Uint32Array(BITS / 32));
    for (const bit of bitsOf(key)) words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  mayHave(key: string): boolean {
    const words = this.#words;
    return words !== null && bitsOf(key).every((bit) => ((words[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0);
  }
}

function bitsOf(key: string): readonly number[] {
  const hash = textHash(key);
  const [low, step] = [hash % HALF, Math.floor(hash / HALF) * 2 + 1];
  return Array.from({ length: PROBES }, (_, n) => (low + n * step) % BITS);
}
