import { SortedWindow } from './sorted-window.js';

const HOUR_MS = 3_600_000;
const HOURS_OF_DAY = 24;
/** Values of one hour of the day that are remembered: five days of readings every five minutes. */
const MEMORY = 60;
/** Before so many values of an hour are known, nothing is expected of it. */
const VALUES_MIN = 12;

/** What is usual at this time of the day (UTC): the median of the latest values seen in the same hour. */
export class DayProfile {
  readonly #hours: SortedWindow[] = [];

  /** @returns null until the hour is known. */
  expected(timeMs: number): number | null {
    const known = this.#hour(timeMs);
    return known.size < VALUES_MIN ? null : known.quantile(0.5);
  }

  learn(timeMs: number, value: number): void {
    this.#hour(timeMs).push(value);
  }

  #hour(timeMs: number): SortedWindow {
    const hour = (((Math.floor(timeMs / HOUR_MS) % HOURS_OF_DAY) + HOURS_OF_DAY) % HOURS_OF_DAY) | 0;
    return (this.#hours[hour] ??= new SortedWindow(MEMORY));
  }
}
