import { ByteBuilder } from './byte-builder.js';

/**
 * Builders of ClickHouse columns in the Native format (little-endian, column after column). A row that is never set
 * holds the type's default, so that absent fields cost nothing.
 * Format: https://clickhouse.com/docs/interfaces/formats/Native and the engine's ISerialization sources.
 */
export interface Column {
  readonly type: string;
  /** Forgets all rows and makes room for `rows` of them. */
  reset(rows: number): void;
  /** Writes the column's data for the first `rows` rows. */
  write(out: ByteBuilder, rows: number): void;
}

const LOW_CARDINALITY_VERSION = 1;
/** HasAdditionalKeys | NeedUpdateDictionary: the dictionary travels with the block. */
const LOW_CARDINALITY_FLAGS = 0x600;
const TWO_32 = 0x1_0000_0000;

function bytesOf(array: Uint8Array | Uint16Array | Uint32Array | Float64Array, elements: number): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, elements * array.BYTES_PER_ELEMENT);
}

export class StringColumn implements Column {
  readonly type = 'String';
  private readonly data = new ByteBuilder();
  private filled = 0;

  reset(): void {
    this.data.reset();
    this.filled = 0;
  }

  /** Rows are set in ascending order; '' is one zero byte, so gaps are zeros. */
  set(row: number, text: string): void {
    if (row > this.filled) this.data.zeros(row - this.filled);
    this.data.string(text);
    this.filled = row + 1;
  }

  write(out: ByteBuilder, rows: number): void {
    if (rows > this.filled) this.data.zeros(rows - this.filled);
    this.filled = rows;
    out.appendFrom(this.data);
  }
}

/** LowCardinality(String): a dictionary per block, which also saves encoding the same text again and again. */
export class DictionaryColumn implements Column {
  readonly type = 'LowCardinality(String)';
  private indexes = new Uint32Array(0);
  private readonly ids = new Map<string, number>();
  private keys: string[] = [];
  private lastText = '';
  private lastId = 0;

  reset(rows: number): void {
    if (this.indexes.length < rows) this.indexes = new Uint32Array(rows);
    else this.indexes.fill(0, 0, rows);
    this.ids.clear();
    this.ids.set('', 0);
    this.keys = [''];
    this.lastText = '';
    this.lastId = 0;
  }

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
    this.indexes[row] = this.lastId;
  }

  write(out: ByteBuilder, rows: number): void {
    out.uint64(LOW_CARDINALITY_VERSION);
    if (rows === 0) return;
    const width = this.keys.length <= 0x100 ? 0 : this.keys.length <= 0x1_0000 ? 1 : 2;
    out.uint64(LOW_CARDINALITY_FLAGS | width);
    out.uint64(this.keys.length);
    for (const key of this.keys) out.string(key);
    out.uint64(rows);
    const used = this.indexes.subarray(0, rows);
    const narrow = width === 0 ? Uint8Array.from(used) : width === 1 ? Uint16Array.from(used) : used;
    out.append(bytesOf(narrow, rows));
  }
}

export class UuidColumn implements Column {
  readonly type = 'UUID';
  private bytes = new Uint8Array(0);

  reset(rows: number): void {
    if (this.bytes.length < rows * 16) this.bytes = new Uint8Array(rows * 16);
    else this.bytes.fill(0, 0, rows * 16);
  }

  /** @param text 8-4-4-4-12 hexadecimal digits. The engine keeps each half little-endian. */
  set(row: number, text: string): void {
    const { bytes } = this;
    const base = row * 16;
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

  write(out: ByteBuilder, rows: number): void {
    out.append(bytesOf(this.bytes, rows * 16));
  }
}

/** DateTime64(3) and UInt64: 64 bits, little-endian, from a number or a bigint. */
export class Wide64Column implements Column {
  readonly type: string;
  private words = new Uint32Array(0);

  constructor(type: string) {
    this.type = type;
  }

  reset(rows: number): void {
    if (this.words.length < rows * 2) this.words = new Uint32Array(rows * 2);
    else this.words.fill(0, 0, rows * 2);
  }

  /** @param value an integer of at most 2^53 in size; two's complement if negative. */
  set(row: number, value: number): void {
    this.words[row * 2] = value;
    this.words[row * 2 + 1] = Math.floor(value / TWO_32);
  }

  setBigint(row: number, value: bigint): void {
    this.words[row * 2] = Number(BigInt.asUintN(32, value));
    this.words[row * 2 + 1] = Number(BigInt.asUintN(32, value >> 32n));
  }

  write(out: ByteBuilder, rows: number): void {
    out.append(bytesOf(this.words, rows * 2));
  }
}

type NumberArray = Uint16Array | Uint32Array | Float64Array;

function makeArray(type: string, rows: number): NumberArray {
  if (type === 'UInt16') return new Uint16Array(rows);
  return type === 'UInt32' ? new Uint32Array(rows) : new Float64Array(rows);
}

/** UInt16, UInt32 and Float64. */
export class NumberColumn implements Column {
  readonly type: 'UInt16' | 'UInt32' | 'Float64';
  private values: NumberArray;

  constructor(type: 'UInt16' | 'UInt32' | 'Float64') {
    this.type = type;
    this.values = makeArray(type, 0);
  }

  reset(rows: number): void {
    if (this.values.length < rows) this.values = makeArray(this.type, rows);
    else this.values.fill(0, 0, rows);
  }

  set(row: number, value: number): void {
    this.values[row] = value;
  }

  write(out: ByteBuilder, rows: number): void {
    out.append(bytesOf(this.values, rows));
  }
}

/** Nullable(T): a byte per row says which rows are absent, then the values. */
export class NullableColumn implements Column {
  readonly type: string;
  private readonly inner: NumberColumn | Wide64Column;
  private absent = new Uint8Array(0);

  constructor(inner: NumberColumn | Wide64Column) {
    this.inner = inner;
    this.type = `Nullable(${inner.type})`;
  }

  reset(rows: number): void {
    if (this.absent.length < rows) this.absent = new Uint8Array(rows);
    this.absent.fill(1, 0, rows);
    this.inner.reset(rows);
  }

  set(row: number, value: number): void {
    this.absent[row] = 0;
    this.inner.set(row, value);
  }

  write(out: ByteBuilder, rows: number): void {
    out.append(bytesOf(this.absent, rows));
    this.inner.write(out, rows);
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

  reset(rows: number): void {
    if (this.ends.length < rows * 2) this.ends = new Uint32Array(rows * 2);
    else this.ends.fill(0, 0, rows * 2);
    for (const stream of this.streams) stream.reset();
    this.elements = 0;
    this.filled = 0;
  }

  /** Adds an element to `row`; rows ascend. The second text is a map's value. */
  add(row: number, text: string, value = ''): void {
    this.closeRowsBefore(row);
    this.streams[0]?.string(text);
    this.streams[1]?.string(value);
    this.elements++;
  }

  private closeRowsBefore(row: number): void {
    for (; this.filled < row; this.filled++) this.ends[this.filled * 2] = this.elements;
  }

  write(out: ByteBuilder, rows: number): void {
    this.closeRowsBefore(rows);
    out.append(bytesOf(this.ends, rows * 2));
    for (const stream of this.streams) out.appendFrom(stream);
  }
}
