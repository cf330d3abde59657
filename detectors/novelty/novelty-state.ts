import { z } from 'zod';
import type { PastValue } from '../core/detector.js';
import { dimensions } from '../core/dimensions.js';
import { PEER_BOOK_BYTES_MAX, peerBookSchema, type PeerBook } from './peer-book.js';

/** One value of a dimension: its hash, when it was seen first and last (seconds), and how often (up to 2^31). */
export type Seen = [value: number, firstS: number, lastS: number, count: number];

/** Not read-only, which would freeze it: most uses change nothing but the newest of a list. */
const seenSchema = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** New country, old, new and old again: a VPN that is switched on and off makes one way back, a journey none. */
export const TURNS_MIN = 3;

/** Of the session that came from a new country last: where it was used last, when, and when it changed sides. */
const turnsSchema = z
  .strictObject({
    session: z.number(),
    isNew: z.boolean(),
    lastMs: z.number(),
    timesMs: z.array(z.number()).max(TURNS_MIN).readonly(),
  })
  .readonly();
export type Turns = z.output<typeof turnsSchema>;
const TURNS_BYTES = 64 + (3 + TURNS_MIN) * 17;

export const noveltyStateSchema = z.strictObject({
  /** Beginning of the learning period, milliseconds; -1 before the first use. */
  sinceMs: z.number(),
  lastMs: z.number(),
  uses: z.number(),
  /** Values by dimension, the one used longest ago first. */
  seen: z.array(z.array(seenSchema)).length(dimensions.length),
  /** Of a group of peers only, which has nothing else. */
  book: peerBookSchema,
  /** Of the session that came from a new country last; null without one. */
  turns: turnsSchema.nullable().default(null),
});

export type NoveltyState = z.output<typeof noveltyStateSchema>;

const SEEN_BYTES = 18 + 11 + 11 + 11 + 4;
export const NOVELTY_BYTES_MAX =
  128 + TURNS_BYTES + Math.max(PEER_BOOK_BYTES_MAX, dimensions.reduce((sum, { max }) => sum + 4 + max * SEEN_BYTES, 0)); // prettier-ignore

const COUNT_MAX = 0x7fffffff;
const NO_BOOK: PeerBook = [];

export const newNoveltyState = (): NoveltyState => ({
  sinceMs: -1,
  lastMs: -1,
  uses: 0,
  seen: dimensions.map(() => []),
  book: NO_BOOK,
  turns: null,
});

/** A value of a list, the newest first looked at; undefined where it was not seen. */
export function seenOf(list: readonly Readonly<Seen>[], value: number): Readonly<Seen> | undefined {
  return list[placeOf(list, value)];
}

function placeOf(list: readonly Readonly<Seen>[], value: number): number {
  let at = list.length - 1;
  while (at >= 0 && list[at]?.[0] !== value) at -= 1;
  return at;
}

/** Notes one more use of a value. @param list changed in place, since it is asked of every event. */
export function noteValue(list: Seen[], value: number, timeMs: number, max: number): void {
  const second = Math.floor(timeMs / 1000);
  const at = placeOf(list, value);
  const known = list[at];
  if (known === undefined) {
    if (list.length >= max) list.shift();
    list.push([value, second, second, 1]);
    return;
  }
  const isLast = at === list.length - 1;
  if (isLast && known[2] === second) return;
  known[2] = Math.max(known[2], second);
  known[3] = Math.min(known[3] + 1, COUNT_MAX);
  if (isLast) return;
  list.splice(at, 1);
  list.push(known);
}

/** The values with one that history tells of, which was used later than those before. */
export function withPast(
  list: readonly Seen[],
  value: number,
  { firstMs, lastMs, uses }: PastValue,
  max: number,
): Seen[] {
  const known = seenOf(list, value);
  const firstS = Math.min(known?.[1] ?? Infinity, Math.floor(firstMs / 1000));
  const seen: Seen = [value, firstS, Math.floor(lastMs / 1000), Math.min((known?.[3] ?? 0) + uses, COUNT_MAX)];
  const others = list.filter((one) => one !== known);
  return [...(others.length >= max ? others.slice(1) : others), seen];
}
