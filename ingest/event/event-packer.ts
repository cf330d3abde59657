import { isObject } from '../core/is-object.js';
import { HEAD_BYTES, NUMBERS_MAX, PACKED, PACKED_VERSION, tags, TEXTS } from './packed-layout.js';
import { sharedText } from './shared-facts.js';
import type { TokenEvent } from './token-event.js';

/** Fields of which hardly two events have the same: looking for their texts would find nothing. */
const unique: ReadonlySet<string> = new Set(['event_uid', 'time', 'path', 'request_id', 'trace_id', 'span_id']);

const FIRST_BYTES = 1 << 16;
/** Crossing into C++ costs more than copying a short text by hand. */
const SHORT = 24;
/** A text of so many UTF-16 units has at most 255 bytes. */
const SMALL = 85;

/** A list of field names, reached name by name. */
class Shape {
  readonly isUnique: boolean;
  /** The record for which it has its number. */
  record = 0;
  number = 0;
  readonly #parent: Shape | null;
  readonly #name: string;
  readonly #next = new Map<string, Shape>();

  constructor(parent: Shape | null, name: string) {
    this.#parent = parent;
    this.#name = name;
    this.isUnique = unique.has(name);
  }

  with(name: string): Shape {
    let next = this.#next.get(name);
    if (next === undefined) this.#next.set(name, (next = new Shape(this, name)));
    return next;
  }

  names(): readonly string[] {
    return this.#parent === null ? [] : [...this.#parent.names(), this.#name];
  }
}

/** The language's own type leaves out that what is no JSON has no text. */
const stringify: (value: unknown) => string | undefined = JSON.stringify;

/**
 * Writes events as packed-layout.ts says, straight into a buffer: most of an event is the same in many others of a
 * record, so each text, each list of field names and each object of `sharedFacts` is told once.
 */
export class EventPacker {
  readonly #root = new Shape(null, '');
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;
  #record = 0;
  #shapes: string[] = [];
  #shapesLength = 0;
  #texts = new Map<string, number>();
  #shared = new Map<object, number>();

  /** Begins a record; what was not taken is gone. */
  begin(): void {
    this.#record += 1;
    this.#length = 0;
    this.#shapes = [];
    this.#shapesLength = 2;
    this.#texts = new Map();
    this.#shared = new Map();
  }

  /** Bytes of the record as it stands. */
  get length(): number {
    return HEAD_BYTES + this.#shapesLength + this.#length;
  }

  /** Bytes of the objects alone: where the next one begins. */
  get mark(): number {
    return this.#length;
  }

  add(event: TokenEvent): void {
    this.#object(event);
  }

  /** The record up to a mark, as a buffer of its own. */
  take(mark: number): Buffer {
    const shapes = `[${this.#shapes.join(',')}]`;
    const shapesBytes = Buffer.byteLength(shapes);
    const taken = Buffer.allocUnsafeSlow(HEAD_BYTES + shapesBytes + mark);
    taken[0] = PACKED;
    taken[1] = PACKED_VERSION;
    taken.writeUInt32LE(shapesBytes, 2);
    taken.write(shapes, HEAD_BYTES);
    this.#bytes.copy(taken, HEAD_BYTES + shapesBytes, 0, mark);
    return taken;
  }

  #object(object: object): void {
    this.#reserve(2);
    const at = this.#length;
    this.#length += 2;
    let shape = this.#root;
    for (const name in object) {
      const value = (object as Record<string, unknown>)[name];
      if (value === undefined) continue;
      shape = shape.with(name);
      this.#value(value, shape.isUnique);
    }
    if (shape.record !== this.#record) this.#number(shape);
    this.#bytes[at] = shape.number & 0xff;
    this.#bytes[at + 1] = shape.number >> 8;
  }

  #number(shape: Shape): void {
    // Names of fields come from the schema, so there are few; more of them would be somebody's mistake.
    if (this.#shapes.length >= NUMBERS_MAX) throw new RangeError('Events of too many shapes for one record.');
    const text = JSON.stringify(shape.names());
    shape.record = this.#record;
    shape.number = this.#shapes.length;
    this.#shapesLength += Buffer.byteLength(text) + (shape.number === 0 ? 0 : 1);
    this.#shapes.push(text);
  }

  #value(value: unknown, isUnique: boolean): void {
    if (typeof value === 'string') {
      if (isUnique) this.#text(value, tags.ownText);
      else this.#known(value);
    } else if (typeof value === 'number') this.#numeric(value);
    else if (typeof value === 'boolean') this.#tag(value ? tags.true : tags.false);
    else if (Array.isArray(value) && value.length < NUMBERS_MAX) {
      this.#tagged(tags.list, value.length);
      for (const item of value as readonly unknown[]) this.#value(item, false);
    } else if (isObject(value)) this.#part(value);
    else this.#json(value);
  }

  #part(object: object): void {
    const known = this.#shared.get(object);
    if (known !== undefined) {
      this.#tagged(tags.shared, known);
      return;
    }
    const text = this.#shared.size < NUMBERS_MAX ? sharedText(object) : undefined;
    if (text === undefined) {
      this.#tag(tags.object);
      this.#object(object);
      return;
    }
    this.#shared.set(object, this.#shared.size);
    this.#long(tags.newShared, text);
  }

  #known(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      if (known < TEXTS) this.#tag(known);
      else this.#tagged(tags.text, known);
      return;
    }
    if (this.#texts.size >= NUMBERS_MAX) this.#text(text, tags.ownText);
    // What must go as JSON gets no number.
    else if (this.#text(text, tags.newText)) this.#texts.set(text, this.#texts.size);
  }

  /** @returns false when it went as a value of another tag. */
  #text(text: string, tag: typeof tags.newText | typeof tags.ownText): boolean {
    const size = text.length;
    this.#reserve(size * 3 + 5);
    const bytes = this.#bytes;
    const at = this.#length;
    if (size <= SHORT) {
      let all = 0;
      for (let i = 0; i < size; i++) all |= bytes[at + 2 + i] = text.charCodeAt(i);
      if (all < 0x80) return this.#short(tag, size);
    } else if (size <= SMALL) {
      const written = bytes.write(text, at + 2);
      if (written === size) return this.#short(tag, size);
    }
    if (!text.isWellFormed()) {
      this.#json(text);
      return false;
    }
    this.#long(tag === tags.newText ? tags.newLongText : tags.ownLongText, text);
    return true;
  }

  #short(tag: number, size: number): true {
    this.#bytes[this.#length] = tag;
    this.#bytes[this.#length + 1] = size;
    this.#length += 2 + size;
    return true;
  }

  #long(tag: number, text: string): void {
    this.#reserve(text.length * 3 + 5);
    const written = this.#bytes.write(text, this.#length + 5);
    this.#bytes[this.#length] = tag;
    this.#bytes.writeUInt32LE(written, this.#length + 1);
    this.#length += 5 + written;
  }

  /** As in JSON, -0 becomes 0. */
  #numeric(value: number): void {
    this.#reserve(9);
    if (value >>> 0 !== value) {
      this.#bytes[this.#length] = tags.f64;
      this.#bytes.writeDoubleLE(value, this.#length + 1);
      this.#length += 9;
    } else if (value < 0x100) {
      this.#bytes[this.#length] = tags.u8;
      this.#bytes[this.#length + 1] = value;
      this.#length += 2;
    } else if (value < 0x1_0000) this.#tagged(tags.u16, value);
    else {
      this.#bytes[this.#length] = tags.u32;
      this.#bytes.writeUInt32LE(value, this.#length + 1);
      this.#length += 5;
    }
  }

  #json(value: unknown): void {
    this.#long(tags.json, stringify(value) ?? 'null');
  }

  #tag(tag: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = tag;
  }

  /** @param number below 2^16. */
  #tagged(tag: number, number: number): void {
    this.#reserve(3);
    this.#bytes[this.#length] = tag;
    this.#bytes[this.#length + 1] = number & 0xff;
    this.#bytes[this.#length + 2] = number >> 8;
    this.#length += 3;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
