import type { PrincipalFacts, TokenEvent } from '../../ingest/event/token-event.js';
import { familyOf } from '../../ingest/enrich/user-agent.js';
import { peerValues, peerValuesOf } from './dimensions.js';
import { textHash } from './hash.js';
import { peerGroupOf } from './peer-group.js';
import { MEMBER_SPAN, PEERS_SAMPLED } from './peer-sample.js';
import type { PeerWord } from './pulse.js';

const DAY_MS = 86_400_000;
/** Days of event time of which is known what was told; of older ones all is told, which does no harm. */
const DAYS_MAX = 2;
/** Of one day; beyond it is forgotten what was told, and told again. */
const USES_MAX = 100_000;
const VALUES_MAX = 100_000;
/** Places of a member in a list. */
const STEP = 2;

interface Day {
  /** When each combination of values was seen of a principal, the earliest that was looked at. */
  readonly uses: Map<number, number>;
  /** Of each value of a group the members told, and when: hash and milliseconds in turn. */
  readonly values: Map<number, number[]>;
}

/** Which of its peers a principal is, in 32 bits: of a group only some are remembered. */
export const memberOf = (uid: string): number => textHash(uid) % MEMBER_SPAN;

/**
 * Says which served uses the groups of peers must hear of: of each value of a group, each day anew, the members that are
 * among the {@link PEERS_SAMPLED} with the smallest hashes up to then. What one partition leaves out, those it has told stand
 * before, so all partitions together tell at least that sample, at the time when each member had the value first.
 */
export class PeerWords {
  readonly #days = new Map<number, Day>();
  #newest = -Infinity;

  /** @param timeMs that of the event, as detectors take it. @returns null where there is nothing to tell. */
  take(event: TokenEvent, timeMs: number): PeerWord | null {
    const { principal, action, outcome } = event;
    if (principal === undefined || action !== 'use' || outcome !== 'success') return null;
    const day = this.#dayOf(Math.floor(timeMs / DAY_MS));
    // Both are noted: most uses have been seen in both, and few in neither.
    const isOldPlace = isKnown(day.uses, placeOf(event, principal), timeMs);
    const isOldPurpose = isKnown(day.uses, purposeOf(event, principal), timeMs);
    if (isOldPlace && isOldPurpose) return null;
    const group = peerGroupOf(principal)?.hash;
    if (group === undefined) return null;
    const member = memberOf(principal.principal_uid);
    const values = isOldPlace
      ? peerValuesOf('purpose', event)
      : isOldPurpose
        ? peerValuesOf('place', event)
        : peerValues(event);
    // All are looked at, so that each is known as told.
    const news = values.filter((value) => tell(day.values, textHash(`${group} ${value}`), member, timeMs));
    return news.length === 0 ? null : { group, member };
  }

  #dayOf(day: number): Day {
    const known = this.#days.get(day);
    if (known !== undefined) return known;
    const made: Day = { uses: new Map(), values: new Map() };
    if (day <= this.#newest - DAYS_MAX) return made;
    this.#newest = Math.max(this.#newest, day);
    this.#days.set(day, made);
    for (const old of this.#days.keys()) if (old <= this.#newest - DAYS_MAX) this.#days.delete(old);
    return made;
  }
}

/** What names the values of a place in one number, and those of a purpose; cheap, since it is asked of each event. */
function placeOf(event: TokenEvent, { principal_uid: uid, client_id: client = '' }: PrincipalFacts): number {
  const { client: from, caller, token } = event;
  const network = from?.network_name ?? from?.asn ?? from?.address ?? '';
  const [country, workload] = [from?.geo?.country_iso_code ?? '', caller?.service ?? ''];
  const rights = `${String(token?.scopes ?? '')}\n${String(token?.audience ?? '')}`;
  return textHash(`${uid}\n${client}\n${network}\n${country}\n${familyOf(event)}\n${workload}\n${rights}`);
}

function purposeOf({ target }: TokenEvent, { principal_uid: uid, client_id: client = '' }: PrincipalFacts): number {
  const { service = '', method = '', route = '' } = target ?? {};
  return textHash(`${uid}\n${client}\n${service} ${method} ${route}`);
}

/** True if it was seen by then; it is now. */
function isKnown(uses: Map<number, number>, use: number, timeMs: number): boolean {
  const seenMs = uses.get(use);
  if (seenMs !== undefined && seenMs <= timeMs) return true;
  if (uses.size >= USES_MAX) uses.clear();
  uses.set(use, timeMs);
  return false;
}

/** True if the member is among those with the smallest hashes of them that had the value by then, and was not told of. */
function tell(values: Map<number, number[]>, value: number, member: number, timeMs: number): boolean {
  const told = values.get(value);
  if (told === undefined) {
    if (values.size >= VALUES_MAX) values.clear();
    values.set(value, [member, timeMs]);
    return true;
  }
  let before = 0;
  let largest = 0;
  for (let at = 0; at < told.length; at += STEP) {
    const [hash = 0, firstMs = 0] = [told[at], told[at + 1]];
    if (hash === member) {
      if (firstMs <= timeMs) return false;
      told[at + 1] = timeMs;
      return true;
    }
    if (hash < member && firstMs <= timeMs) before += 1;
    if (hash > (told[largest] ?? 0)) largest = at;
  }
  if (before >= PEERS_SAMPLED) return false;
  // Whoever leaves is told of again when it comes again: that does no harm.
  if (told.length >= PEERS_SAMPLED * STEP) told.splice(largest, STEP);
  told.push(member, timeMs);
  return true;
}
