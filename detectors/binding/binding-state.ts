import { z } from 'zod';

/** Requests of the token's own workload that are remembered, to know them again further on. */
export const TRACES_MAX = 32;

const hash = z.number();
const ms = z.number();

/** What the token was seen bound to: texts as hashes, 0 for none; times in milliseconds, -1 for never. */
export const bindingStateSchema = z.strictObject({
  /** cnf of the first use that told one. */
  key: hash,
  keyMs: ms,
  /** Bytes of the first served use, and the fingerprint key under which they were hashed. */
  secret: hash,
  fingerprintKey: hash,
  secretMs: ms,
  secretUid: z.string().max(36),
  /** Traces and requests in which the token's own workload presented it. */
  traces: z.array(hash).max(TRACES_MAX).readonly(),
  ownUses: z.number(),
});

export type BindingState = z.output<typeof bindingStateSchema>;

export const BINDING_BYTES_MAX = 8 * 36 + 40 + TRACES_MAX * 18;

const NONE: readonly number[] = [];

export const newBindingState = (): BindingState => ({
  key: 0, keyMs: -1, secret: 0, fingerprintKey: 0, secretMs: -1, secretUid: '', traces: NONE, ownUses: 0,
}); // prettier-ignore
