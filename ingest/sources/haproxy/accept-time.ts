import { readLocalTime } from '../shared/local-time.js';

const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const HOUR = 3_600_000;

/** Offset of a zone in the hour that begins at a wall-clock time; log lines come in order, so one is kept. */
let knownZone = '';
let knownHour = Number.NaN;
let knownOffset = 0;

function offsetOf(wallMs: number, zone: string): number | undefined {
  if (zone === 'UTC') return 0;
  const hour = Math.floor(wallMs / HOUR);
  if (zone === knownZone && hour === knownHour) return knownOffset;
  const wall = new Date(hour * HOUR).toISOString().slice(0, 19).replace('T', ' ');
  const ms = readLocalTime(wall, zone);
  if (ms === undefined) return undefined;
  knownZone = zone;
  knownHour = hour;
  knownOffset = hour * HOUR - ms;
  return knownOffset;
}

const form = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?: ([+-])(\d{2})(\d{2}))?$/;

/**
 * The accept date, `06/Feb/2009:12:14:14.655`; it carries no zone, unless the operator wrote `%T` or `%Tl`.
 *
 * @returns milliseconds since the epoch; NaN for anything else.
 */
export function readAcceptTime(text: string, zone: string): number {
  const parts = form.exec(text);
  if (parts === null) return Number.NaN;
  const month = months.indexOf(parts[2] ?? '');
  const day = Number(parts[1]);
  const [hour, minute, second] = [Number(parts[4]), Number(parts[5]), Number(parts[6])];
  if (month < 0 || month % 3 !== 0 || hour > 23 || minute > 59 || second > 60) return Number.NaN;
  const days = Date.UTC(Number(parts[3]), month / 3, day);
  if (new Date(days).getUTCDate() !== day) return Number.NaN;
  const fraction = Math.floor(Number(`0.${parts[7] ?? '0'}`) * 1000);
  const wall = days + ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
  if (parts[8] !== undefined) {
    return wall - (parts[8] === '-' ? -1 : 1) * (Number(parts[9]) * 60 + Number(parts[10])) * 60_000;
  }
  const offset = offsetOf(wall, zone);
  return offset === undefined ? Number.NaN : wall - offset;
}
