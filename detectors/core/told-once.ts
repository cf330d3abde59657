import type { TokenEvent } from '../../ingest/event/token-event.js';
import { parseTime } from '../../ingest/event/time.js';
import { textHash } from './hash.js';

/** Lines of one request are told within this, milliseconds of event time; as hops are joined (ingest/store/hops). */
export const TOLD_MS = 15_000;
/** Requests remembered of one entity; beyond it the one told longest ago is forgotten, and a second line of it counts. */
const TOLD_MAX = 256;
const SECOND_MS = 1000;
/** Not of hexadecimal digits, as ids are. */
const HANDED_ON = 'told:';
/** Places in a remembered request. */
const KEY = 0;
const LAST_MS = 1;
const MOST = 2;
const FIRST_FORMAT = 3;

/** A request told of lately: its key, when last, the most lines in one format; then each format and its lines. */
export type ToldRequest = number[];

/**
 * What the lines have in common in which one proxy tells of one request in several formats: the proxy (product and instance),
 * what was asked for, and the request's id; without an id the status and the second. As hops are joined. NaN for what is no
 * use; below 2^53.
 */
export function requestKeyOf(event: TokenEvent): number {
  const { action, source, target, trace, time } = event;
  if (action !== 'use') return NaN;
  if (trace?.request_id?.startsWith(HANDED_ON) === true) return parseInt(trace.request_id.slice(HANDED_ON.length), 36);
  const id = trace?.request_id ?? trace?.trace_id;
  const named = id === undefined ? `${target?.status ?? 0} ${Math.floor(parseTime(time) / SECOND_MS)}` : `\n${id}`;
  return textHash(
    `${source.product}\n${source.instance}\n${target?.service ?? ''}\n${target?.method ?? ''}\n${target?.path ?? ''}\n${named}`,
  );
}

/** The same as the request id of an event that goes on without path and trace; {@link requestKeyOf} knows it again. */
export const handedOnKey = (event: TokenEvent): string => HANDED_ON + requestKeyOf(event).toString(36);

/**
 * Notes a line, and says whether a line before it told of the same request: the n-th line of a place in one format is its
 * n-th in another. So a log in two formats counts once in whichever order its lines come, and an id that a caller sends
 * again and again hides nothing.
 *
 * @param told requests of the entity, oldest first; changed in place.
 */
export function isToldAgain(told: ToldRequest[], event: TokenEvent, timeMs: number): boolean {
  const key = requestKeyOf(event);
  if (Number.isNaN(key)) return false;
  const format = textHash(event.source.record_type ?? '');
  const at = told.findLastIndex((one) => one[KEY] === key);
  const known = told[at];
  if (known === undefined || (known[LAST_MS] ?? 0) < timeMs - TOLD_MS) {
    if (known !== undefined) told.splice(at, 1);
    forget(told, timeMs);
    told.push([key, timeMs, 1, format, 1]);
    return false;
  }
  known[LAST_MS] = Math.max(known[LAST_MS] ?? 0, timeMs);
  let place = FIRST_FORMAT;
  while (place < known.length && known[place] !== format) place += 2;
  const lines = (known[place + 1] ?? 0) + 1;
  known[place] = format;
  known[place + 1] = lines;
  if (lines <= (known[MOST] ?? 0)) return true;
  known[MOST] = lines;
  return false;
}

/** Lets go of the oldest that are too old, and of one if there is no room. */
function forget(told: ToldRequest[], timeMs: number): void {
  let gone = told.length >= TOLD_MAX ? 1 : 0;
  while (gone < told.length && (told[gone]?.[LAST_MS] ?? 0) < timeMs - TOLD_MS) gone += 1;
  if (gone > 0) told.splice(0, gone);
}
