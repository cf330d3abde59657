import { isObject } from '../../core/is-object.js';
import { ok } from '../../core/result.js';
import type { Result } from '../../core/result.js';
import type { ParseError } from '../source.js';
import { refuse } from './refuse.js';

export { isObject };

/** A JSON object of unknown shape. Read it through the functions below, which see own members only. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const jsonLimits = {
  /** Characters of one record; CloudTrail's largest are about 256 KiB. */
  maxLength: 1_048_576,
  /** Nested objects and lists of one record. */
  maxDepth: 64,
} as const;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function holdsMore(text: string, one: string, other: string, max: number): boolean {
  let count = 0;
  for (const mark of [one, other]) {
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
      count += 1;
      if (count > max) return true;
    }
  }
  return false;
}

/** Whether brackets nest deeper than `max`; one pass, brackets inside strings do not count. */
function isTooDeep(text: string, max: number): boolean {
  // Fewer brackets than levels: most records, told without a look at each character.
  if (!holdsMore(text, '{', '[', max)) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      for (i++; i < text.length; i++) {
        const inner = text.charCodeAt(i);
        if (inner === BACKSLASH) i++;
        else if (inner === QUOTE) break;
      }
    } else if (c === 0x7b || c === 0x5b) {
      depth++;
      if (depth > max) return true;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return false;
}

/** Parses one JSON value of bounded size and depth. The parser's own message is dropped: it quotes the record. */
export function parseJson(raw: string, product: string): Result<unknown, ParseError> {
  if (raw.length > jsonLimits.maxLength) {
    return refuse(
      product,
      '',
      `The record is longer than ${jsonLimits.maxLength} characters.`,
      'Split the record or log fewer fields.',
      jsonLimits.maxLength,
    );
  }
  if (isTooDeep(raw, jsonLimits.maxDepth)) {
    return refuse(
      product,
      '',
      `The record nests deeper than ${jsonLimits.maxDepth} levels.`,
      'Check that the record was not wrapped again and again on its way.',
    );
  }
  try {
    return ok(JSON.parse(raw) as unknown);
  } catch (cause) {
    const at = cause instanceof Error ? / at position (\d+)/.exec(cause.message)?.[1] : undefined;
    return refuse(
      product,
      '',
      'The record is not JSON.',
      'Check that it was not cut off, joined with another one or escaped twice.',
      at === undefined ? undefined : Number(at),
    );
  }
}

/** As `parseJson`, and the value must be an object. */
export function parseJsonObject(raw: string, product: string): Result<JsonObject, ParseError> {
  const parsed = parseJson(raw, product);
  if (!parsed.ok) return parsed;
  return isObject(parsed.value)
    ? ok(parsed.value)
    : refuse(product, '', 'The record is JSON, but no object.', 'Send one JSON object a record.');
}

/** The own member `key`; `__proto__`, `constructor` and the like are only found if the record has them itself. */
export function readValue(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A string, or a number or boolean as text. Absent, null, empty and other types are undefined. */
export function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return undefined;
}

/** A finite number, or a string that is one in decimal notation. */
export function asNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.length > 32 || !/^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(value))
    return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

export function readText(object: JsonObject, key: string): string | undefined {
  return asText(readValue(object, key));
}

export function readNumber(object: JsonObject, key: string): number | undefined {
  return asNumber(readValue(object, key));
}

/** A non-negative safe integer (a count, a size, a status). */
export function readCount(object: JsonObject, key: string): number | undefined {
  const number = readNumber(object, key);
  return number !== undefined && number >= 0 && Number.isSafeInteger(number) ? number : undefined;
}

/** true/false, also as the strings that some products write. */
export function readBoolean(object: JsonObject, key: string): boolean | undefined {
  const value = readValue(object, key);
  if (typeof value === 'boolean') return value;
  return value === 'true' ? true : value === 'false' ? false : undefined;
}

export function readObject(object: JsonObject, key: string): JsonObject | undefined {
  const value = readValue(object, key);
  return isObject(value) ? value : undefined;
}

export function readList(object: JsonObject, key: string): readonly unknown[] | undefined {
  const value = readValue(object, key);
  return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
}

/** The texts of a list; a lone text counts as a list of one. Other elements are passed over. */
export function readTexts(object: JsonObject, key: string): readonly string[] | undefined {
  const value = readValue(object, key);
  if (!Array.isArray(value)) {
    const single = asText(value);
    return single === undefined ? undefined : [single];
  }
  const texts: string[] = [];
  for (const element of value as readonly unknown[]) {
    const text = asText(element);
    if (text !== undefined) texts.push(text);
  }
  return texts;
}

/** Follows keys through nested objects. */
export function digValue(object: JsonObject, first: string, second?: string, third?: string, fourth?: string): unknown {
  const outer = readValue(object, first);
  if (second === undefined) return outer;
  if (!isObject(outer)) return undefined;
  const inner = readValue(outer, second);
  if (third === undefined) return inner;
  if (!isObject(inner)) return undefined;
  const innermost = readValue(inner, third);
  if (fourth === undefined) return innermost;
  return isObject(innermost) ? readValue(innermost, fourth) : undefined;
}

export function digText(
  object: JsonObject,
  first: string,
  second?: string,
  third?: string,
  fourth?: string,
): string | undefined {
  return asText(digValue(object, first, second, third, fourth));
}
