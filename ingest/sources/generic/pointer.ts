import { isObject, parseJson, readValue } from '../shared/json-reader.js';

/** RFC 6901 §3: empty, or tokens after `/` in which `~` stands only before 0 or 1. */
const form = /^(?:\/(?:[^~/]|~[01])*)*$/;

export const isPointer = (text: string): boolean => text.length <= 1024 && form.test(text);

/** The tokens of a JSON pointer that `isPointer` accepts. */
export function pointerTokens(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const arrayIndex = /^(?:0|[1-9]\d{0,8})$/;

/**
 * Follows a JSON pointer (RFC 6901 §4). Own members only. Where the pointer goes on below a text, the text is read as
 * JSON: Azure and AWS carry whole records as texts.
 *
 * @param texts remembers the JSON of texts while one record is read.
 */
export function followPointer(root: unknown, tokens: readonly string[], texts: Map<string, unknown>): unknown {
  let value = root;
  for (const token of tokens) {
    if (typeof value === 'string') value = jsonOf(value, texts);
    if (Array.isArray(value)) value = arrayIndex.test(token) ? (value as readonly unknown[])[Number(token)] : undefined;
    else if (isObject(value)) value = readValue(value, token);
    else return undefined;
  }
  return value;
}

function jsonOf(text: string, texts: Map<string, unknown>): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  if (texts.has(text)) return texts.get(text);
  const parsed = parseJson(text, '');
  const value = parsed.ok ? parsed.value : undefined;
  texts.set(text, value);
  return value;
}
