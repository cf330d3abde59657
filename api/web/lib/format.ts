/** Numbers and times as people read them. Times are shown in UTC, as in every log of the mesh. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1,234 up to ten thousand, then 12.3k, 4.5M. */
export function count(n: number): string {
  const size = Math.abs(n);
  if (size < 10_000) return whole.format(n);
  if (size < 1_000_000) return `${trimmed(n / 1000)}k`;
  return size < 1e9 ? `${trimmed(n / 1e6)}M` : `${trimmed(n / 1e9)}G`;
}

const trimmed = (n: number): string => (Math.abs(n) < 100 ? n.toFixed(1).replace(/\.0$/, '') : n.toFixed(0));

/** Calls in a window as a rate, in the largest unit that gives at least one. */
export function rate(calls: number, windowMs: number): string {
  const perMinute = (calls * 60_000) / Math.max(1, windowMs);
  if (perMinute >= 1) return `${fine(perMinute)}/min`;
  const perHour = perMinute * 60;
  if (perHour >= 1) return `${fine(perHour)}/h`;
  return calls === 0 ? '0/h' : '<1/h';
}

const fine = (n: number): string => (n < 10 ? n.toFixed(1).replace(/\.0$/, '') : count(Math.round(n)));

export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = n;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? whole.format(size) : trimmed(size)} ${units[unit] ?? ''}`;
}

export const percent = (share: number): string => {
  const hundred = share * 100;
  return `${hundred > 0 && hundred < 1 ? '<1' : hundred < 100 && hundred > 99 ? '>99' : hundred.toFixed(0)} %`;
};

/** How far apart, in the coarsest unit that says it: 42 s, 5 min, 3 h, 12 d. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return `${s} s`;
  if (s < 90 * 60) return `${Math.round(s / 60)} min`;
  if (s < 48 * 3600) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} d`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');

export const day = (ms: number): string => {
  const d = new Date(ms);
  return `${d.getUTCDate()} ${months[d.getUTCMonth()] ?? ''}`;
};

export const clock = (ms: number): string => {
  const d = new Date(ms);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
};

export const clockSeconds = (ms: number): string => `${clock(ms)}:${two(new Date(ms).getUTCSeconds())}`;

/** `27 Nov 18:11` */
export const moment = (ms: number): string => `${day(ms)} ${clock(ms)}`;

export const parse = (iso: string): number => Date.parse(iso);

export const iso = (ms: number): string => new Date(ms).toISOString();
