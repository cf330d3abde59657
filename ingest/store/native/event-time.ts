import { parseTime } from '../../event/time.js';

/** What DateTime64 can hold; a token that "never expires" says the year 9999 and is kept as the last of these. */
export const STORE_TIME_MIN_MS = Date.UTC(1900, 0, 1);
export const STORE_TIME_MAX_MS = Date.UTC(2299, 11, 31, 23, 59, 59, 999);

/** @returns milliseconds since the Unix epoch of an event's time, within what the store holds; NaN if it is no time. */
export function storeTimeMs(text: string): number {
  const ms = parseTime(text);
  if (ms < STORE_TIME_MIN_MS) return STORE_TIME_MIN_MS;
  return ms > STORE_TIME_MAX_MS ? STORE_TIME_MAX_MS : ms;
}
