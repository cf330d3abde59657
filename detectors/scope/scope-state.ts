import { z } from 'zod';

/** Refused routes, sessions, and scopes of a session that are remembered. */
export const ROUTES_MAX = 16;
export const SESSIONS_MAX = 4;
export const SCOPES_MAX = 32;

const hash = z.number();
const ms = z.number();

const routeSchema = z.strictObject({ route: hash, firstMs: ms, lastMs: ms });
const sessionSchema = z.strictObject({
  session: hash,
  startMs: ms,
  startUid: z.string().max(36),
  scopes: z.array(hash).max(SCOPES_MAX).readonly(),
});

/** Texts as hashes; times in milliseconds, -1 for never. */
export const scopeStateSchema = z.strictObject({
  /** Routes that were refused, the one refused last at the end. */
  refused: z.array(routeSchema).max(ROUTES_MAX).readonly(),
  /** Requests refused and served since the refusals that go on began. */
  refusals: z.number(),
  served: z.number(),
  /** Last change of rights that the principal made. */
  grantMs: ms,
  grantUid: z.string().max(36),
  sessions: z.array(sessionSchema).max(SESSIONS_MAX).readonly(),
});

export type RefusedRoute = Readonly<z.output<typeof routeSchema>>;
export type ScopeState = z.output<typeof scopeStateSchema>;

export const SCOPE_BYTES_MAX = ROUTES_MAX * 80 + SESSIONS_MAX * (120 + SCOPES_MAX * 18) + 200;

const NO_ROUTES: readonly RefusedRoute[] = [];
const NO_SESSIONS: ScopeState['sessions'] = [];

export const newScopeState = (): ScopeState => ({
  refused: NO_ROUTES, refusals: 0, served: 0, grantMs: -1, grantUid: '', sessions: NO_SESSIONS,
}); // prettier-ignore

/** The list with one more refusal in it. */
export function withRefusal(list: readonly RefusedRoute[], route: number, timeMs: number): readonly RefusedRoute[] {
  const known = list.find((one) => one.route === route);
  const others = list.filter((one) => one !== known);
  const room = others.length >= ROUTES_MAX ? others.slice(1) : others;
  return [...room, { route, firstMs: known?.firstMs ?? timeMs, lastMs: Math.max(known?.lastMs ?? timeMs, timeMs) }];
}
