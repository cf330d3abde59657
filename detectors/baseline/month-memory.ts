import { HOURS_OF_DAY } from '../core/seasonal-hours.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A quarter, so that the end of one is compared with the end of the one before. */
const REMEMBERED_DAYS = 100;
/** Two days at each turn of the month in a quarter, and some of other reasons. */
const DAYS_MAX = 8;
/** A job that does half as much again as a month before is still that job. */
const GROWTH = 1.5;
/** As much as that is taken in without a word, so that nobody grows unseen by half each month. */
const TAUGHT_GROWTH = 1.1;
/** Closings are planned by working days: the first, the last but two, the fifth. Further from the turn nobody counts so. */
const WORKING_DAYS_MAX = 5;
/** So long before and after the turn it is the last or the first day of a month somewhere. */
const TURN_HOURS = 36;

/** A day (UTC) on which the entity did more than usual: since the epoch, its hours a bit each, the most of one hour. */
export interface ExcessDay {
  readonly day: number;
  readonly hours: number;
  readonly peak: number;
}
/** Oldest first. */
export type Excesses = readonly ExcessDay[];

export const NO_EXCESSES: Excesses = [];

/** @param hour since the epoch, as all hours here; not before those that are remembered. */
export function withExcess(excesses: Excesses, hour: number, requests: number): Excesses {
  const day = Math.floor(hour / HOURS_OF_DAY);
  const bit = 1 << (hour % HOURS_OF_DAY);
  const last = excesses.at(-1);
  const grown: ExcessDay =
    last?.day === day
      ? { day, hours: last.hours | bit, peak: Math.max(last.peak, requests) }
      : { day, hours: bit, peak: requests };
  const others = excesses.filter((one) => one.day < day && one.day >= day - REMEMBERED_DAYS);
  return [...others, grown].slice(-DAYS_MAX);
}

/**
 * The day of an earlier month on which the entity did more than usual at this hour, give or take one: the same day from the month's start
 * or end, or the same working day from either.
 *
 * @returns the busiest of them; null where there is none.
 */
export function likeIt(excesses: Excesses, hour: number): ExcessDay | null {
  let found: ExcessDay | null = null;
  for (const one of excesses) {
    if (one.peak > (found?.peak ?? 0) && [-1, 0, 1].some((shift) => isLike(one, hour + shift))) found = one;
  }
  return found;
}

/** Whether so many requests in an hour are no more than on that day, some growth included. */
export const isAsMuch = ({ peak }: ExcessDay, requests: number): boolean => requests <= GROWTH * peak;

/** What so many requests on a day like it teach, if they were not too many. */
export const grownBy = ({ peak }: ExcessDay, requests: number): number =>
  Math.round(Math.min(requests, TAUGHT_GROWTH * peak));

function isLike({ day, hours }: ExcessDay, hour: number): boolean {
  const today = Math.floor(hour / HOURS_OF_DAY);
  if ((hours & (1 << (hour % HOURS_OF_DAY))) === 0 || today - day > REMEMBERED_DAYS) return false;
  const [before, now] = [placeOf(day), placeOf(today)];
  if (before.month === now.month) return false;
  if (before.fromStart === now.fromStart || before.fromEnd === now.fromEnd) return true;
  const isSame = (then: number, working: number): boolean => then === working && then > 0 && then <= WORKING_DAYS_MAX;
  return isSame(before.workingFromStart, now.workingFromStart) || isSame(before.workingFromEnd, now.workingFromEnd);
}

interface Place {
  /** Since the epoch. */
  readonly month: number;
  /** Both from 1. */
  readonly fromStart: number;
  readonly fromEnd: number;
  /** The same in days from Monday to Friday; 0 for a day that is none. */
  readonly workingFromStart: number;
  readonly workingFromEnd: number;
}

function placeOf(day: number): Place {
  const date = new Date(day * DAY_MS);
  const fromStart = date.getUTCDate();
  const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  const fromEnd = days - fromStart + 1;
  const isWorking = isWorkingDay(day);
  return {
    month: date.getUTCFullYear() * 12 + date.getUTCMonth(),
    fromStart,
    fromEnd,
    workingFromStart: isWorking ? workingDays(day - fromStart + 1, day) : 0,
    workingFromEnd: isWorking ? workingDays(day, day + fromEnd - 1) : 0,
  };
}

/** The epoch began on a Thursday. */
const isWorkingDay = (day: number): boolean => (day + 3) % 7 < 5;

function workingDays(from: number, to: number): number {
  let count = 0;
  for (let day = from; day <= to; day += 1) if (isWorkingDay(day)) count += 1;
  return count;
}

/**
 * Whether the hour lies at the turn of a month, and the entity has not lived through the one before: what it does there nobody can know.
 *
 * @param since hour from which on it is known.
 */
export function isFirstTurn(since: number, hour: number): boolean {
  const date = new Date((hour + TURN_HOURS) * HOUR_MS);
  const monthStart = (months: number): number =>
    Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1) / HOUR_MS;
  return hour < monthStart(0) + TURN_HOURS && since > monthStart(-1) - TURN_HOURS - HOURS_OF_DAY;
}

/** Numbers in base 36. */
export const encodeExcesses = (excesses: Excesses): string =>
  excesses.map(({ day, hours, peak }) => [day, hours, peak].map((part) => part.toString(36)).join(':')).join(',');

/** Throws on text that no encoder wrote. */
export function decodeExcesses(text: string): Excesses {
  if (text === '') return NO_EXCESSES;
  return text.split(',').map((one) => {
    const parts = one.split(':').map((part) => parseInt(part, 36));
    const [day = NaN, hours = NaN, peak = NaN] = parts;
    if (parts.length !== 3 || !parts.every(Number.isInteger)) throw new TypeError('The text is no days of excess.');
    return { day, hours, peak };
  });
}
