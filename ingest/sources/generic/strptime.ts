import { localToUtc } from '../shared/local-time.js';

/**
 * A time format of POSIX `strptime` directives, read strictly: fixed widths, every number in its range, the whole text.
 *
 * `%Y %m %d %e %b %y %H %I %p %M %S %f %z %Z %j %s %%`; `%f` is a fraction of one to nine digits, `%z` an offset or `Z`,
 * `%Z` the words UTC, GMT or Z. A format needs a date and a time, or `%s` (seconds since the epoch).
 */
export type TimeReader = (text: string) => number | undefined;

interface Parts {
  year: number;
  month: number;
  day: number;
  dayOfYear: number | undefined;
  hour: number;
  isAfternoon: boolean | undefined;
  minute: number;
  second: number;
  ms: number;
  offsetMin: number | undefined;
  epochS: number | undefined;
}

/** Reads at `at`; the index after what was read, or -1. */
type Step = (text: string, at: number, parts: Parts) => number;

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const offsetForm = /^(?:Z|([+-])(\d\d):?(\d\d))/;
const zoneWord = /^(?:UTC|GMT|Z)/;

function numberStep(width: number, min: number, max: number, put: (parts: Parts, value: number) => void): Step {
  return (text, at, parts) => {
    const digits = text.slice(at, at + width);
    if (digits.length !== width || !/^ ?\d+$/.test(digits)) return -1;
    const value = Number(digits);
    if (value < min || value > max) return -1;
    put(parts, value);
    return at + width;
  };
}

const directives: Readonly<Record<string, Step>> = {
  Y: numberStep(4, 1970, 9999, (p, v) => (p.year = v)),
  y: numberStep(2, 0, 99, (p, v) => (p.year = v < 69 ? 2000 + v : 1900 + v)),
  m: numberStep(2, 1, 12, (p, v) => (p.month = v)),
  d: numberStep(2, 1, 31, (p, v) => (p.day = v)),
  e: numberStep(2, 1, 31, (p, v) => (p.day = v)),
  j: numberStep(3, 1, 366, (p, v) => (p.dayOfYear = v)),
  H: numberStep(2, 0, 23, (p, v) => (p.hour = v)),
  I: numberStep(2, 1, 12, (p, v) => (p.hour = v)),
  M: numberStep(2, 0, 59, (p, v) => (p.minute = v)),
  S: numberStep(2, 0, 60, (p, v) => (p.second = v)),
  b(text, at, parts) {
    const month = months.indexOf(text.slice(at, at + 3).toLowerCase());
    if (month < 0) return -1;
    parts.month = month + 1;
    return at + 3;
  },
  p(text, at, parts) {
    const word = text.slice(at, at + 2).toUpperCase();
    if (word !== 'AM' && word !== 'PM') return -1;
    parts.isAfternoon = word === 'PM';
    return at + 2;
  },
  f(text, at, parts) {
    const digits = /^\d{1,9}/.exec(text.slice(at, at + 9))?.[0];
    if (digits === undefined) return -1;
    parts.ms = Number(digits.slice(0, 3).padEnd(3, '0'));
    return at + digits.length;
  },
  z(text, at, parts) {
    const match = offsetForm.exec(text.slice(at, at + 6));
    if (match === null) return -1;
    const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
    if (minutes > 14 * 60) return -1;
    parts.offsetMin = match[1] === '-' ? -minutes : minutes;
    return at + match[0].length;
  },
  Z(text, at, parts) {
    const match = zoneWord.exec(text.slice(at, at + 3));
    if (match === null) return -1;
    parts.offsetMin = 0;
    return at + match[0].length;
  },
  s(text, at, parts) {
    const digits = /^\d{1,11}/.exec(text.slice(at, at + 11))?.[0];
    if (digits === undefined) return -1;
    parts.epochS = Number(digits);
    return at + digits.length;
  },
};

/** The reader of a format, or what is wrong with the format. */
export function compileTimeFormat(format: string, zone: string): TimeReader | { readonly fault: string } {
  const steps: Step[] = [];
  const used = new Set<string>();
  for (let i = 0; i < format.length; i++) {
    const c = format.charAt(i);
    if (c !== '%' || format.charAt(i + 1) === '%') {
      if (c === '%') i++;
      steps.push((text, at) => (text.charAt(at) === c ? at + 1 : -1));
      continue;
    }
    const name = format.charAt(++i);
    const step = Object.hasOwn(directives, name) ? directives[name] : undefined;
    if (step === undefined) return { fault: `%${name} is no directive that is read` };
    used.add(name);
    steps.push(step);
  }
  const has = (...names: readonly string[]): boolean => names.some((name) => used.has(name));
  const hasDate = has('Y', 'y') && (has('j') || (has('m', 'b') && has('d', 'e')));
  const hasTime = (has('H') || (has('I') && has('p'))) && has('M');
  if (!has('s') && !(hasDate && hasTime)) return { fault: 'it names no whole date and time, nor the epoch (%s)' };
  return (text) => read(text, steps, zone);
}

function read(text: string, steps: readonly Step[], zone: string): number | undefined {
  const parts: Parts = {
    year: 1970, month: 1, day: 1, dayOfYear: undefined, hour: 0, isAfternoon: undefined, minute: 0, second: 0, ms: 0,
    offsetMin: undefined, epochS: undefined,
  }; // prettier-ignore
  let at = 0;
  for (const step of steps) {
    at = step(text, at, parts);
    if (at < 0) return undefined;
  }
  if (at !== text.length) return undefined;
  if (parts.epochS !== undefined) return parts.epochS * 1000 + parts.ms;
  const { year, isAfternoon, dayOfYear } = parts;
  const hour = isAfternoon === undefined ? parts.hour : (parts.hour % 12) + (isAfternoon ? 12 : 0);
  const [month, day] = dayOfYear === undefined ? [parts.month - 1, parts.day] : [0, dayOfYear];
  const midnight = Date.UTC(year, month, day);
  const date = new Date(midnight);
  // 31 February and day 366 of a common year roll over into a day that was not written.
  const isReal = dayOfYear === undefined ? date.getUTCDate() === day : date.getUTCFullYear() === year;
  if (!isReal) return undefined;
  const localMs = midnight + ((hour * 60 + parts.minute) * 60 + parts.second) * 1000 + parts.ms;
  return parts.offsetMin === undefined ? localToUtc(localMs, zone) : localMs - parts.offsetMin * 60_000;
}
