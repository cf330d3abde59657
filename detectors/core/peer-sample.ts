/** By so many, those with the smallest hashes, is told how many there are: exact below. */
export const PEERS_SAMPLED = 8;
/**
 * Members that are remembered of a value, those with the smallest hashes. More than are counted by: whoever is forgotten leaves a place
 * that is taken again with the day's words only, and until then the sample must not look like one that was never full.
 */
export const PEERS_REMEMBERED = 12;
/** A member is a hash below this. */
export const MEMBER_SPAN = 2 ** 32;

const DAY_MS = 86_400_000;

/** Hash, time of the first use (milliseconds) and day of the last use of each member in turn, the smallest hash first. */
export type PeerSample = readonly number[];
const STEP = 3;
/** Bytes of a sample as JSON. */
export const SAMPLE_BYTES_MAX = PEERS_REMEMBERED * (10 + 13 + 5 + STEP) + 2;

/** What is known of those who have a value, or are in the group, beside one member. */
export interface Others {
  /** How many; an estimate where there are more than are remembered. */
  readonly count: number;
  /** How many of those remembered were there before `agedMs`. */
  readonly aged: number;
  /** First use of those remembered, the earliest, milliseconds; Infinity without any. */
  readonly oldestMs: number;
}

export const dayOf = (timeMs: number): number => Math.floor(timeMs / DAY_MS);

/**
 * The sample with one more use; members who were not seen for `forgetDays` leave. The order of members of one time does not matter, nor
 * that some outside the sample are told of as well.
 *
 * @param newestDay of all uses so far; that of this one unless told.
 */
export function withMember(
  sample: PeerSample,
  member: number,
  timeMs: number,
  forgetDays: number,
  newestDay = dayOf(timeMs),
): PeerSample {
  const today = dayOf(timeMs);
  const known = sample.findIndex((hash, at) => at % STEP === 0 && hash === member);
  if (known >= 0 && (sample[known + 1] ?? 0) <= timeMs && (sample[known + 2] ?? 0) >= today) return sample;
  const kept: (readonly [hash: number, firstMs: number, lastDay: number])[] = [];
  let firstMs = timeMs;
  let lastDay = today;
  for (let at = 0; at < sample.length; at += STEP) {
    const [hash = 0, first = 0, last = 0] = sample.slice(at, at + STEP);
    if (last < newestDay - forgetDays) continue;
    if (hash !== member) {
      kept.push([hash, first, last]);
      continue;
    }
    firstMs = Math.min(first, timeMs);
    lastDay = Math.max(last, today);
  }
  kept.push([member, firstMs, lastDay]);
  kept.sort((a, b) => a[0] - b[0]);
  return kept.slice(0, PEERS_REMEMBERED).flat();
}

/** Day of the last use of any of them; -Infinity without members. */
export function lastDayOf(sample: PeerSample): number {
  let newest = -Infinity;
  for (let at = STEP - 1; at < sample.length; at += STEP) newest = Math.max(newest, sample[at] ?? 0);
  return newest;
}

/**
 * The others at a time, without those who came at that very moment. Where there are K of them or more, their number is that of the K
 * smallest of n evenly spread hashes, n = (K - 1) / largest (Bar-Yossef et al. 2002): within a factor of 1.5 most times, good for bits.
 */
export function othersIn(
  sample: PeerSample,
  member: number,
  timeMs: number,
  forgetDays: number,
  agedMs = -Infinity,
): Others {
  const oldestDay = dayOf(timeMs) - forgetDays;
  const held = sample.length / STEP;
  let count = 0;
  let own = 0;
  let largest = 0;
  let aged = 0;
  let oldestMs = Infinity;
  for (let at = 0; at < sample.length; at += STEP) {
    const [hash = 0, first = 0, last = 0] = sample.slice(at, at + STEP);
    if (last < oldestDay || first >= timeMs) continue;
    if (count + own === PEERS_SAMPLED - 1) largest = hash;
    if (hash === member) {
      own = 1;
      continue;
    }
    count += 1;
    if (first < agedMs) aged += 1;
    if (first < oldestMs) oldestMs = first;
  }
  if (held < PEERS_SAMPLED) return { count, aged, oldestMs };
  const there = count + own;
  // Where too few are left, those who came later or left have their share in the estimate: they took the places of others.
  const all =
    there >= PEERS_SAMPLED
      ? spread(PEERS_SAMPLED, largest)
      : (spread(held, sample[sample.length - STEP] ?? 0) * there) / held;
  return { count: Math.max(count, Math.round(all) - own), aged, oldestMs };
}

/** How many there are if so many have the smallest hashes, up to the largest of these. */
const spread = (smallest: number, largest: number): number => (smallest - 1) / ((largest + 1) / MEMBER_SPAN);
