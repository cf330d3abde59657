const UNIT = 64;
const CHUNK = 1 << 20;
const LENGTH_BYTES = 4;
/** Longer texts are the caller's to keep. */
const SLOT_MAX = CHUNK / 16;
const GROWTH = 1.125;

/** Sizes of slots in units: each a little larger than the one before, so that a text leaves little of its slot empty. */
const sizes: readonly number[] = slotSizes();
/** By units wanted, the place in `sizes` of the smallest slot that has them. */
const classes = Uint8Array.from({ length: SLOT_MAX / UNIT + 1 }, (_, units) => sizes.findIndex((size) => size >= units));

function slotSizes(): readonly number[] {
  const found: number[] = [];
  for (let size = 2; size < SLOT_MAX / UNIT; size = Math.max(size + 1, Math.floor(size * GROWTH))) found.push(size);
  return [...found, SLOT_MAX / UNIT];
}

/**
 * Texts outside of JavaScript's heap, where a hundred thousand of them that come and go leave no holes and nothing to be
 * walked through. Memory is taken by the megabyte and kept for the next texts.
 */
export class PackedTexts {
  readonly #chunks: Buffer[] = [];
  /** Free slots by class, where they begin in units over all chunks. */
  readonly #free: number[][] = sizes.map(() => []);
  /** First unit of the last chunk that was never used. */
  #tail = 0;
  #bytes = 0;

  /** Of the slots in use. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns what `get` and `drop` know it by; null for a text that is too long. */
  put(text: string): number | null {
    const length = Buffer.byteLength(text);
    if (length + LENGTH_BYTES > SLOT_MAX) return null;
    const slot = this.#take(classOf(length));
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
    const [chunk, at] = this.#placeOf(slot);
    const kind = classOf(chunk.readUInt32LE(at));
    this.#bytes -= (sizes[kind] ?? 0) * UNIT;
    this.#free[kind]?.push(slot);
  }

  #take(kind: number): number {
    const size = sizes[kind] ?? 0;
    this.#bytes += size * UNIT;
    const free = this.#free[kind]?.pop();
    if (free !== undefined) return free;
    if (this.#tail + size > (this.#chunks.length * CHUNK) / UNIT) this.#addChunk();
    const slot = this.#tail;
    this.#tail += size;
    return slot;
  }

  #addChunk(): void {
    const end = (this.#chunks.length * CHUNK) / UNIT;
    // What is left of the last one serves smaller texts.
    for (let kind = sizes.length - 1; kind >= 0; kind -= 1) {
      const size = sizes[kind] ?? 0;
      for (; this.#tail + size <= end; this.#tail += size) this.#free[kind]?.push(this.#tail);
    }
    this.#tail = end;
    this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK));
  }

  #placeOf(slot: number): readonly [chunk: Buffer, at: number] {
    const units = CHUNK / UNIT;
    const chunk = this.#chunks[Math.floor(slot / units)];
    if (chunk === undefined) throw new RangeError('No text is kept there.');
    return [chunk, (slot % units) * UNIT];
  }
}

const classOf = (length: number): number => classes[Math.ceil((length + LENGTH_BYTES) / UNIT)] ?? 0;
