const TOKEN = 1;
const SLASH = 2;
const SEPARATOR = 4;
const AT = 8;
const SPACE = 16;
const UPPER = 32;
const LOWER = 64;
const MARK = 128;

const classes = new Uint8Array(128);
const classify = (chars: string, bits: number): void => {
  for (const char of chars) classes[char.charCodeAt(0)] = bits;
};
classify('ABCDEFGHIJKLMNOPQRSTUVWXYZ', TOKEN | UPPER);
classify('abcdefghijklmnopqrstuvwxyz', TOKEN | LOWER);
classify('0123456789+%', TOKEN);
classify('_-.', TOKEN | MARK);
classify('/', SLASH);
classify('=:>', SEPARATOR);
classify('@', AT);
classify(' \t', SPACE);

/** Numbers, hexadecimal and the separators of ids, times and addresses: no credential is made of these alone. */
export function isPlainId(text: string): boolean {
  if (text.length > 64) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const isAllowed = (c >= 0x2d && c <= 0x3a && c !== 0x2f) || (c >= 0x61 && c <= 0x66);
    if (!isAllowed) return false;
  }
  return true;
}

export interface TextTraits {
  /** Longest run of the characters of tokens. */
  readonly longestRun: number;
  /** Longest run of them and `/` with both cases in it, as base64 and random keys have. */
  readonly longestMixedRun: number;
  readonly hasSeparator: boolean;
  readonly hasAt: boolean;
  readonly hasSpace: boolean;
  /** One of the characters that nearly all token formats have behind their prefix. */
  readonly hasMark: boolean;
}

/** One cheap pass that spares an ordinary text the searches that could find nothing in it. */
export function traitsOf(text: string): TextTraits {
  let seen = 0;
  let run = 0;
  let longestRun = 0;
  let pathRun = 0;
  let cases = 0;
  let longestMixedRun = 0;
  for (let index = 0; index < text.length; index += 1) {
    const kind = classes[text.charCodeAt(index)] ?? 0;
    seen |= kind;
    if ((kind & (TOKEN | SLASH)) === 0) {
      run = 0;
      pathRun = 0;
      cases = 0;
      continue;
    }
    run = (kind & TOKEN) === 0 ? 0 : run + 1;
    if (run > longestRun) longestRun = run;
    pathRun += 1;
    cases |= kind & (UPPER | LOWER);
    if (cases === (UPPER | LOWER) && pathRun > longestMixedRun) longestMixedRun = pathRun;
  }
  return {
    longestRun,
    longestMixedRun,
    hasSeparator: (seen & SEPARATOR) !== 0,
    hasAt: (seen & AT) !== 0,
    hasSpace: (seen & SPACE) !== 0,
    hasMark: (seen & MARK) !== 0,
  };
}
