import * as crypto from 'node:crypto';

/** One-shot hashing came with Node 20.12 and costs a third; 20.0 to 20.11 take the longer way. */
const oneShot = (crypto as Partial<Pick<typeof crypto, 'hash'>>).hash;

/** SHA-256 of bytes, or of a text's UTF-8 bytes, as lower-case hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return oneShot === undefined
    ? crypto.createHash('sha256').update(data).digest('hex')
    : oneShot('sha256', data, 'hex');
}
