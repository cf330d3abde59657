import { sha256Hex } from '../core/sha256.js';

/** Each part is preceded by its length, so that no two different lists of parts give the same text. */
const lengthened = (part: string): string => `${part.length}:${part}`;

function uuidOfParts(parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += lengthened(part);
  return uuidV8OfHex(sha256Hex(text));
}

/** What the ids of an instance's records begin with; a collector reads few instances, mostly many records of each. */
class Beginning {
  readonly #kind: string;
  #product = '';
  #instance = '';
  #text = '';

  constructor(kind: string) {
    this.#kind = kind;
  }

  of(product: string, instance: string): string {
    if (product !== this.#product || instance !== this.#instance || this.#text === '') {
      this.#product = product;
      this.#instance = instance;
      this.#text = [this.#kind, product, instance].map(lengthened).join('');
    }
    return this.#text;
  }
}
const beginningById = new Beginning('id');
const beginningByPosition = new Beginning('position');

function uuidV8OfHex(hex: string): string {
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * UUIDv8 (RFC 9562 §5.8): the first 128 bits of the hash with version and variant set.
 *
 * @param hash 16 bytes or more.
 */
export function uuidV8(hash: Buffer): string {
  return uuidV8OfHex(hash.toString('hex', 0, 16));
}

/** The same parts in the same order give the same UUIDv8, everywhere and always. */
export function deterministicUuid(...parts: string[]): string {
  return uuidOfParts(parts);
}

/** event_uid of a record to which its product gave an id of its own; the same id read twice is one event. */
export function eventUidFromId(product: string, instance: string, nativeId: string): string {
  return uuidV8OfHex(sha256Hex(beginningById.of(product, instance) + lengthened(nativeId)));
}

/**
 * event_uid of a record without an id of its own.
 *
 * @param position stable identity of the file, request or stream, and the offset inside it.
 * @param ordinal which event of the record it is, when one record makes several; from 0.
 */
export function eventUidFromPosition(
  product: string,
  instance: string,
  position: { readonly container: string; readonly offset: number },
  ordinal = 0,
): string {
  const place = lengthened(position.container) + lengthened(String(position.offset)) + lengthened(String(ordinal));
  return uuidV8OfHex(sha256Hex(beginningByPosition.of(product, instance) + place));
}
