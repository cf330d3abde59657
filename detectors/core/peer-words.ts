import type { PrincipalFacts, TokenEvent } from '../../ingest/event/token-event.js';
import { familyOf } from '../../ingest/enrich/user-agent.js';
import { peerValues, peerValuesOf } from './dimensions.js';
import { ListHash, textHash } from './hash.js';
import { peerGroupOf } from './peer-group.js';
import { dayOf, MEMBER_SPAN, PEERS_REMEMBERED } from './peer-sample.js';
import type { PeerWord } from './pulse.js';

/** Of one memory; beyond it is forgotten what was told, and told again, which does no harm. */
const USES_MAX = 100_000;
const VALUES_MAX = 50_000;
/** Groups whose newest day is known. */
const GROUPS_MAX = 10_000;
const NO_TEXTS: readonly string[] = [];
/** Places of a member in a list. */
const STEP = 2;

interface Memory {
  /** When each combination of values was seen of a principal, the earliest that was looked at. */
  readonly uses: Map<number, number>;
  /** Of each value of a group the members told, and when: hash and milliseconds in turn. */
  readonly values: Map<number, number[]>;
}

const newMemory = (): Memory => ({ uses: new Map(), values: new Map() });

function forget({ uses, values }: Memory): void {
  uses.clear();
  values.clear();
}

/** Which of its peers a principal is, in 32 bits: of a group only some are remembered. */
export const memberOf = (uid: string): number => textHash(uid) % MEMBER_SPAN;

/**
 * Says which served uses the groups of peers must hear of: of each value of a group, each day anew, the members that are
 * among the {@link PEERS_REMEMBERED} with the smallest hashes up to then. What one partition leaves out, those it has told stand
 * before, so all partitions together tell at least that sample, at the time when each member had the value first.
 */
export class PeerWords {
  /** Of the newest day of event time. */
  readonly #today = newMemory();
  /** Of all days before, as of archives. */
  readonly #older = newMemory();
  #newest = -Infinity;
  /** The newest day of which a group was told. */
  readonly #newestOf = new Map<number, number>();

  /** @param timeMs that of the event, as detectors take it. @returns null where there is nothing to tell. */
  take(event: TokenEvent, timeMs: number): PeerWord | null {
    const { principal, action, outcome } = event;
    if (principal === undefined || action !== 'use' || outcome !== 'success') return null;
    const day = dayOf(timeMs);
    if (day > this.#newest) {
      this.#newest = day;
      forget(this.#today);
    }
    const isOlder = day < this.#newest;
    const memory = isOlder ? this.#older : this.#today;
    const period = isOlder ? `${day} ${this.#newestDayOf(principal)}` : '';
    // Both are noted: most uses have been seen in both, and few in neither.
    const isOldPlace = isKnown(memory.uses, placeOf(period, event, principal), timeMs);
    const isOldPurpose = isKnown(memory.uses, purposeOf(period, event, principal), timeMs);
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
    const news = values.filter((value) => tell(memory.values, textHash(`${period} ${group} ${value}`), member, timeMs));
    if (news.length === 0) return null;
    this.#noteDay(group, day);
    return { group, member };
  }

  /**
   * Of older days it matters when they are told: once a group has heard of a later day, members leave it, and there may be a place for one
   * that had none before. So what was told before that is told again.
   */
  #newestDayOf(principal: PrincipalFacts): number {
    return this.#newestOf.get(peerGroupOf(principal)?.hash ?? 0) ?? 0;
  }

  #noteDay(group: number, day: number): void {
    const known = this.#newestOf.get(group);
    if (known !== undefined && known >= day) return;
    if (known === undefined && this.#newestOf.size >= GROUPS_MAX) {
      this.#newestOf.clear();
      forget(this.#older);
    }
    this.#newestOf.set(group, day);
  }
}

/** Asked of each event, so nothing is made for it. */
const hash = new ListHash();

/** What names the values of a place in one number, and those of a purpose. */
function placeOf(period: string, event: TokenEvent, principal: PrincipalFacts): number {
  const { client: from, caller, token } = event;
  begin(period, principal).add(from?.network_name ?? from?.asn?.toString() ?? from?.address ?? '');
  hash.add(from?.geo?.country_iso_code ?? '').add(familyOf(event)).add(caller?.service ?? '');
  for (const scope of token?.scopes ?? NO_TEXTS) hash.add(scope);
  hash.add('');
  for (const audience of token?.audience ?? NO_TEXTS) hash.add(audience);
  return hash.end();
} // prettier-ignore

function purposeOf(period: string, { target }: TokenEvent, principal: PrincipalFacts): number {
  const { service = '', method = '', route = '' } = target ?? {};
  return begin(period, principal).add(service).add(method).add(route).end();
}

const begin = (period: string, { principal_uid: uid, client_id: client = '' }: PrincipalFacts): ListHash =>
  hash.begin().add(period).add(uid).add(client);

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
  if (before >= PEERS_REMEMBERED) return false;
  // Whoever leaves is told of again when it comes again: that does no harm.
  if (told.length >= PEERS_REMEMBERED * STEP) told.splice(largest, STEP);
  told.push(member, timeMs);
  return true;
}
