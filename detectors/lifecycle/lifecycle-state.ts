import { z } from 'zod';

/** Networks that are told apart. */
export const NETWORKS_MAX = 4;

const ms = z.number();
const hash = z.number();

/** What is remembered of a token's life: times in milliseconds, -1 where nothing is known; texts as hashes, 0 for none. */
export const lifecycleStateSchema = z.strictObject({
  /** When it was revoked, deleted or logged out. */
  endedMs: ms,
  /** event_uid of that. */
  endedBy: z.string().max(36),
  /** When the issuer rotated it, and what was presented until then. */
  rotatedMs: ms,
  secretBefore: hash,
  /** Last and first accepted use, and the longest silence between two. */
  lastMs: ms,
  /** Newest use from a network that the token was not known from then. */
  awayMs: ms,
  silenceMs: ms,
  /** Since when a key that people keep has not been used, though it is valid; -1 where nobody minds. */
  unusedMs: ms,
  /** What was presented last. */
  secret: hash,
  /** What the token first said of itself, and when. */
  toldMs: ms,
  keyId: hash,
  algorithm: hash,
  expiresMs: ms,
  /** Day since the epoch (UTC) and the uses in it. */
  day: z.number(),
  uses: z.number(),
  networks: z.array(hash).max(NETWORKS_MAX).readonly(),
});

export type LifecycleState = z.output<typeof lifecycleStateSchema>;

/** 14 numbers of up to 17 digits with their names, an event_uid, and the networks. */
export const LIFECYCLE_BYTES_MAX = 14 * 34 + 50 + NETWORKS_MAX * 18 + 16;

const NONE: readonly number[] = [];

export const newLifecycleState = (): LifecycleState => ({
  endedMs: -1, endedBy: '', rotatedMs: -1, secretBefore: 0, lastMs: -1, awayMs: -1, silenceMs: 0, unusedMs: -1, secret: 0, toldMs: -1, keyId: 0, algorithm: 0,
  expiresMs: -1, day: -1, uses: 0, networks: NONE,
}); // prettier-ignore
