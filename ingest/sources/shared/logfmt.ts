/** More pairs than any record of logrus has; what follows is ignored, so that a hostile line costs no memory. */
const maxPairs = 128;

/** Sticky and bounded, so that one look costs at most 64 characters: the whole scan stays linear. */
const keyAt = /[A-Za-z_][A-Za-z0-9_.-]{0,62}=/y;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Escapes of Go's `strconv.Quote`; `\x` bytes that are not text stay as they are written. */
const escapes: Readonly<Record<string, string>> = {
  n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v', '"': '"', '\\': '\\', "'": "'",
}; // prettier-ignore
const escapeForm = /\\(?:u([0-9a-fA-F]{4})|x([0-7][0-9a-fA-F])|([ntrabfv"'\\]))/g;

const unescape = (text: string): string =>
  text.replace(escapeForm, (_all, unicode?: string, byte?: string, letter?: string) => {
    const code = unicode ?? byte;
    return code === undefined ? (escapes[letter ?? ''] ?? '') : String.fromCharCode(parseInt(code, 16));
  });

/** Index of the quote that closes the value which begins at `from`; -1 if the line ends inside it. */
function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return -1;
}

/** Where a line is no logfmt: the key whose value is broken ('' is a missing key), and the character. */
export interface LogfmtFault {
  readonly field: string;
  readonly position: number;
}

/**
 * Reads `key=value key="quoted \"value\""` as Go's logrus writes it without a terminal. The first pair of a name
 * counts: logrus writes time, level and message before the fields, which a caller may have filled. Linear.
 */
export function readLogfmt(
  line: string,
): { readonly values: Readonly<Record<string, string>> } | { readonly fault: LogfmtFault } {
  // No prototype, so that a field called `__proto__` is a field.
  const values = Object.create(null) as Record<string, string>;
  let at = 0;
  for (let pairs = 0; pairs < maxPairs; pairs++) {
    while (line.charCodeAt(at) <= 0x20) at++;
    if (at >= line.length) break;
    keyAt.lastIndex = at;
    const key = keyAt.exec(line)?.[0].slice(0, -1);
    if (key === undefined) return { fault: { field: '', position: at } };
    at += key.length + 1;
    let value: string;
    if (line.charCodeAt(at) === QUOTE) {
      const close = closingQuote(line, at + 1);
      if (close < 0) return { fault: { field: key, position: at } };
      value = line.slice(at + 1, close);
      if (value.includes('\\')) value = unescape(value);
      at = close + 1;
    } else {
      const end = line.indexOf(' ', at);
      value = end < 0 ? line.slice(at) : line.slice(at, end);
      at = end < 0 ? line.length : end;
    }
    if (!(key in values)) values[key] = value;
  }
  return { values };
}
