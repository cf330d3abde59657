import * as crypto from 'node:crypto';

/** One-shot hashing came with Node 20.12; 20.0 to 20.11 take the longer way. */
const oneShot = (crypto as Partial<Pick<typeof crypto, 'hash'>>).hash;

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const ROOM_BYTES = 4096;

/**
 * HMAC-SHA-256 (RFC 2104) under one key. Twice a one-shot hash costs a third of `crypto.createHmac`, which builds a
 * stream for each text; a collector makes several of these for every event.
 */
export class HmacSha256 {
  readonly #key: Buffer;
  /** The key's block for the inner hash, and room for the text behind it. */
  readonly #inner = Buffer.alloc(BLOCK_BYTES + ROOM_BYTES);
  /** The key's block for the outer hash, and the inner hash behind it. */
  readonly #outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);

  constructor(key: Uint8Array) {
    this.#key = Buffer.from(key);
    const block = Buffer.alloc(BLOCK_BYTES);
    // RFC 2104 §2: a key that is longer than the block is hashed first.
    const short = key.length > BLOCK_BYTES ? crypto.createHash('sha256').update(key).digest() : this.#key;
    short.copy(block);
    for (const [index, byte] of block.entries()) {
      this.#inner[index] = byte ^ 0x36;
      this.#outer[index] = byte ^ 0x5c;
    }
  }

  /** Of a text's UTF-8 bytes, as unpadded base64url: 43 characters. */
  base64url(text: string): string {
    // A UTF-16 unit is at most three bytes of UTF-8.
    if (oneShot === undefined || text.length * 3 > ROOM_BYTES) {
      return crypto.createHmac('sha256', this.#key).update(text, 'utf8').digest('base64url');
    }
    const end = BLOCK_BYTES + this.#inner.write(text, BLOCK_BYTES, 'utf8');
    this.#outer.write(oneShot('sha256', this.#inner.subarray(0, end), 'hex'), BLOCK_BYTES, 'hex');
    this.#inner.fill(0, BLOCK_BYTES, end);
    return oneShot('sha256', this.#outer, 'base64url');
  }
}
