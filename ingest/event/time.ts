/** The years that RFC 3339 can write: 0000-01-01 to 9999-12-31, in milliseconds since the Unix epoch. */
export const TIME_MIN_MS = -62_167_219_200_000;
export const TIME_MAX_MS = 253_402_300_799_999;

const DAY_MS = 86_400_000;
/** From 0000-03-01 to 1970-01-01. */
const DAYS_BEFORE_1970 = 719_468;
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Texts of days. Event times and observed times alternate and may lie days apart, so one day would not do. */
const dayPrefixes = new Map<number, string>();
const DAYS_KEPT = 1000;

const sixty: readonly string[] = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));
const millis: readonly string[] = Array.from({ length: 1000 }, (_, n) => `${String(n).padStart(3, '0')}Z`);

/**
 * RFC 3339 in UTC with three decimals.
 *
 * @param ms milliseconds since the Unix epoch; a fraction is cut off.
 * @throws RangeError outside the years 0000–9999; for times from outside use `tryFormatTime`.
 */
export function formatTime(ms: number): string {
  const whole = Math.floor(ms);
  const day = Math.floor(whole / DAY_MS);
  const rest = whole - day * DAY_MS;
  const seconds = Math.floor(rest / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return `${dayPrefixes.get(day) ?? newDayPrefix(day)}${sixty[hours] ?? ''}:${sixty[minutes - hours * 60] ?? ''}:${sixty[seconds - minutes * 60] ?? ''}.${millis[rest - seconds * 1000] ?? ''}`;
}

function newDayPrefix(day: number): string {
  if (!isTimeMs(day * DAY_MS)) throw new RangeError('The time is outside the years 0000 to 9999.');
  const prefix = new Date(day * DAY_MS).toISOString().slice(0, 11);
  if (dayPrefixes.size >= DAYS_KEPT) dayPrefixes.clear();
  dayPrefixes.set(day, prefix);
  return prefix;
}

/** Whether `formatTime` can write it. */
export function isTimeMs(ms: number): boolean {
  return ms >= TIME_MIN_MS && ms < TIME_MAX_MS + 1;
}

/** As `formatTime`; undefined for what it cannot write, NaN and infinities included. */
export function tryFormatTime(ms: number): string | undefined {
  return isTimeMs(ms) ? formatTime(ms) : undefined;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;

/**
 * Milliseconds since the Unix epoch of an RFC 3339 time with its zone; more than three decimals are cut off, a leap
 * second counts as the second after. NaN for anything else, a day that its month has not included.
 */
export function parseTime(text: string): number {
  if (text === lastTexts[0]) return lastMs[0];
  if (text === lastTexts[1]) return lastMs[1];
  const ms = readTime(text);
  lastTexts[1] = lastTexts[0];
  lastMs[1] = lastMs[0];
  lastTexts[0] = text;
  lastMs[0] = ms;
  return ms;
}

/** An event's two times are read by everyone who handles it, one after the other. */
const lastTexts: [string, string] = ['', ''];
const lastMs: [number, number] = [Number.NaN, Number.NaN];

function readTime(text: string): number {
  // UTC with or without decimals, as nearly all write it: `2025-01-02T03:04:05.678901Z`.
  const last = text.length - 1;
  if (last >= 19 && last <= 32 && text.charCodeAt(last) === 90) {
    const fraction = last === 19 ? 0 : fractionMs(text, last);
    const hour = twoDigits(text, 11);
    const minute = twoDigits(text, 14);
    const second = twoDigits(text, 17);
    const shaped = text.charCodeAt(10) === 84 && text.charCodeAt(13) === 58 && text.charCodeAt(16) === 58;
    if (shaped && fraction >= 0 && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60) {
      const day = dayMs(text);
      if (!Number.isNaN(day)) return day + ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
    }
  }
  return parseGeneral(text);
}

/** The first three of the decimals between the point at 19 and `end`; negative where they are no decimals. */
function fractionMs(text: string, end: number): number {
  if (text.charCodeAt(19) !== 46 || end < 21) return -1;
  let ms = 0;
  for (let at = 20; at < Math.max(end, 23); at += 1) {
    const digit = at < end ? text.charCodeAt(at) - 48 : 0;
    if (digit < 0 || digit > 9) return -1;
    if (at < 23) ms = ms * 10 + digit;
  }
  return ms;
}

/** Midnight of the date that `text` begins with; NaN for a text that is none, or a day that its month has not. */
function dayMs(text: string): number {
  const century = twoDigits(text, 0);
  const rest = twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (century < 0 || rest < 0 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return Number.NaN;
  if (month < 1 || month > 12 || day < 1) return Number.NaN;
  const year = century * 100 + rest;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > (month === 2 && leap ? 29 : (monthDays[month - 1] ?? 0))) return Number.NaN;
  // Days before a year of the proleptic Gregorian calendar that is counted from March, so that the leap day comes last.
  const marchYear = month < 3 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * (month < 3 ? month + 9 : month - 3) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return (marchYear * 365 + leapDays + dayOfYear - DAYS_BEFORE_1970) * DAY_MS;
}

/** The number, or negative where there are no two digits. */
function twoDigits(text: string, at: number): number {
  const a = text.charCodeAt(at) - 48;
  const b = text.charCodeAt(at + 1) - 48;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : -1;
}

function parseGeneral(text: string): number {
  if (text.length > 48) return Number.NaN;
  const match = RFC3339.exec(text);
  if (match === null) return Number.NaN;
  const [hour, minute, second] = match.slice(4, 7).map(Number) as [number, number, number];
  const zoneHour = Number(match[9] ?? 0);
  const zoneMinute = Number(match[10] ?? 0);
  if (hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59) return Number.NaN;
  const fraction = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const zone = (zoneHour * 60 + zoneMinute) * 60_000 * (match[8] === '-' ? -1 : 1);
  return dayMs(text) + ((hour * 60 + minute) * 60 + second) * 1000 + fraction - zone;
}
