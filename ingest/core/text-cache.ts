import { detached } from './text.js';

const TAIL = 16;
const SAMPLES_LOG2 = 3;

/** Mixes the last characters, where ids differ, and some of those before them. */
function sampleHash(text: string): number {
  const { length } = text;
  const tail = length > TAIL ? length - TAIL : 0;
  let hash = length;
  for (let at = length - 1; at >= tail; at -= 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1);
  const step = (tail >> SAMPLES_LOG2) + 1;
  for (let at = tail - 1; at >= 0; at -= step) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

/**
 * A cache of texts to values in a table of fixed size, for hot paths. A `Map` hashes every character of each new text;
 * this looks at some and then compares whole texts, so an answer is always that of the very text. A text is kept from
 * its second sight on: what comes once (request ids) costs neither room nor collection. Which texts push each other
 * out is chance, so use it only where a miss costs time and nothing else.
 */
export class TextCache<V> {
  readonly #mask: number;
  readonly #charsMax: number;
  readonly #marks: Int32Array;
  readonly #texts: (string | undefined)[];
  readonly #values: (V | undefined)[];

  /**
   * @param sizeLog2 base-2 logarithm of how many texts are kept at most.
   * @param charsMax longer texts are not kept.
   */
  constructor(sizeLog2: number, charsMax: number) {
    const size = 2 ** sizeLog2;
    this.#mask = size - 1;
    this.#charsMax = charsMax;
    this.#marks = new Int32Array(size);
    this.#texts = new Array<string | undefined>(size).fill(undefined);
    this.#values = new Array<V | undefined>(size).fill(undefined);
  }

  get(text: string): V | undefined {
    if (text.length > this.#charsMax) return undefined;
    const at = sampleHash(text) & this.#mask;
    if (this.#texts[at] === text) return this.#values[at];
    return this.#texts[at ^ 1] === text ? this.#values[at ^ 1] : undefined;
  }

  /** What is kept of the text, else what `make` makes of it, which is then offered. */
  of(text: string, make: (text: string) => V): V {
    const known = this.get(text);
    if (known !== undefined) return known;
    const made = make(text);
    this.set(text, made);
    return made;
  }

  /** Keeps the value if the text was offered before; of two neighbours the older one goes. */
  set(text: string, value: V): void {
    if (this.isDue(text)) this.keep(text, value);
  }

  /** Whether `set` would keep a value now; true from a text's second sight on. */
  isDue(text: string): boolean {
    if (text.length > this.#charsMax) return false;
    const hash = sampleHash(text);
    const at = hash & this.#mask;
    const isDue = this.#marks[at] === hash;
    this.#marks[at] = hash;
    return isDue;
  }

  /** As `set`, for a text of which `isDue` was true. */
  keep(text: string, value: V): void {
    const at = sampleHash(text) & this.#mask;
    if (this.#texts[at] !== undefined && this.#texts[at] !== text) {
      this.#texts[at ^ 1] = this.#texts[at];
      this.#values[at ^ 1] = this.#values[at];
    }
    this.#texts[at] = detached(text);
    this.#values[at] = value;
  }
}
