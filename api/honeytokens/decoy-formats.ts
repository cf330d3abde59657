import { generateKeyPairSync, randomBytes, randomInt, randomUUID, sign } from 'node:crypto';
import { RawSecret } from '../../ingest/event/raw-secret.js';
import type { HoneytokenFormat } from '../schemas/honeytokens.js';

/** A decoy as it is printed once: lines to plant, and the part that a proxy or a trail would see of it. */
export interface MadeDecoy {
  readonly lines: readonly string[];
  readonly presented: RawSecret;
}

export interface DecoyWishes {
  /** JWT: who is said to have issued it. */
  readonly issuer: string;
  /** JWT: whose it is said to be. */
  readonly subject: string;
  readonly nowMs: number;
}

const DIGITS = '0123456789';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const BASE62 = `${DIGITS}${UPPER}${UPPER.toLowerCase()}`;
/** RFC 4648 §6, which AWS writes its ids in. */
const BASE32 = `${UPPER}234567`;
const YEAR_S = 31_536_000;

const pick = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');

const whole = (text: string): MadeDecoy => ({ lines: [text], presented: new RawSecret(text) });

const makers: Readonly<Record<Exclude<HoneytokenFormat, 'existing'>, (wishes: DecoyWishes) => MadeDecoy>> = {
  aws: () => {
    const id = `AKIA${pick(BASE32, 16)}`;
    const secret = pick(`${BASE62}+/`, 40);
    return { lines: [`aws_access_key_id = ${id}`, `aws_secret_access_key = ${secret}`], presented: new RawSecret(id) };
  },
  github: () => {
    const random = pick(BASE62, 30);
    return whole(`ghp_${random}${githubChecksum(random)}`);
  },
  slack: () => whole(`xoxb-${pick(DIGITS, 12)}-${pick(DIGITS, 13)}-${pick(BASE62, 24)}`),
  stripe: () => whole(`sk_live_51${pick(BASE62, 97)}`),
  generic: () => whole(randomBytes(32).toString('base64url')),
  jwt: (wishes) => whole(throwAwayJwt(wishes)),
};

export function makeDecoy(format: Exclude<HoneytokenFormat, 'existing'>, wishes: DecoyWishes): MadeDecoy {
  return makers[format](wishes);
}

/**
 * The last six characters of a GitHub token: CRC-32 of the random part in base 62, zeros in front
 * (https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/). Scanners check it.
 */
export function githubChecksum(random: string): string {
  let rest = crc32(Buffer.from(random));
  let text = '';
  for (let place = 0; place < 6; place += 1) {
    text = `${BASE62[rest % 62] ?? ''}${text}`;
    rest = Math.floor(rest / 62);
  }
  return text;
}

/** CRC-32 as in ISO 3309, RFC 1952 §8. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Signed properly, by a key that nobody keeps: it looks right until an issuer's key is asked. */
function throwAwayJwt({ issuer, subject, nowMs }: DecoyWishes): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const issued = Math.floor(nowMs / 1000);
  const claims = {
    iss: issuer,
    sub: subject,
    jti: randomUUID(),
    iat: issued,
    exp: issued + YEAR_S,
    scope: 'read write',
  };
  const input = `${part({ alg: 'ES256', typ: 'at+jwt', kid: randomUUID() })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}
