import { ByteBuilder } from './byte-builder.js';
import type { ByteList } from './byte-list.js';

/**
 * Builders of ClickHouse columns in the Native format (little-endian, column after column). Rows are set in ascending
 * order; one that is never set holds the type's default, and a column that is never set holds no memory.
 * Format: https://clickhouse.com/docs/interfaces/formats/Native and the engine's ISerialization sources.
 */
export interface Column {
  readonly type: string;
  /** Writes the column's data for the first `rows` rows, largely as views of what the column holds. */
  write(out: ByteList, rows: number): void;
  /** No row is set any more; the memory is kept for the next ones. @param rows how many had been set at most. */
  clear(rows: number): void;
}

const LOW_CARDINALITY_VERSION = 1;
/** HasAdditionalKeys | NeedUpdateDictionary: the dictionary travels with the block. */
const LOW_CARDINALITY_FLAGS = 0x600;
const TWO_32 = 0x1_0000_0000;

const ROWS_AT_FIRST = 1024;

type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** A copy with room for `row`; doubling makes growing cheap per row. */
function grown<T extends Numbers>(array: T, row: number, elementsPerRow = 1): T {
  let rows = Math.max(ROWS_AT_FIRST, array.length / elementsPerRow);
  while (rows <= row) rows *= 2;
  const copy = new (array.constructor as new (length: number) => T)(rows * elementsPerRow);
  copy.set(array);
  return copy;
}

/** Writes the first `elements` of an array that may be shorter: the rest was never set. */
function writeArray(out: ByteList, array: Numbers, elements: number): void {
  const present = Math.min(elements, array.length);
  out.append(bytesOf(array, present));
  out.zeros((elements - present) * array.BYTES_PER_ELEMENT);
}

function bytesOf(array: Numbers, elements: number): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, elements * array.BYTES_PER_ELEMENT);
}

export class StringColumn implements Column {
  readonly type = 'String';
  private readonly data = new ByteBuilder();
  private filled = 0;

  /** '' is one zero byte, so gaps are zeros. */
  set(row: number, text: string): void {
    if (row > this.filled) this.data.zeros(row - this.filled);
    this.data.string(text);
    this.filled = row + 1;
  }

  write(out: ByteList, rows: number): void {
    if (rows > this.filled) this.data.zeros(rows - this.filled);
    this.filled = rows;
    out.append(this.data.view());
  }

  clear(): void {
    this.data.clear();
    this.filled = 0;
  }
}

/** LowCardinality(String): a dictionary per block, which also saves encoding the same text again and again. */
export class DictionaryColumn implements Column {
  readonly type = 'LowCardinality(String)';
  private indexes = new Uint32Array(0);
  private readonly ids = new Map<string, number>([['', 0]]);
  private keys: string[] = [''];
  private lastText = '';
  private lastId = 0;

  set(row: number, text: string): void {
    if (text !== this.lastText) {
      let id = this.ids.get(text);
      if (id === undefined) {
        id = this.keys.push(text) - 1;
        this.ids.set(text, id);
      }
      this.lastText = text;
      this.lastId = id;
    }
    if (row >= this.indexes.length) this.indexes = grown(this.indexes, row);
    this.indexes[row] = this.lastId;
  }

  write(out: ByteList, rows: number): void {
    out.uint64(LOW_CARDINALITY_VERSION);
    if (rows === 0) return;
    const width = this.keys.length <= 0x100 ? 0 : this.keys.length <= 0x1_0000 ? 1 : 2;
    out.uint64(LOW_CARDINALITY_FLAGS | width);
    out.uint64(this.keys.length);
    for (const key of this.keys) out.string(key);
    out.uint64(rows);
    const used = this.indexes.subarray(0, rows);
    writeArray(out, width === 0 ? new Uint8Array(used) : width === 1 ? new Uint16Array(used) : used, rows);
  }

  clear(rows: number): void {
    this.indexes.fill(0, 0, rows);
    this.ids.clear();
    this.ids.set('', 0);
    this.keys = [''];
    this.lastText = '';
    this.lastId = 0;
  }
}

export class UuidColumn implements Column {
  readonly type = 'UUID';
  private bytes = new Uint8Array(0);

  /** @param text 8-4-4-4-12 hexadecimal digits. The engine keeps each half little-endian. */
  set(row: number, text: string): void {
    const base = row * 16;
    if (base >= this.bytes.length) this.bytes = grown(this.bytes, row, 16);
    const { bytes } = this;
    let nibbles = 0;
    for (let i = 0; i < text.length && nibbles < 32; i++) {
      const code = text.charCodeAt(i);
      if (code === 45) continue;
      const value = code <= 57 ? code - 48 : (code | 32) - 87;
      const byte = nibbles >> 1;
      const at = base + (byte < 8 ? 7 - byte : 23 - byte);
      bytes[at] = ((bytes[at] ?? 0) << 4) | (value & 15);
      nibbles++;
    }
  }

  write(out: ByteList, rows: number): void {
    writeArray(out, this.bytes, rows * 16);
  }

  clear(rows: number): void {
    this.bytes.fill(0, 0, rows * 16);
  }
}

/** DateTime64(3) and UInt64: 64 bits, little-endian, from a number or a bigint. */
export class Wide64Column implements Column {
  readonly type: string;
  private words = new Uint32Array(0);
  private lastBigint = 0n;
  private lastLow = 0;
  private lastHigh = 0;

  constructor(type: string) {
    this.type = type;
  }

  /** @param value an integer of at most 2^53 in size; two's complement if negative. */
  set(row: number, value: number): void {
    this.setWords(row, value, Math.floor(value / TWO_32));
  }

  /** Equal values follow each other: the events of a record share its offset. */
  setBigint(row: number, value: bigint): void {
    if (value !== this.lastBigint) {
      this.lastBigint = value;
      this.lastLow = Number(BigInt.asUintN(32, value));
      this.lastHigh = Number(BigInt.asUintN(32, value >> 32n));
    }
    this.setWords(row, this.lastLow, this.lastHigh);
  }

  private setWords(row: number, low: number, high: number): void {
    const at = row * 2;
    if (at >= this.words.length) this.words = grown(this.words, row, 2);
    this.words[at] = low;
    this.words[at + 1] = high;
  }

  write(out: ByteList, rows: number): void {
    writeArray(out, this.words, rows * 2);
  }

  clear(rows: number): void {
    this.words.fill(0, 0, rows * 2);
  }
}

const emptyArrays = {
  UInt16: () => new Uint16Array(0),
  UInt32: () => new Uint32Array(0),
  Float64: () => new Float64Array(0),
} as const;

/** UInt16, UInt32 and Float64. */
export class NumberColumn implements Column {
  readonly type: keyof typeof emptyArrays;
  private values: Uint16Array | Uint32Array | Float64Array;

  constructor(type: keyof typeof emptyArrays) {
    this.type = type;
    this.values = emptyArrays[type]();
  }

  set(row: number, value: number): void {
    if (row >= this.values.length) this.values = grown(this.values, row);
    this.values[row] = value;
  }

  write(out: ByteList, rows: number): void {
    writeArray(out, this.values, rows);
  }

  clear(rows: number): void {
    this.values.fill(0, 0, rows);
  }
}

/** Nullable(T): a byte per row says which rows are absent, then the values. */
export class NullableColumn implements Column {
  readonly type: string;
  private readonly inner: NumberColumn | Wide64Column;
  private present = new Uint8Array(0);

  constructor(inner: NumberColumn | Wide64Column) {
    this.inner = inner;
    this.type = `Nullable(${inner.type})`;
  }

  set(row: number, value: number): void {
    if (row >= this.present.length) this.present = grown(this.present, row);
    this.present[row] = 1;
    this.inner.set(row, value);
  }

  write(out: ByteList, rows: number): void {
    const absent = new Uint8Array(rows).fill(1);
    for (let row = Math.min(rows, this.present.length) - 1; row >= 0; row--) absent[row] = 1 - (this.present[row] ?? 0);
    out.append(absent);
    this.inner.write(out, rows);
  }

  clear(rows: number): void {
    this.present.fill(0, 0, rows);
    this.inner.clear(rows);
  }
}

/** Array(String) with one value stream, or Map(String, String) with two: cumulative ends, then the elements. */
export class ListColumn implements Column {
  readonly type: 'Array(String)' | 'Map(String, String)';
  private ends = new Uint32Array(0);
  private readonly streams: readonly ByteBuilder[];
  private elements = 0;
  private filled = 0;

  constructor(type: 'Array(String)' | 'Map(String, String)') {
    this.type = type;
    this.streams = type === 'Array(String)' ? [new ByteBuilder()] : [new ByteBuilder(), new ByteBuilder()];
  }

  /** Adds an element to `row`. The second text is a map's value. */
  add(row: number, text: string, value = ''): void {
    this.closeRowsBefore(row);
    this.streams[0]?.string(text);
    this.streams[1]?.string(value);
    this.elements++;
  }

  private closeRowsBefore(row: number): void {
    if (row * 2 > this.ends.length) this.ends = grown(this.ends, row, 2);
    for (; this.filled < row; this.filled++) this.ends[this.filled * 2] = this.elements;
  }

  write(out: ByteList, rows: number): void {
    if (this.elements > 0) this.closeRowsBefore(rows);
    writeArray(out, this.ends, rows * 2);
    for (const stream of this.streams) out.append(stream.view());
  }

  clear(rows: number): void {
    this.ends.fill(0, 0, rows * 2);
    for (const stream of this.streams) stream.clear();
    this.elements = 0;
    this.filled = 0;
  }
}
