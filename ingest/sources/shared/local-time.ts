import { parseTime } from '../../event/time.js';
import { saneTime } from './facts.js';

const offsetForm = /^([+-])(\d\d):?(\d\d)$/;

/** Minutes east of UTC for `Z`, `UTC` and `+hh:mm`; undefined for a named zone. */
function fixedOffset(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'UTC') return 0;
  if (zone.charCodeAt(0) !== 0x2b && zone.charCodeAt(0) !== 0x2d) return undefined;
  const parts = offsetForm.exec(zone);
  if (parts === null) return undefined;
  const minutes = Number(parts[2]) * 60 + Number(parts[3]);
  return parts[1] === '-' ? -minutes : minutes;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric',
    minute: 'numeric', second: 'numeric',
  }); // prettier-ignore
  formats.set(zone, made);
  return made;
}

/** Whether `readLocalTime` understands the zone. */
export function isTimeZone(zone: string): boolean {
  if (fixedOffset(zone) !== undefined) return true;
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** What the zone's clocks show at `ms`, as if it were UTC; milliseconds. */
function wallClock(zone: string, ms: number): number {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(ms)
      .map((part) => [part.type, Number(part.value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** Answers by zone and quarter hour, since a zone's offset changes on one of those at most. */
const offsets = new Map<string, Map<number, number>>();
const QUARTER_MS = 900_000;
/** Over a week: lines of a log lie closer together. */
const QUARTERS_MAX = 1024;

function zoneOffsetMs(zone: string, localMs: number): number {
  const quarter = Math.floor(localMs / QUARTER_MS);
  let known = offsets.get(zone);
  if (known === undefined) offsets.set(zone, (known = new Map<number, number>()));
  const before = known.get(quarter);
  if (before !== undefined) return before;
  // Two rounds settle every case but the hour that a change of clocks repeats; there the first pass counts.
  const guess = wallClock(zone, localMs) - localMs;
  const start = Math.floor((localMs - guess) / 1000) * 1000;
  const offset = wallClock(zone, start) - start;
  if (known.size >= QUARTERS_MAX) known.clear();
  known.set(quarter, offset);
  return offset;
}

/**
 * What the clocks of a zone showed → milliseconds since the epoch.
 *
 * @param localMs as if the clocks showed UTC.
 * @param zone one that `isTimeZone` knows.
 */
export function localToUtc(localMs: number, zone: string): number {
  const fixed = fixedOffset(zone);
  return localMs - (fixed === undefined ? zoneOffsetMs(zone, localMs) : fixed * 60_000);
}

const timeForm = /(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s?(Z\b|[+-]\d\d:?\d\d\b)?/g;

/**
 * The last date and time in the head of a log line: what stands before it was added by a forwarder.
 *
 * @param zone used where the time carries none.
 * @returns milliseconds since the epoch, or undefined when there is no whole date and time.
 */
export function readLocalTime(head: string, zone: string): number | undefined {
  let last: RegExpExecArray | null = null;
  timeForm.lastIndex = 0;
  for (let match = timeForm.exec(head); match !== null; match = timeForm.exec(head)) last = match;
  if (last === null) return undefined;
  const [, date = '', time = '', fraction = '', ownZone] = last;
  const localMs = parseTime(`${date}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  if (Number.isNaN(localMs)) return undefined;
  return saneTime(localToUtc(localMs, ownZone ?? zone));
}
