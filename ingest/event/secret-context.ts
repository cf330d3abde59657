import {
  holdsWholeLine,
  isHarmlessValue,
  isProseName,
  looksSecret,
  mayEndSecretName,
  secretNameStrength,
  startsWithAccessKeyId,
} from './secret-names.js';
import type { Span } from './secret-shapes.js';

const NAME_MAX = 64;
const GAP_MAX = 8;
const AHEAD_MAX = 512;
const separators = /[=:>]/g;
const NAME = 1;
const GAP = 2;
/** What names are made of, and what may stand between a name and its separator. */
const kinds = new Uint8Array(128);
for (let c = 0; c < 128; c += 1) {
  const char = String.fromCharCode(c);
  kinds[c] = /[A-Za-z0-9_.[\]-]/.test(char) ? NAME : /[\s"'\\]/.test(char) ? GAP : 0;
}
/** White space beyond ASCII is a gap, too. */
const kindAt = (text: string, at: number): number => {
  const c = text.charCodeAt(at);
  return c < 128 ? (kinds[c] ?? 0) : /\s/.test(text.charAt(at)) ? GAP : 0;
};
const proseWord = /^[a-z]{1,20}[.,;:!?]*$/;

/** Whether any separator stands behind what could be a secret's name: one cheap look in place of the search. */
export function mayHoldNamedValue(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const c = text.charCodeAt(at);
    if (c !== 0x3a && c !== 0x3d && c !== 0x3e) continue;
    const end = nameEnd(text, at);
    if (mayEndSecretName(text, Math.max(0, end - NAME_MAX), end)) return true;
  }
  return false;
}

/** Values behind a secret's name: `password=…`, `"client_secret": ["…"]`, `X-Vault-Token: …`, `<password>…`. */
export function findNamedValues(text: string): Span[] {
  const spans: Span[] = [];
  separators.lastIndex = 0;
  for (let match = separators.exec(text); match !== null; match = separators.exec(text)) {
    const separator = match[0];
    const name = separator === '>' ? elementBefore(text, match.index) : nameBefore(text, match.index);
    const strength = name === '' ? 'none' : secretNameStrength(name);
    if (strength === 'none') continue;
    // Decided on a bounded part first: skipping a value after scanning all of it, again and again, would be quadratic.
    const ahead = text.slice(match.index + 1, match.index + 1 + AHEAD_MAX);
    if (startsWithAccessKeyId(ahead) || (strength === 'weak' && !looksSecret(ahead))) continue;
    const span = separator === '>' ? elementAfter(text, match.index + 1) : valueAfter(text, match.index + 1, name);
    const value = text.slice(span.start, span.end);
    if (value === '' || isHarmlessValue(value)) continue;
    if (strength === 'weak' && !looksSecret(value)) continue;
    // `invalid token: expired` is prose; `token=expired` and `"token":"expired"` are not.
    const isProse = separator === ':' && span.start > match.index + 1 && !span.quoted;
    if (isProse && isProseName(name) && proseWord.test(value)) continue;
    spans.push(span);
    separators.lastIndex = Math.max(separators.lastIndex, span.end);
  }
  return spans;
}

/** The name that ends before a separator, past quotes and spaces; bounded, so that many separators stay cheap. */
function nameBefore(text: string, separator: number): string {
  const end = nameEnd(text, separator);
  let start = end;
  while (start > 0 && end - start < NAME_MAX && kindAt(text, start - 1) === NAME) start -= 1;
  return text.slice(start, end);
}

function nameEnd(text: string, separator: number): number {
  let end = separator;
  while (end > 0 && separator - end < GAP_MAX && kindAt(text, end - 1) === GAP) end -= 1;
  return end;
}

/** The name of the XML element that opens before `>`. */
function elementBefore(text: string, close: number): string {
  const name = nameBefore(text, close);
  const before = text[close - name.length - 1];
  return before === '<' || before === ':' ? name : '';
}

function elementAfter(text: string, from: number): Value {
  const end = text.indexOf('<', from);
  return { start: from, end: end < 0 ? text.length : end, quoted: true };
}

interface Value extends Span {
  readonly quoted: boolean;
}

/** The end of an unquoted value: space, `&`, a quote, or a comma or semicolon before the next `name=`. */
const unquotedEnd = /[\s&"'<>]|[,;](?=\s|$|[A-Za-z_][A-Za-z0-9_.-]{0,40}[=:])/g;
const lineEnd = /[\r\n"]/g;

function valueAfter(text: string, from: number, name: string): Value {
  let start = from;
  while (start < text.length && start - from < GAP_MAX && /\s/.test(text.charAt(start))) start += 1;
  if (text[start] === '[') return { start, end: endOfList(text, start), quoted: true };
  if (text[start] === '{') return { start, end: start, quoted: true };
  let escapes = 0;
  while (text[start + escapes] === '\\' && escapes < GAP_MAX) escapes += 1;
  const quote = text[start + escapes];
  if (quote === '"' || quote === "'") {
    const inside = start + escapes + 1;
    return { start: inside, end: endOfQuoted(text, inside, quote, escapes > 0), quoted: true };
  }
  const stop = holdsWholeLine(name) ? lineEnd : unquotedEnd;
  stop.lastIndex = start;
  const found = stop.exec(text);
  return { start, end: found?.index ?? text.length, quoted: false };
}

/** The end of a flat list: header values come as lists in JSON. Objects are left to the names inside them. */
function endOfList(text: string, from: number): number {
  const end = text.indexOf(']', from);
  return end < 0 ? text.length : end + 1;
}

function endOfQuoted(text: string, from: number, quote: string, escaped: boolean): number {
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    // In JSON inside JSON the closing quote is escaped too, and its backslashes belong to it.
    if (char === quote) return at;
    if (char === '\\') {
      if (escaped && text[at + 1] === quote) return at;
      if (!escaped) at += 1;
    }
  }
  return text.length;
}

const schemes =
  /\b(basic|bearer|token|dpop|apikey|negotiate|digest|ntlm|hawk|ssws)(?:[ \t]|%20|\+){1,4}([A-Za-z0-9._~+/%-]{4,}={0,2})/gi;

/** `Bearer …`, `Basic …` wherever they stand. */
export function findSchemes(text: string): Span[] {
  const spans: Span[] = [];
  schemes.lastIndex = 0;
  for (let match = schemes.exec(text); match !== null; match = schemes.exec(text)) {
    const value = match[2] ?? '';
    const end = match.index + match[0].length;
    if (isCredentialOf((match[1] ?? '').toLowerCase(), value)) spans.push({ start: end - value.length, end });
    // `token Bearer …`: a word that is no credential may be the next scheme.
    else schemes.lastIndex = end - value.length;
  }
  return spans;
}

function isCredentialOf(scheme: string, value: string): boolean {
  if (/^(?:[a-z]{1,20}|[A-Z]?[a-z]{1,20})[.]?$/.test(value)) return false;
  if (scheme === 'basic' && Buffer.from(value, 'base64').includes(58)) return true;
  return value.length >= 8 && !isHarmlessValue(value);
}

/** Command-line flags: `--password hunter2`, `-u ann:hunter2`. */
const flags = /--?([A-Za-z][A-Za-z0-9_.-]{0,40})[ \t]{1,4}([^\s"'-][^\s"']*)/g;

export function findFlags(text: string): Span[] {
  const spans: Span[] = [];
  flags.lastIndex = 0;
  for (let match = flags.exec(text); match !== null; match = flags.exec(text)) {
    const value = match[2] ?? '';
    const end = match.index + match[0].length;
    const name = match[1] ?? '';
    if (isHarmlessValue(value)) continue;
    const colon = /^(?:u|user|proxy-user|U)$/.test(name) ? value.indexOf(':') : -1;
    if (secretNameStrength(name) === 'strong') spans.push({ start: end - value.length, end });
    else if (colon >= 0 && colon < value.length - 1) spans.push({ start: end - value.length + colon + 1, end });
  }
  return spans;
}

/** A greedy run up to the last `@` of the authority: passwords with `@` in them are written unescaped often enough. */
const userinfo = /\/\/([^\s/?#"'<>]{1,1024})@/g;

/** `idp.example.com|` of `https://idp.example.com|alice@example.com`, as principals are named: an issuer and its subject. */
const issuerOfSubject =
  /^(?:(?:[a-z0-9-]{1,63}\.){1,8}[a-z0-9-]{1,63}(?::\d{1,5})?\||[a-z0-9-]{1,63}(?::\d{1,5})?\|[^:]*$)/i;

/** The password of `scheme://user:password@host`, or a lone user that looks like a token. */
export function findUserinfo(text: string): Span[] {
  const spans: Span[] = [];
  userinfo.lastIndex = 0;
  for (let match = userinfo.exec(text); match !== null; match = userinfo.exec(text)) {
    const info = match[1] ?? '';
    const start = match.index + 2;
    const end = start + info.length;
    if (issuerOfSubject.test(info)) continue;
    const colon = info.indexOf(':');
    if (colon >= 0) {
      const password = info.slice(colon + 1);
      if (password !== '' && !isHarmlessValue(password)) spans.push({ start: start + colon + 1, end });
      // The user of `user:x-oauth-basic@` is the token.
      if (looksSecret(info.slice(0, colon))) spans.push({ start, end: start + colon });
    } else if (info.length > 16 || looksSecret(info)) {
      if (!isHarmlessValue(info)) spans.push({ start, end });
    }
  }
  return spans;
}
