import { parseAccessTime } from './access-time.js';
import { saneTime } from './facts.js';
import { type JsonObject, readValue } from './json-reader.js';

/** RFC 3339 with a zone, or the epoch in seconds, milliseconds or microseconds; undefined for anything else. */
export function readMoment(object: JsonObject, key: string): number | undefined {
  const value = readValue(object, key);
  if (typeof value !== 'number' && (typeof value !== 'string' || value === '' || value.length > 64)) return undefined;
  const ms = parseAccessTime(value);
  return Number.isNaN(ms) ? undefined : saneTime(ms);
}
