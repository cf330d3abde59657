const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Good Friday, Easter Monday and a local one in the weeks that are simulated. */
const publicHolidays: ReadonlySet<string> = new Set(['2026-03-17', '2026-04-03', '2026-04-06']);

export interface LocalTime {
  /** Days since the epoch, local. */
  readonly day: number;
  readonly hour: number;
  readonly working: boolean;
  readonly monthEnd: boolean;
}

/** @param zone hours of local time before UTC. */
export function localTime(hourMs: number, zone: number): LocalTime {
  const local = hourMs + zone * HOUR_MS;
  const day = Math.floor(local / DAY_MS);
  const date = new Date(local);
  const weekday = date.getUTCDay();
  const holiday = publicHolidays.has(date.toISOString().slice(0, 10));
  const monthEnd = new Date(local + DAY_MS).getUTCDate() <= 2;
  return { day, hour: date.getUTCHours(), working: weekday >= 1 && weekday <= 5 && !holiday, monthEnd };
}

/** How busy a service for customers is, 0.2 at night to 1.8; week-ends are calmer, Monday is not like Friday. */
export function demand(hourMs: number, zone: number): number {
  const { hour, working } = localTime(hourMs, zone);
  const day = 1 + 0.8 * Math.sin(((hour - 8) / 24) * 2 * Math.PI);
  return working ? day : day * 0.55;
}
