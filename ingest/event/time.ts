/** The years that RFC 3339 can write: 0000-01-01 to 9999-12-31, in milliseconds since the Unix epoch. */
export const TIME_MIN_MS = -62_167_219_200_000;
export const TIME_MAX_MS = 253_402_300_799_999;

const DAY_MS = 86_400_000;

let cachedDay = Number.NaN;
let cachedPrefix = '';

const sixty: readonly string[] = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));
const millis: readonly string[] = Array.from({ length: 1000 }, (_, n) => `${String(n).padStart(3, '0')}Z`);

/**
 * RFC 3339 in UTC with three decimals; events are near each other in time, so the text of the day is kept.
 *
 * @param ms milliseconds since the Unix epoch; a fraction is cut off.
 * @throws RangeError outside the years 0000–9999; for times from outside use `tryFormatTime`.
 */
export function formatTime(ms: number): string {
  const whole = Math.floor(ms);
  const day = Math.floor(whole / DAY_MS);
  if (day !== cachedDay) {
    if (!isTimeMs(ms)) throw new RangeError('The time is outside the years 0000 to 9999.');
    cachedPrefix = new Date(day * DAY_MS).toISOString().slice(0, 11);
    cachedDay = day;
  }
  const rest = whole - day * DAY_MS;
  const seconds = Math.floor(rest / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return `${cachedPrefix}${sixty[hours] ?? ''}:${sixty[minutes - hours * 60] ?? ''}:${sixty[seconds - minutes * 60] ?? ''}.${millis[rest - seconds * 1000] ?? ''}`;
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

let parsedDay = '';
let parsedDayMs = Number.NaN;

/**
 * Milliseconds since the Unix epoch of an RFC 3339 time with its zone; more than three decimals are cut off, a leap
 * second counts as the second after. NaN for anything else, a day that its month has not included.
 */
export function parseTime(text: string): number {
  // Our own form, `2025-01-02T03:04:05.678Z`: the day repeats from event to event.
  if (text.length === 24 && text.charCodeAt(19) === 46 && text.charCodeAt(23) === 90) {
    const fraction = threeDigits(text, 20);
    const hour = twoDigits(text, 11);
    const minute = twoDigits(text, 14);
    const second = twoDigits(text, 17);
    const shaped = text.charCodeAt(10) === 84 && text.charCodeAt(13) === 58 && text.charCodeAt(16) === 58;
    if (shaped && fraction >= 0 && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60) {
      const day = text.slice(0, 10);
      if (day !== parsedDay) {
        parsedDayMs = parseGeneral(`${day}T00:00:00Z`);
        parsedDay = day;
      }
      return parsedDayMs + ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
    }
  }
  return parseGeneral(text);
}

/** The number, or negative where there are no two digits. */
function twoDigits(text: string, at: number): number {
  const a = text.charCodeAt(at) - 48;
  const b = text.charCodeAt(at + 1) - 48;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : -1;
}

function threeDigits(text: string, at: number): number {
  const a = text.charCodeAt(at) - 48;
  const b = text.charCodeAt(at + 1) - 48;
  const c = text.charCodeAt(at + 2) - 48;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 && c >= 0 && c <= 9 ? a * 100 + b * 10 + c : -1;
}

function parseGeneral(text: string): number {
  if (text.length > 48) return Number.NaN;
  const match = RFC3339.exec(text);
  if (match === null) return Number.NaN;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number, number, number, number, number, number,
  ]; // prettier-ignore
  const zoneHour = Number(match[9] ?? 0);
  const zoneMinute = Number(match[10] ?? 0);
  if (hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59) return Number.NaN;
  // setUTCFullYear, since Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN;
  const fraction = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const zone = (zoneHour * 60 + zoneMinute) * 60_000 * (match[8] === '-' ? -1 : 1);
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + fraction - zone;
}
