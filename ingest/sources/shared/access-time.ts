import { parseTime } from '../../event/time.js';

const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const digit = (text: string, at: number): number => text.charCodeAt(at) - 48;

/** Two digits at `at`, or NaN. */
function two(text: string, at: number): number {
  const high = digit(text, at);
  const low = digit(text, at + 1);
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : Number.NaN;
}

let lastText = '';
let lastMs = Number.NaN;
let lastDay = '';
let lastDayMs = Number.NaN;

/** Midnight UTC of `02/Jan/2024`; NaN for a day that does not exist. */
function dayOfClf(text: string): number {
  const month = months.indexOf(text.slice(3, 6));
  if (month < 0 || month % 3 !== 0) return Number.NaN;
  const day = two(text, 0);
  const year = two(text, 7) * 100 + two(text, 9);
  if (!(year >= 1900 && day >= 1)) return Number.NaN;
  const ms = Date.UTC(year, month / 3, day);
  return new Date(ms).getUTCDate() === day ? ms : Number.NaN;
}

function readClf(text: string): number {
  const hour = two(text, 12);
  const minute = two(text, 15);
  const second = two(text, 18);
  const zone = two(text, 22) * 60 + two(text, 24);
  if (!(hour <= 23 && minute <= 59 && second <= 60 && zone < 1440)) return Number.NaN;
  const day = text.slice(0, 11);
  if (day !== lastDay) {
    lastDay = day;
    lastDayMs = dayOfClf(day);
  }
  const sign = text.charCodeAt(21) === 0x2d ? -1 : 1;
  return lastDayMs + ((hour * 60 + minute) * 60 + second - sign * zone * 60) * 1000;
}

/** Whether `02/Jan/2024:03:04:05 +0000` (26 characters) stands at `at`, by its separators. */
export function isClfTimeAt(line: string, at: number): boolean {
  return (
    line.charCodeAt(at + 2) === 0x2f &&
    line.charCodeAt(at + 6) === 0x2f &&
    line.charCodeAt(at + 11) === 0x3a &&
    line.charCodeAt(at + 20) === 0x20 &&
    line.length >= at + 26
  );
}

/** Milliseconds since the epoch of NGINX's `$time_local`; NaN if it is none. Log lines repeat it, so one is kept. */
export function parseClfTime(text: string): number {
  if (text === lastText) return lastMs;
  const ms = text.length === 26 && isClfTimeAt(text, 0) ? readClf(text) : Number.NaN;
  lastText = text;
  lastMs = ms;
  return ms;
}

/** 1e11 seconds is the year 5138 and 1e11 milliseconds is 1973, so the size tells the unit. */
const SECONDS_BELOW = 1e11;
const MICROS_FROM = 1e14;

/**
 * The time of a JSON access record: RFC 3339 with a zone, `$time_local`, or the epoch in seconds (`$msec`),
 * milliseconds or microseconds. Milliseconds since the epoch; NaN for anything else, a time without a zone included.
 */
export function parseAccessTime(value: string | number): number {
  if (typeof value === 'string') {
    if (value.length === 26 && isClfTimeAt(value, 0)) return parseClfTime(value);
    if (value.charCodeAt(4) === 0x2d) return parseTime(value);
    if (!/^\d{9,19}(\.\d{1,9})?$/.test(value)) return parseTime(value);
  }
  const epoch = Number(value);
  if (!(epoch >= 0)) return Number.NaN;
  return Math.round(epoch < SECONDS_BELOW ? epoch * 1000 : epoch >= MICROS_FROM ? epoch / 1000 : epoch);
}
