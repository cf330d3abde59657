import { createHmac } from 'node:crypto';
import { AppError } from '../../../ingest/core/errors.js';

/**
 * Standard Webhooks 1.0.0 (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
 * HMAC-SHA-256 over `id.timestamp.body`, written as `v1,<base64>`.
 */
export interface SigningKey {
  readonly key: Buffer;
}

const KEY_BYTES_MIN = 24;
const KEY_BYTES_MAX = 64;

/**
 * Reads a secret as the specification writes it: `whsec_` and base64 of 24 to 64 bytes; several, one a line, sign
 * together while a secret is being rotated.
 * @throws AppError TQ_CONFIG_INVALID without the secret in its message.
 */
export function parseSigningKeys(text: string, place: string): readonly SigningKey[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 0) throw badKey(place, 'holds no secret');
  return lines.map((line, index) => {
    const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(line);
    const key = Buffer.from(match?.[1] ?? '', 'base64');
    if (key.length < KEY_BYTES_MIN || key.length > KEY_BYTES_MAX) {
      throw badKey(
        place,
        `line ${index + 1} is not whsec_ followed by base64 of ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes`,
      );
    }
    return { key };
  });
}

function badKey(place: string, fault: string): AppError {
  return new AppError('TQ_CONFIG_INVALID', `Webhook secret ${place} ${fault}.`, {
    mend: 'Make one: echo "whsec_$(openssl rand -base64 32)" > FILE; give the same to the receiver.',
  });
}

/** @param timestampS seconds since the Unix epoch. */
export function webhookSignature(keys: readonly SigningKey[], id: string, timestampS: number, body: string): string {
  return keys
    .map(({ key }) => `v1,${createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64')}`)
    .join(' ');
}
