import { BoundedCache } from '../core/bounded-cache.js';
import { AppError } from '../core/errors.js';
import { HmacSha256 } from '../core/hmac-sha256.js';
import { TextCache } from '../core/text-cache.js';
import type { RawSecret } from './raw-secret.js';

/** RFC 2104 §3 discourages keys shorter than the hash's output. */
export const KEY_BYTES_MIN = 32;

export interface FingerprintKey {
  readonly id: string;
  /** 32 bytes or more. */
  readonly key: Buffer;
}

export interface Fingerprinter {
  readonly keyId: string;
  /** `tok_` and 22 base64url characters: the first 128 bits of HMAC-SHA-256 over the canonical identity. */
  tokenUid(canonical: string): string;
  /** `fp_` and 22 base64url characters: the same of the exact bytes presented. */
  secretFp(secret: RawSecret): string;
  /** Older keys that still overlap, newest first; each has no `previous` of its own. */
  readonly previous: readonly Fingerprinter[];
}

/** Up to 32,768 identities, or secrets, that are no longer than this; and of longer ones so many characters twice. */
const SHORT_LOG2 = 15;
const SHORT_MAX = 256;
const LONG_COST = 8 * 1024 * 1024;

class KeyedFingerprinter implements Fingerprinter {
  readonly keyId: string;
  readonly previous: readonly Fingerprinter[];
  readonly #hmac: HmacSha256;
  readonly #tokens = new TextCache<string>(SHORT_LOG2, SHORT_MAX);
  readonly #secrets = new TextCache<string>(SHORT_LOG2, SHORT_MAX);
  readonly #tokenDigest = (text: string): string => this.#digest('token', 'tok_', text);
  readonly #secretDigest = (text: string): string => this.#digest('secret', 'fp_', text);
  readonly #long = new BoundedCache<string>(LONG_COST);

  constructor(key: FingerprintKey, previous: readonly Fingerprinter[]) {
    this.keyId = key.id;
    this.#hmac = new HmacSha256(key.key);
    this.previous = previous;
  }

  tokenUid(canonical: string): string {
    return this.#tokens.of(canonical, this.#tokenDigest);
  }

  secretFp(secret: RawSecret): string {
    return this.#secrets.of(secret.reveal(), this.#secretDigest);
  }

  /** The domain word keeps a secret that looks like a canonical identity from giving that identity's digest. */
  #digest(domain: string, prefix: string, text: string): string {
    const message = `${domain}\0${text}`;
    if (text.length <= SHORT_MAX) return prefix + first128Bits(this.#hmac.base64url(message));
    const cached = this.#long.get(message);
    if (cached !== undefined) return cached;
    const made = prefix + first128Bits(this.#hmac.base64url(message));
    this.#long.set(message, made);
    return made;
  }
}

/** The base64url of the first 16 bytes: of the 22nd character only the upper two bits belong to them. */
function first128Bits(base64url: string): string {
  return base64url.slice(0, 21) + (lastCharacters[base64url.charCodeAt(21)] ?? '');
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** By the code of the character. */
const lastCharacters: string[] = Array.from({ length: 128 }, () => '');
for (let value = 0; value < 64; value += 1) lastCharacters[alphabet.charCodeAt(value)] = alphabet.charAt(value & 0x30);

/**
 * @param keys the active key first, then older ones that still overlap.
 * @throws AppError TQ_KEY_INVALID when there is none, one is shorter than 32 bytes, or an id or key comes twice.
 */
export function createFingerprinter(keys: readonly FingerprintKey[]): Fingerprinter {
  const [active, ...older] = keys;
  if (active === undefined) {
    throw new AppError('TQ_KEY_INVALID', 'There is no fingerprint key.', {
      mend: 'Make one with `tourniquet keygen`.',
    });
  }
  keys.forEach((key, index) => {
    checkKey(key);
    if (keys.slice(0, index).some((other) => other.id === key.id || other.key.equals(key.key))) {
      throw new AppError('TQ_KEY_INVALID', `Fingerprint key '${key.id}' is there twice, by its id or its bytes.`, {
        mend: 'Keep one line for each key.',
      });
    }
  });
  return new KeyedFingerprinter(
    active,
    older.map((key) => new KeyedFingerprinter(key, [])),
  );
}

function checkKey(key: FingerprintKey): void {
  if (key.key.length < KEY_BYTES_MIN) {
    throw new AppError(
      'TQ_KEY_INVALID',
      `Fingerprint key '${key.id}' has ${key.key.length} bytes; ${KEY_BYTES_MIN} are the least.`,
      { mend: 'Make a new one with `tourniquet keygen`.' },
    );
  }
}
