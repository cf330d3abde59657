/** Fault of a `k=v, k=v` list; `position` counts characters from the start of the list. */
export interface ListFault {
  readonly field: string;
  readonly position: number;
}

/** More pairs than any Keycloak event has; what follows is ignored so that a hostile line costs no memory. */
const maxPairs = 128;

/** Sticky and bounded, so that one look costs at most 64 characters: the whole scan stays linear. */
const keyAt = /[A-Za-z_][A-Za-z0-9_.:-]{0,62}=/y;
const separatorAt = /,\s{1,4}[A-Za-z_][A-Za-z0-9_.:-]{0,62}=/y;

function startsPair(text: string, at: number): boolean {
  separatorAt.lastIndex = at;
  return separatorAt.test(text);
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
    if (!startsPair(text, after)) continue;
    if (quote !== '"' || text[at - 1] !== '\\' || text[separatorAt.lastIndex] === '"') return at;
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
    if (startsPair(text, at)) return at;
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
    keyAt.lastIndex = at;
    const key = keyAt.exec(text)?.[0].slice(0, -1);
    if (key === undefined) return { fault: { field: '', position: at } };
    const start = at + key.length + 1;
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
