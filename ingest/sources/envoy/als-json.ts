import { asNumber, isObject, type JsonObject, readValue } from '../shared/json-reader.js';

/**
 * Readers of protobuf's JSON: a member is found under its proto name and under the lowerCamelCase one, and well-known
 * types are read in their JSON form and as the plain message.
 */
const camel = new Map<string, string>();

function camelOf(name: string): string {
  let known = camel.get(name);
  if (known === undefined) {
    known = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    camel.set(name, known);
  }
  return known;
}

/** @param name as the .proto has it; only names of this program, which are few. */
export function member(object: JsonObject | undefined, name: string): unknown {
  if (object === undefined) return undefined;
  return readValue(object, name) ?? readValue(object, camelOf(name));
}

export function memberObject(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = member(object, name);
  return isObject(value) ? value : undefined;
}

export function memberText(object: JsonObject | undefined, name: string): string | undefined {
  const value = member(object, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A count; a UInt32Value may stand as a number or as `{ "value": … }`, and 64 bits as a string. */
export function memberCount(object: JsonObject | undefined, name: string): number | undefined {
  const value = member(object, name);
  const number = asNumber(isObject(value) ? readValue(value, 'value') : value);
  return number !== undefined && number >= 0 && Number.isSafeInteger(number) ? number : undefined;
}

/** Milliseconds of `{ seconds, nanos }`; NaN where it is none. */
function millisecondsOf(value: JsonObject): number {
  const seconds = asNumber(readValue(value, 'seconds') ?? 0) ?? Number.NaN;
  const nanos = asNumber(readValue(value, 'nanos') ?? 0) ?? Number.NaN;
  return seconds * 1000 + nanos / 1e6;
}

/** google.protobuf.Timestamp in milliseconds since the epoch, whole; NaN where there is none. */
export function memberTime(object: JsonObject | undefined, name: string, parse: (text: string) => number): number {
  const value = member(object, name);
  if (typeof value === 'string') return parse(value);
  return isObject(value) ? Math.floor(millisecondsOf(value)) : Number.NaN;
}

/** google.protobuf.Duration in milliseconds. */
export function memberDuration(object: JsonObject | undefined, name: string): number | undefined {
  const value = member(object, name);
  const text = typeof value === 'string' && value.endsWith('s') ? asNumber(value.slice(0, -1)) : undefined;
  const ms = isObject(value) ? millisecondsOf(value) : text === undefined ? Number.NaN : text * 1000;
  return ms >= 0 && Number.isFinite(ms) ? Math.round(ms * 1000) / 1000 : undefined;
}
