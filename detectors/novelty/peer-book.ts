import { z } from 'zod';
import {
  dayOf,
  lastDayOf,
  type Others,
  othersIn,
  type PeerSample,
  SAMPLE_BYTES_MAX,
  withMember,
} from '../core/peer-sample.js';

/** Values that are remembered of a group of peers; what comes when there is no room is not compared until others are forgotten. */
const VALUES_MAX = 384;
/** Stands for being in the group; no value is it. */
const MEMBERSHIP = 0;
/** Stands for the days of the book, in place of members: the newest one, and the last one on which something had no room. */
const DAYS = -1;

/** What a group of peers knows: of each value the members that have it; at the end its days. */
export const peerBookSchema = z
  .array(z.tuple([z.number(), z.array(z.number()).readonly()]).readonly())
  .max(VALUES_MAX + 2)
  .readonly();
export type PeerBook = z.output<typeof peerBookSchema>;

export const PEER_BOOK_BYTES_MAX = (VALUES_MAX + 1) * (16 + 4 + SAMPLE_BYTES_MAX) + 24;

const NOBODY: PeerSample = [];
const sampleOf = (book: PeerBook, value: number): PeerSample => book.find((one) => one[0] === value)?.[1] ?? NOBODY;

/** The newest day of a book, and the last one on which something had no room; -Infinity for none. */
function daysOf(book: PeerBook): readonly [newest: number, lost: number] {
  const days = book.find((one) => one[0] === DAYS)?.[1];
  if (days !== undefined) return [days[0] ?? -Infinity, days[1] ?? -Infinity];
  // A version before knew of neither: of a full book nobody can tell what had no room.
  const newest = Math.max(-Infinity, ...book.map((one) => lastDayOf(one[1])));
  return [newest, book.length > VALUES_MAX ? newest : -Infinity];
}

/**
 * The book with a use of a member. One that is older than what is remembered, as of an archive, takes nobody's place.
 *
 * @param values above 0.
 * @param forgetDays after which a member without a use counts no longer.
 */
export function withUse(
  book: PeerBook,
  values: readonly number[],
  member: number,
  timeMs: number,
  forgetDays: number,
): PeerBook {
  const today = dayOf(timeMs);
  const [newestBefore, lostBefore] = daysOf(book);
  const newest = Math.max(newestBefore, today);
  if (today < newest - forgetDays) return book;
  const used = new Set([MEMBERSHIP, ...values]);
  const known: PeerBook[number][] = [];
  for (const [value, sample] of book) {
    if (value === DAYS) continue;
    known.push([value, used.delete(value) ? withMember(sample, member, timeMs, forgetDays, newest) : sample]);
  }
  // Members leave a value when it is used; what nobody has used for so long goes whole.
  const isShort = known.length + used.size > VALUES_MAX;
  const alive = isShort ? known.filter((one) => lastDayOf(one[1]) >= newest - forgetDays) : known;
  const added = [...used].slice(0, VALUES_MAX + 1 - alive.length);
  const lost = added.length < used.size ? Math.max(lostBefore, today) : lostBefore;
  return [
    ...alive,
    ...added.map((value): PeerBook[number] => [value, withMember(NOBODY, member, timeMs, forgetDays)]),
    [DAYS, lost < newest - forgetDays ? [newest] : [newest, lost]],
  ];
}

/** What a member can ask of its group. */
export class PeerView {
  readonly #book: PeerBook;
  readonly #member: number;
  readonly #timeMs: number;
  readonly #forgetDays: number;

  constructor(book: PeerBook, member: number, timeMs: number, forgetDays: number) {
    this.#book = book;
    this.#member = member;
    this.#timeMs = timeMs;
    this.#forgetDays = forgetDays;
  }

  /** The other members of the group. @param agedMs before which they were there to count as aged. */
  members(agedMs: number): Others {
    return othersIn(sampleOf(this.#book, MEMBERSHIP), this.#member, this.#timeMs, this.#forgetDays, agedMs);
  }

  /** Those of them that have a value. */
  having(value: number): Others {
    return othersIn(sampleOf(this.#book, value), this.#member, this.#timeMs, this.#forgetDays);
  }

  /**
   * False where the group has more values than are remembered, so that one that is missing may yet be known: also when there is room
   * again, until whoever had such a one would have been told of again, or be forgotten.
   */
  get isComplete(): boolean {
    return daysOf(this.#book)[1] < dayOf(this.#timeMs) - this.#forgetDays;
  }
}
