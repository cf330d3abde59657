import type { TokenEvent } from '../../ingest/event/token-event.js';
import { parseTime } from '../../ingest/event/time.js';
import { textHash } from './hash.js';

/** Lines of one request are told within this, milliseconds of event time; as hops are joined (ingest/store/hops). */
export const TOLD_MS = 15_000;
/** Requests remembered of one entity; beyond it the one told longest ago is forgotten, and a second line of it counts. */
const TOLD_MAX = 256;
const SECOND_MS = 1000;
const KEYS = 2 ** 53;
/** A part of a key, so that the sum of all stays a whole number. */
const PART = 2 ** 48;
/** Not of hexadecimal digits, as ids are. */
const HANDED_ON = 'told:';
/** Places in a remembered request. */
const KEY = 0;
const LAST_MS = 1;
const MOST = 2;
const FIRST_FORMAT = 3;

/** A request told of lately: its key, when last, the most lines in one format; then each format and its lines. */
export type ToldRequest = number[];

/** Far more than there are proxies; beyond it the memory begins anew. */
const PROXIES_MAX = 10_000;
let proxies = new Map<string, readonly [proxy: number, format: number]>();
let lastSource: TokenEvent['source'] | undefined;
let lastProxy: readonly [proxy: number, format: number] = [0, 0];

/** Hashes what names the proxy. Events that follow each other mostly have the source in common, though rarely the object. */
function proxyOf(source: TokenEvent['source']): readonly [proxy: number, format: number] {
  const { product, instance, record_type: format = '' } = source;
  if (
    lastSource?.instance === instance &&
    lastSource.product === product &&
    (lastSource.record_type ?? '') === format
  ) {
    return lastProxy;
  }
  const name = `${product}\n${instance}`;
  const key = `${format}\n${name}`;
  let known = proxies.get(key);
  if (known === undefined) {
    known = [textHash(name) % PART, textHash(format)];
    if (proxies.size >= PROXIES_MAX) proxies = new Map();
    proxies.set(key, known);
  }
  lastSource = source;
  lastProxy = known;
  return known;
}

/**
 * What the lines have in common in which one proxy tells of one request in several formats: the proxy (product and instance),
 * what was asked for, and the request's id; without an id the status and the second. As hops are joined. NaN for what is no
 * use; else a whole number below 2^53. Made from parts, since a text of them all would be built for every event.
 */
export function requestKeyOf({ action, source, target, trace, time }: TokenEvent): number {
  if (action !== 'use') return NaN;
  const id = trace?.request_id ?? trace?.trace_id;
  if (id?.startsWith(HANDED_ON) === true) return Number(id.slice(HANDED_ON.length));
  const named =
    id === undefined ? (target?.status ?? 0) * 1e10 + Math.floor(parseTime(time) / SECOND_MS) : textHash(id);
  let key = named + 3 * proxyOf(source)[0];
  if (target?.path !== undefined) key += 5 * (textHash(target.path) % PART);
  if (target?.service !== undefined) key += 7 * (textHash(target.service) % PART);
  if (target?.method !== undefined) key += 11 * (textHash(target.method) % PART);
  return key % KEYS;
}

/** The same as the request id of an event that goes on without path and trace; {@link requestKeyOf} knows it again. */
export const handedOnKey = (event: TokenEvent): string => `${HANDED_ON}${requestKeyOf(event)}`;

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
  const [, format] = proxyOf(event.source);
  let at = told.length - 1;
  while (at >= 0 && told[at]?.[KEY] !== key) at -= 1;
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
  if (told.length >= TOLD_MAX) told.shift();
  while (told.length > 0 && (told[0]?.[LAST_MS] ?? 0) < timeMs - TOLD_MS) told.shift();
}
