import { AppError } from '../core/errors.js';
import { KEY_BYTES_MIN, type FingerprintKey } from './fingerprint.js';

const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * Reads a fingerprint key file: one key a line, `<key id> <base64 of 32 or more bytes>`, the active key first, older
 * keys that still overlap below it; `#` starts a comment line.
 *
 * @throws AppError TQ_KEY_INVALID naming line and mend, never quoting what stands there.
 */
export function parseKeyFile(text: string): FingerprintKey[] {
  const keys: FingerprintKey[] = [];
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  lines.forEach((raw, index) => {
    const line = raw.trim();
    if (line !== '' && !line.startsWith('#')) keys.push(parseLine(line, index + 1, keys));
  });
  if (keys.length === 0) {
    throw new AppError('TQ_KEY_INVALID', 'The key file holds no key.', { mend: 'Make one with `tourniquet keygen`.' });
  }
  return keys;
}

function parseLine(line: string, number: number, earlier: readonly FingerprintKey[]): FingerprintKey {
  const refuse = (fault: string, mend: string): never => {
    throw new AppError('TQ_KEY_INVALID', `Key file, line ${number}: ${fault}.`, { mend });
  };
  const [id = '', encoded = '', ...rest] = line.split(/\s+/);
  if (encoded === '' || rest.length > 0) {
    refuse('there must be two words, a key id and the key', 'Write `<key id> <base64 of 32 or more bytes>`.');
  }
  // A key in the place of the id must not come out in a message, so even the id is not quoted before it is known good.
  if (!KEY_ID.test(id)) {
    refuse('the key id is not 1 to 64 of A-Z a-z 0-9 . _ -', 'Choose a plain name such as `k1`.');
  }
  if (!BASE64.test(encoded)) refuse('the key is not base64', 'Make a new line with `tourniquet keygen`.');
  const key = Buffer.from(encoded, 'base64');
  if (key.length < KEY_BYTES_MIN) {
    refuse(
      `the key has ${key.length} bytes; ${KEY_BYTES_MIN} are the least`,
      'Make a new line with `tourniquet keygen`.',
    );
  }
  if (earlier.some((other) => other.id === id)) {
    refuse('the key id stands on an earlier line already', 'Give each key its own id.');
  }
  if (earlier.some((other) => other.key.equals(key))) {
    refuse('the same key stands on an earlier line already', 'Remove one of the two lines.');
  }
  return { id, key };
}

/**
 * One line for a key file, newline included: a fresh 256-bit key under a fresh id.
 *
 * @param randomBytes a cryptographically strong source, such as that of node:crypto.
 */
export function generateKeyFileLine(randomBytes: (size: number) => Buffer): string {
  const id = `k-${randomBytes(4).toString('hex')}`;
  return `${id} ${randomBytes(KEY_BYTES_MIN).toString('base64')}\n`;
}
