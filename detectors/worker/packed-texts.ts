const UNIT = 64;
const PAGE = 65_536;
const PAGE_UNITS = PAGE / UNIT;
const CHUNK_PAGES = 16;
const LENGTH_BYTES = 4;
const GROWTH = 1.125;

/** Sizes of slots in units: each a little larger than the one before, so that a text leaves little of its slot empty. */
const sizes: readonly number[] = slotSizes();
/** By units wanted, the place in `sizes` of the smallest slot that has them. */
const kinds = Uint8Array.from({ length: PAGE_UNITS + 1 }, (_, units) => sizes.findIndex((size) => size >= units));

function slotSizes(): readonly number[] {
  const found: number[] = [];
  for (let size = 2; size < PAGE_UNITS; size = Math.max(size + 1, Math.floor(size * GROWTH))) found.push(size);
  return [...found, PAGE_UNITS];
}

/** Slots of one size, side by side. */
interface Page {
  /** First unit of it over all pages. */
  readonly start: number;
  kind: number;
  used: number;
  /** Slots of it that are free. */
  free: number[];
}

/**
 * Texts outside of JavaScript's heap, where a hundred thousand of them that come and go leave no holes and nothing to be
 * walked through. Memory is taken by the megabyte and kept for other texts; a page that is empty serves any size.
 */
export class PackedTexts {
  readonly #chunks: Buffer[] = [];
  readonly #pages: Page[] = [];
  /** By kind of slot, pages that have some free. */
  readonly #partial: readonly Set<Page>[] = sizes.map(() => new Set());
  readonly #empty: Page[] = [];

  /** Of the pages in use. */
  get bytes(): number {
    return (this.#pages.length - this.#empty.length) * PAGE;
  }

  /** @returns what `get` and `drop` know it by; null for a text that is too long, which is the caller's to keep. */
  put(text: string): number | null {
    const length = Buffer.byteLength(text);
    if (length + LENGTH_BYTES > PAGE) return null;
    const page = this.#pageFor(kinds[Math.ceil((length + LENGTH_BYTES) / UNIT)] ?? 0);
    const slot = page.free.pop() ?? page.start;
    page.used += 1;
    if (page.free.length === 0) this.#partial[page.kind]?.delete(page);
    const [chunk, at] = this.#placeOf(slot);
    chunk.writeUInt32LE(length, at);
    chunk.write(text, at + LENGTH_BYTES, 'utf8');
    return slot;
  }

  get(slot: number): string {
    const [chunk, at] = this.#placeOf(slot);
    return chunk.toString('utf8', at + LENGTH_BYTES, at + LENGTH_BYTES + chunk.readUInt32LE(at));
  }

  drop(slot: number): void {
    const page = this.#pages[Math.floor(slot / PAGE_UNITS)];
    if (page === undefined) throw new RangeError('No text is kept there.');
    page.free.push(slot);
    page.used -= 1;
    if (page.used > 0) this.#partial[page.kind]?.add(page);
    else {
      this.#partial[page.kind]?.delete(page);
      this.#empty.push(page);
    }
  }

  /** One with a free slot of the kind. */
  #pageFor(kind: number): Page {
    for (const page of this.#partial[kind] ?? []) return page;
    if (this.#empty.length === 0) this.#addChunk();
    const page = this.#empty.pop();
    if (page === undefined) throw new RangeError('There is no page.');
    const size = sizes[kind] ?? PAGE_UNITS;
    page.kind = kind;
    page.free = Array.from({ length: Math.floor(PAGE_UNITS / size) }, (_, n) => page.start + n * size).reverse();
    this.#partial[kind]?.add(page);
    return page;
  }

  #addChunk(): void {
    this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_PAGES * PAGE));
    for (let n = 0; n < CHUNK_PAGES; n += 1) {
      const page = { start: this.#pages.length * PAGE_UNITS, kind: 0, used: 0, free: [] };
      this.#pages.push(page);
      this.#empty.push(page);
    }
  }

  #placeOf(slot: number): readonly [chunk: Buffer, at: number] {
    const units = CHUNK_PAGES * PAGE_UNITS;
    const chunk = this.#chunks[Math.floor(slot / units)];
    if (chunk === undefined) throw new RangeError('No text is kept there.');
    return [chunk, (slot % units) * UNIT];
  }
}
