import { boundText, detached } from '../../core/text.js';
import { isClean, redactText } from '../../event/credential-text.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import { TIME_MAX_MS, parseTime, tryFormatTime } from '../../event/time.js';
import { limits, type TokenEvent } from '../../event/token-event.js';

type Optional<T> = { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };
type Required<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] };

/** Drops the keys whose value is undefined: in an event a key is there with a value, or it is not there. */
export function compact<T extends object>(parts: T): Optional<T> & Required<T> {
  const kept: Record<string, unknown> = {};
  for (const name in parts) if (parts[name] !== undefined) kept[name] = parts[name];
  return kept as Optional<T> & Required<T>;
}

/** Redaction looks at this much; what follows is cut anyway. */
const inspectedChars = 16_384;

/** A text fit for an event: secrets of known shapes gone, no longer than `max` UTF-16 units; empty is absent. */
export function cleanText(text: string | undefined, max: number): string | undefined {
  if (text === undefined || text === '') return undefined;
  const inspected = text.length > inspectedChars ? text.slice(0, inspectedChars) : text;
  return boundText(isClean(inspected) ? inspected : redactText(inspected).text, max);
}

export const shortText = (text: string | undefined): string | undefined => cleanText(text, limits.shortTextMax);
export const longText = (text: string | undefined): string | undefined => cleanText(text, limits.longTextMax);

/**
 * Code and message of a refusal as one text. Each is redacted alone: joined, `invalid_token: Stale` reads as a name
 * with its secret.
 */
export function detailText(...parts: readonly (string | undefined)[]): string | undefined {
  let detail: string | undefined;
  for (const part of parts) {
    const safe = longText(part);
    if (safe !== undefined) detail = detail === undefined ? safe : `${detail}: ${safe}`;
  }
  return detail === undefined ? undefined : boundText(detail, limits.longTextMax);
}

/**
 * An id that others are joined by. One that looks like a secret is replaced by its keyed hash and not by a fixed word,
 * which would make one session of all of them.
 */
export function safeId(text: string | undefined, fingerprinter: Fingerprinter): string | undefined {
  if (text === undefined || text === '') return undefined;
  const inspected = text.length > inspectedChars ? text.slice(0, inspectedChars) : text;
  const kept = text.length <= limits.shortTextMax && (isClean(inspected) || redactText(inspected).text === text);
  return kept ? boundText(text, limits.shortTextMax) : fingerprinter.tokenUid(`id:${text}`);
}

/** A bounded, cleaned list without repeats; an empty one is absent. */
export function cleanList(texts: readonly string[] | undefined): readonly string[] | undefined {
  if (texts === undefined || texts.length === 0) return undefined;
  const seen = new Set<string>();
  for (const text of texts) {
    if (seen.size >= limits.listMax) break;
    const safe = shortText(text);
    if (safe !== undefined) seen.add(safe);
  }
  return seen.size === 0 ? undefined : [...seen];
}

/** Keys are few: most are words of our own. */
const cleanKeys = new Set<string>();
const KEYS_KEPT = 4096;

function cleanKey(key: string): string {
  if (cleanKeys.has(key)) return key;
  const clean = cleanText(key, 64) ?? '';
  if (clean === key && cleanKeys.size < KEYS_KEPT) cleanKeys.add(detached(key));
  return clean;
}

/** Collects the bounded, redacted rest of a record. */
export class AttributeList {
  readonly #list: { key: string; value: string }[] = [];

  /** Adds nothing when the value is absent or the list is full. */
  add(key: string, value: string | number | boolean | undefined): void {
    if (value === undefined || this.#list.length >= limits.attributesMax) return;
    const safe = typeof value === 'string' ? longText(value) : String(value);
    if (safe !== undefined) this.#list.push({ key: cleanKey(key), value: safe });
  }

  done(): NonNullable<TokenEvent['attributes']> | undefined {
    return this.#list.length === 0 ? undefined : this.#list;
  }
}

/** The time if it lies between 1970 and 9999, without a fraction of a millisecond; else undefined. */
export function saneTime(ms: number | undefined): number | undefined {
  return ms !== undefined && ms >= 0 && ms <= TIME_MAX_MS ? Math.floor(ms) : undefined;
}

/** RFC 3339 (any digits of fraction, `T` or a space) → milliseconds since the epoch; undefined where it is none. */
export function readIsoTime(text: string | undefined): number | undefined {
  return text === undefined ? undefined : saneTime(parseTime(text[10] === ' ' ? text.replace(' ', 'T') : text));
}

/** The event's form of a time that may be absent or out of range. */
export function timeText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : tryFormatTime(ms);
}
