import { z } from 'zod';

/** Sessions, networks and exchanged refresh tokens of one principal that are remembered. */
export const SESSIONS_MAX = 8;
export const NETWORKS_MAX = 8;
export const REFRESHES_MAX = 32;

const hash = z.number();
const ms = z.number();
const uid = z.string().max(36);

const sessionSchema = z.strictObject({ session: hash, lastMs: ms, awayMs: ms, endedMs: ms, endedUid: uid });
const refreshSchema = z.strictObject({ refresh: hash, network: hash, atMs: ms, uid });

/**
 * Texts as hashes; times in milliseconds, -1 for never. Oldest first. `awayMs` is the newest use of a session from a place
 * that was not known then.
 */
export const sessionStateSchema = z.strictObject({
  sessions: z.array(sessionSchema).max(SESSIONS_MAX).readonly(),
  networks: z.array(hash).max(NETWORKS_MAX).readonly(),
  /** Network and calling workload together. */
  homes: z.array(hash).max(NETWORKS_MAX).readonly(),
  refreshes: z.array(refreshSchema).max(REFRESHES_MAX).readonly(),
});

export type KnownSession = Readonly<z.output<typeof sessionSchema>>;
export type SessionState = z.output<typeof sessionStateSchema>;

export const SESSION_BYTES_MAX = SESSIONS_MAX * 165 + 2 * NETWORKS_MAX * 18 + REFRESHES_MAX * 130 + 70;

export const newSessionState = (): SessionState => ({ sessions: [], networks: [], homes: [], refreshes: [] });

/** The list with a session changed, as the newest; the oldest leaves. */
export function withSession(list: readonly KnownSession[], changed: KnownSession): readonly KnownSession[] {
  const others = list.filter(({ session }) => session !== changed.session);
  return [...others.slice(Math.max(0, others.length + 1 - SESSIONS_MAX)), changed];
}
