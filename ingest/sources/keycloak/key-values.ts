/** Fault of a `k=v, k=v` list; `position` counts characters from the start of the list. */
export interface ListFault {
  readonly field: string;
  readonly position: number;
}

/** More pairs than any Keycloak event has; what follows is ignored so that a hostile line costs no memory. */
const maxPairs = 128;

const KEY_MAX = 63;
const SPACES_MAX = 4;
const FIRST = 1;
const LATER = 2;
/** `[A-Za-z_][A-Za-z0-9_.:-]*` */
const keyChars = new Uint8Array(128);
for (let c = 0; c < 128; c += 1) {
  const char = String.fromCharCode(c);
  keyChars[c] = (/[A-Za-z_]/.test(char) ? FIRST : 0) | (/[A-Za-z0-9_.:-]/.test(char) ? LATER : 0);
}
const keyCharAt = (text: string, at: number): number => {
  const c = text.charCodeAt(at);
  return c < 128 ? (keyChars[c] ?? 0) : 0;
};

/** Index of the `=` behind the key that begins at `at`; -1 where no key begins. One look costs at most 64 characters. */
function keyEnd(text: string, at: number): number {
  if ((keyCharAt(text, at) & FIRST) === 0) return -1;
  let end = at + 1;
  while (end - at < KEY_MAX && (keyCharAt(text, end) & LATER) !== 0) end += 1;
  return text.charCodeAt(end) === 0x3d ? end : -1;
}

function isSpaceAt(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  return c === 0x20 || ((c < 0x20 || c > 0x7f) && /\s/.test(text.charAt(at)));
}

/** Index after the `=` of the pair that begins with the comma at `at`: `, key=`; -1 where none does. */
function nextPair(text: string, at: number): number {
  if (text.charCodeAt(at) !== 0x2c) return -1;
  let key = at + 1;
  while (key - at <= SPACES_MAX && isSpaceAt(text, key)) key += 1;
  const equals = key === at + 1 ? -1 : keyEnd(text, key);
  return equals < 0 ? -1 : equals + 1;
}

/**
 * The end of the value is the first closing quote that is followed by another pair or by the end of the text. Keycloak
 * escapes quotes and nothing else, so a value that ends in a backslash looks like one that goes on: `\\"` closes only
 * before a pair whose value opens with a bare quote, which cannot stand inside a value.
 */
function closingQuote(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    const after = at + quote.length;
    if (after >= text.length || text.slice(after, after + 8).trim() === '') return at;
    const next = nextPair(text, after);
    if (next < 0) continue;
    if (quote !== '"' || text[at - 1] !== '\\' || text[next] === '"') return at;
  }
  return -1;
}

function quoteAt(text: string, at: number): '' | '"' | "'" | '\\"' {
  if (text.startsWith('\\"', at)) return '\\"';
  const first = text[at];
  return first === '"' || first === "'" ? first : '';
}

function bareEnd(text: string, from: number): number {
  for (let at = text.indexOf(',', from); at >= 0; at = text.indexOf(',', at + 1)) {
    if (nextPair(text, at) >= 0) return at;
  }
  return text.length;
}

/**
 * Reads Keycloak's `key=value, key="value", key='value', key=\"value\"` list. The word `null` is an absent value.
 * The first pair of a name counts: the server writes its own fields before the details, some of which a user can type.
 */
export function readKeyValues(text: string): { readonly values: Map<string, string> } | { readonly fault: ListFault } {
  const values = new Map<string, string>();
  let at = 0;
  /** How the first value is quoted is how the server quotes all of them. */
  let style: string | undefined;
  while (at < text.length && values.size < maxPairs) {
    const equals = keyEnd(text, at);
    if (equals < 0) return { fault: { field: '', position: at } };
    const key = text.slice(at, equals);
    const start = equals + 1;
    const quote = quoteAt(text, start);
    style ??= quote;
    const close = quote === '' ? -1 : closingQuote(text, start + quote.length, quote);
    let end: number;
    let value: string;
    if (close >= 0) {
      value = text.slice(start + quote.length, close);
      if (quote === '"' && value.includes('\\')) value = value.replaceAll('\\"', '"');
      end = close + quote.length;
    } else if (quote !== '' && quote === style) {
      return { fault: { field: key, position: start } };
    } else {
      // In the unquoted style a value may begin with a quote that a user typed; it must not hide the record.
      end = bareEnd(text, start);
      value = text.slice(start, end).trimEnd();
    }
    if (value !== 'null' && value !== '' && !values.has(key)) values.set(key, value);
    at = end;
    while (at < text.length && (text[at] === ',' || text[at] === ' ' || text[at] === '\t' || text[at] === '\r'))
      at += 1;
  }
  return { values };
}
