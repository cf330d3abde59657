import type { Observation } from '../core/detector.js';
import { dimensions } from '../core/dimensions.js';
import { textHash } from '../core/hash.js';
import { SERVED, sqlText, figureSql } from '../core/reproduce.js';
import { TURNS_MIN, type Seen, type Turns } from './novelty-state.js';

const COUNTRY = dimensions.findIndex(({ name }) => name === 'country');

/** The window in which uses of two places are by turns, as that of `concurrent`. */
const TURNS_WINDOW_MS = 30 * 60_000;

/** A session outlives the tokens that are renewed in it. */
const sessionOf = ({ event }: Observation): string => event.session_uid ?? event.token?.token_uid ?? '';

/**
 * The turns with a use in them: of a person, whose country is told.
 *
 * @param seen the principal's values as they were before it.
 * @param freshS second from which on a value counts as new.
 */
export function withTurn(turns: Turns | null, observation: Observation, seen: readonly (readonly Seen[])[], freshS: number): Turns | null {
  const { event, timeMs } = observation;
  const country = event.client?.geo?.country_iso_code;
  if (country === undefined || event.principal?.kind !== 'user') return turns;
  const known = seen[COUNTRY] ?? [];
  // Nearly every use: one country, long known, and nothing going on.
  if (turns === null && known.length < 2 && known[0]?.[0] === textHash(country)) return null;
  const isNew = isNewCountry(known, country, freshS);
  const session = textHash(sessionOf(observation));
  if (turns?.session !== session) return isNew ? { session, isNew, lastMs: timeMs, timesMs: [] } : turns;
  if (timeMs < turns.lastMs) return turns;
  const sinceMs = timeMs - TURNS_WINDOW_MS;
  const isTurn = turns.isNew !== isNew && turns.lastMs > sinceMs;
  const timesMs = isTurn ? [...turns.timesMs.slice(1 - TURNS_MIN), timeMs] : turns.timesMs;
  return { session, isNew, lastMs: timeMs, timesMs };
} // prettier-ignore

/** New to a principal whose countries are known. */
function isNewCountry(known: readonly Seen[], country: string, freshS: number): boolean {
  const past = known.filter((one) => one[1] < freshS);
  const hash = textHash(country);
  const max = dimensions[COUNTRY]?.max ?? 0;
  return past.length > 0 && past.length < max && !past.some(([value]) => value === hash);
}

/** Whether the use that made them is the last of enough turns. */
export const isByTurns = (turns: Turns | null, timeMs: number): boolean =>
  turns !== null && turns.timesMs.length === TURNS_MIN && turns.timesMs[TURNS_MIN - 1] === timeMs && (turns.timesMs[0] ?? 0) > timeMs - TURNS_WINDOW_MS; // prettier-ignore

/** 1 where the session was used from two countries or more within the window. */
export function turnsSql(observation: Observation): string {
  const { session_uid: session, token } = observation.event;
  const whose = session === undefined ? `token_uid = ${sqlText(token?.token_uid ?? '')}` : `session_uid = ${sqlText(session)}`; // prettier-ignore
  const countries = "uniqExactIf(client_country, client_country != '')";
  return figureSql(observation, observation.timeMs - TURNS_WINDOW_MS, `${SERVED} AND ${whose}`, `toUInt8(${countries} > 1)`); // prettier-ignore
}
