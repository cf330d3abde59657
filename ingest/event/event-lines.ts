import { isObject } from '../core/is-object.js';
import type { TokenEvent } from './token-event.js';

/** JSON of objects that stand in many events, if it is ASCII. */
const texts = new WeakMap<object, string>();

/**
 * Facts that many events will hold as this very object (those of one token, of one source): their JSON is made once.
 * They must not change afterwards.
 */
export function sharedFacts<T extends object>(facts: T): T {
  const text = JSON.stringify(facts);
  if (isAscii.test(text)) texts.set(facts, text);
  return facts;
}

/** True for what `sharedFacts` was given: work on it is worth remembering. */
export const isShared = (facts: object): boolean => texts.has(facts);

const isAscii = /^[ -~]*$/;
/** Anything else is left to JSON.stringify: what needs a backslash, and what is more than a byte. */
const isPlain = /^[ !#-[\]-~]*$/;

const FIRST_BYTES = 1 << 16;
const QUOTE = 0x22;
/** Crossing into C++ costs more than copying a short text by hand. */
const SHORT = 24;

/** `"name":` of each field, `,"name":` of those that are not an object's first. */
interface FieldName {
  readonly first: Buffer;
  readonly next: Buffer;
}
const fieldNames = new Map<string, FieldName>();

function newFieldName(name: string): FieldName {
  const text = `${JSON.stringify(name)}:`;
  const made = { first: Buffer.from(`{${text}`), next: Buffer.from(`,${text}`) };
  fieldNames.set(name, made);
  return made;
}

/**
 * Writes events as NDJSON, the bytes that JSON.stringify would give for each, straight into a buffer: most of an event
 * is the same in many others, and a text of a thousand events would only be made to be copied again.
 */
export class EventLines {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds an event, its line ended. */
  add(event: TokenEvent): void {
    this.#object(event);
    this.#reserve(1);
    this.#bytes[this.#length++] = 10;
  }

  /** Hands out the first `count` bytes as a buffer of their own; the rest stays. */
  take(count: number): Buffer {
    const taken = Buffer.allocUnsafeSlow(count);
    this.#bytes.copy(taken, 0, 0, count);
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
    return taken;
  }

  #object(object: object): void {
    let isFirst = true;
    for (const name in object) {
      const value = (object as Record<string, unknown>)[name];
      if (value === undefined) continue;
      // Names of fields come from the schema, so they are few.
      const field = fieldNames.get(name) ?? newFieldName(name);
      this.#copy(isFirst ? field.first : field.next);
      isFirst = false;
      this.#value(value);
    }
    if (isFirst) this.#ascii('{}');
    else {
      this.#reserve(1);
      this.#bytes[this.#length++] = 0x7d;
    }
  }

  #value(value: unknown): void {
    if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number' && Number.isFinite(value)) this.#ascii(String(value));
    else if (isObject(value)) {
      const known = texts.get(value);
      if (known === undefined) this.#object(value);
      else this.#ascii(known);
    } else this.#any(JSON.stringify(value));
  }

  #text(text: string): void {
    if (!isPlain.test(text)) {
      this.#any(JSON.stringify(text));
      return;
    }
    this.#reserve(text.length + 2);
    this.#bytes[this.#length++] = QUOTE;
    this.#ascii(text);
    this.#bytes[this.#length++] = QUOTE;
  }

  #ascii(text: string): void {
    const size = text.length;
    this.#reserve(size + 1);
    if (size > SHORT) {
      this.#length += this.#bytes.write(text, this.#length, 'latin1');
      return;
    }
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < size; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  #any(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  #copy(from: Buffer): void {
    const size = from.length;
    this.#reserve(size);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < size; i++) bytes[at++] = from[i] ?? 0;
    this.#length = at;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
