import { z } from 'zod';
import { type Others, othersIn, type PeerSample, SAMPLE_BYTES_MAX, withMember } from '../core/peer-sample.js';

/** Values that are remembered of a group of peers; what comes when there is no room is not compared until others are forgotten. */
const VALUES_MAX = 384;
/** Stands for being in the group; no value is it. */
const MEMBERSHIP = 0;

/** What a group of peers knows: of each value the members that have it. */
export const peerBookSchema = z
  .array(z.tuple([z.number(), z.array(z.number()).readonly()]).readonly())
  .max(VALUES_MAX + 1)
  .readonly();
export type PeerBook = z.output<typeof peerBookSchema>;

export const PEER_BOOK_BYTES_MAX = (VALUES_MAX + 1) * (16 + 4 + SAMPLE_BYTES_MAX);

const NOBODY: PeerSample = [];
const sampleOf = (book: PeerBook, value: number): PeerSample => book.find((one) => one[0] === value)?.[1] ?? NOBODY;

/** The book with a use of a member. @param values above 0. @param forgetDays after which a member without a use counts no longer. */
export function withUse(
  book: PeerBook,
  values: readonly number[],
  member: number,
  timeMs: number,
  forgetDays: number,
): PeerBook {
  const used = new Set([MEMBERSHIP, ...values]);
  const kept = book.map((one): PeerBook[number] =>
    used.delete(one[0]) ? [one[0], withMember(one[1], member, timeMs, forgetDays)] : one,
  );
  if (used.size === 0) return kept;
  // Members leave a value when it is used; what nobody has used for so long goes whole.
  const alive =
    kept.length + used.size > VALUES_MAX ? kept.filter((one) => hasMembers(one[1], timeMs, forgetDays)) : kept;
  const room = VALUES_MAX + 1 - alive.length;
  const added = [...used].slice(0, room).map((value): PeerBook[number] => [value, withMember(NOBODY, member, timeMs, forgetDays)]); // prettier-ignore
  return [...alive, ...added];
}

const hasMembers = (sample: PeerSample, timeMs: number, forgetDays: number): boolean =>
  othersIn(sample, -1, timeMs + 1, forgetDays).count > 0;

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

  /** False where the group has more values than are remembered, so that one that is missing may yet be known. */
  get isComplete(): boolean {
    return this.#book.length <= VALUES_MAX;
  }
}
