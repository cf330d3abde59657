import { BoundedCache } from '../core/bounded-cache.js';
import { isObject } from '../core/is-object.js';
import { NUMBERS_MAX, PACKED, PACKED_VERSION, tags, TEXTS } from './packed-layout.js';
import { sharedFacts } from './shared-facts.js';

/** Characters of text in each of two generations: some ten thousand tokens. */
const TEXT_MAX = 4 << 20;
/** An event has three levels; bytes of somebody else's must not exhaust the stack. */
const DEPTH_MAX = 16;

interface Shared {
  readonly facts: object;
  /** Seen in a second record, so that work on it is worth remembering. */
  isKnown: boolean;
}

/** Whether bytes are a record of this layout, whatever its version. */
export const isPacked = (value: Buffer): boolean => value[0] === PACKED;

/** What a record holds; the objects are still to be checked against the schema. */
export interface Unpacked {
  readonly objects: readonly unknown[];
  /** Why it was not read to its end; null when it was. */
  readonly fault: string | null;
}

/**
 * Reads records of packed-layout.ts. An object that was shared when it was written is one object again, also over
 * records: it must not change afterwards.
 */
export class EventUnpacker {
  readonly #known = new BoundedCache<Shared>(TEXT_MAX);
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #depth = 0;
  #shapes: readonly (readonly string[])[] = [];
  #texts: string[] = [];
  #shared: object[] = [];

  /** Never throws: what stands before a fault is given. */
  unpack(value: Buffer): Unpacked {
    const objects: unknown[] = [];
    this.#bytes = value;
    this.#at = 1;
    this.#depth = 0;
    try {
      const version = this.#u8();
      if (version !== PACKED_VERSION)
        return { objects, fault: `Its layout is version ${version}; this release reads ${PACKED_VERSION}.` };
      this.#shapes = shapesOf(this.#json());
      while (this.#at < value.length) objects.push(this.#object());
      return { objects, fault: null };
    } catch {
      return { objects, fault: `It breaks at byte ${Math.min(this.#at, value.length)} of ${value.length}.` };
    } finally {
      this.#bytes = Buffer.alloc(0);
      this.#texts = [];
      this.#shared = [];
    }
  }

  #object(): object {
    const shape = this.#shapes[this.#u16()];
    if (shape === undefined || this.#depth >= DEPTH_MAX) throw new RangeError('no such shape, or too deep');
    this.#depth += 1;
    const object: Record<string, unknown> = {};
    for (let i = 0; i < shape.length; i++) object[shape[i] as string] = this.#value();
    this.#depth -= 1;
    return object;
  }

  #value(): unknown {
    const tag = this.#u8();
    if (tag < TEXTS) return of(this.#texts, tag);
    switch (tag) {
      case tags.text:
        return of(this.#texts, this.#u16());
      case tags.newText:
        return this.#remember(this.#short());
      case tags.newLongText:
        return this.#remember(this.#long());
      case tags.ownText:
        return this.#short();
      case tags.ownLongText:
        return this.#long();
      case tags.object:
        return this.#object();
      case tags.shared:
        return of(this.#shared, this.#u16());
      case tags.newShared:
        return this.#newShared(this.#long());
      case tags.u8:
        return this.#u8();
      case tags.u16:
        return this.#u16();
      case tags.u32:
        return this.#u32();
      case tags.f64:
        this.#at += 8;
        return this.#bytes.readDoubleLE(this.#at - 8);
      case tags.true:
        return true;
      case tags.false:
        return false;
      case tags.list:
        return this.#list();
      case tags.json:
        return this.#json();
      default:
        throw new RangeError('no such tag');
    }
  }

  #list(): readonly unknown[] {
    const count = this.#u16();
    if (this.#depth >= DEPTH_MAX) throw new RangeError('too deep');
    this.#depth += 1;
    const list: unknown[] = [];
    for (let i = 0; i < count; i++) list.push(this.#value());
    this.#depth -= 1;
    return list;
  }

  #newShared(text: string): object {
    let known = this.#known.get(text);
    if (known === undefined) {
      const facts: unknown = JSON.parse(text);
      if (!isObject(facts)) throw new RangeError('no object');
      known = { facts, isKnown: false };
      this.#known.set(text, known);
    } else if (!known.isKnown) {
      known.isKnown = true;
      sharedFacts(known.facts, text);
    }
    if (this.#shared.length < NUMBERS_MAX) this.#shared.push(known.facts);
    return known.facts;
  }

  #remember(text: string): string {
    if (this.#texts.length < NUMBERS_MAX) this.#texts.push(text);
    return text;
  }

  #short(): string {
    const size = this.#u8();
    return this.#bytes.toString('latin1', this.#at, this.#forward(size));
  }

  #long(): string {
    const size = this.#u32();
    return this.#bytes.toString('utf8', this.#at, this.#forward(size));
  }

  #json(): unknown {
    return JSON.parse(this.#long());
  }

  #forward(bytes: number): number {
    this.#at += bytes;
    if (this.#at > this.#bytes.length) throw new RangeError('too short');
    return this.#at;
  }

  #u8(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError('too short');
    this.#at += 1;
    return byte;
  }

  #u16(): number {
    return this.#u8() | (this.#u8() << 8);
  }

  #u32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }
}

/** A number for which nothing was told would be a field that is silently missing. */
function of<T>(list: readonly T[], number: number): T {
  const found = list[number];
  if (found === undefined) throw new RangeError('nothing of that number');
  return found;
}

function shapesOf(json: unknown): readonly (readonly string[])[] {
  const isShape = (shape: unknown): shape is string[] =>
    // Setting a field of that name would set the prototype.
    Array.isArray(shape) && shape.every((name) => typeof name === 'string' && name !== '__proto__');
  if (!Array.isArray(json) || !json.every(isShape)) throw new RangeError('no shapes');
  return json;
}
