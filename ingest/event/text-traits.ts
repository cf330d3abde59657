const TOKEN = 1;
const SLASH = 2;
const SEPARATOR = 4;
const AT = 8;
const SPACE = 16;
const UPPER = 32;
const LOWER = 64;
const MARK = 128;
/** Not one of the characters of numbers, hexadecimal and the separators of ids, times and addresses. */
const WORDY = 256;
const ESCAPE = 512;
/** `e` before `y` or `w`. */
const JSON_OPENS = 1024;
/** Characters that mean more behind a certain other one. */
const LOOK_BACK = 2048;
const DOT = 0x2e;
const LETTER_B = 0x62;
const LETTER_E = 0x65;
const RUN_SHIFT = 12;
const MIXED_SHIFT = 20;
const RUN_MAX = 255;

const classes = new Uint16Array(128).fill(WORDY);
const classify = (chars: string, bits: number): void => {
  for (const char of chars) classes[char.charCodeAt(0)] = bits;
};
classify('ABCDEFGHIJKLMNOPQRSTUVWXYZ', TOKEN | UPPER | WORDY);
classify('abcdef', TOKEN | LOWER);
classify('ghijklmnopqrstuvxz', TOKEN | LOWER | WORDY);
classify('yw', TOKEN | LOWER | WORDY | LOOK_BACK);
classify('0123456789', TOKEN);
classify('+%', TOKEN | WORDY | ESCAPE);
classify('-', TOKEN | MARK);
classify('.', TOKEN | MARK | LOOK_BACK);
classify('_', TOKEN | MARK | WORDY);
classify('/', SLASH | WORDY);
// Padding: the searches for tokens go over it.
classify('=', TOKEN | SEPARATOR | WORDY);
classify('>', SEPARATOR | WORDY);
classify(':', SEPARATOR);
classify('@', AT | WORDY);
classify(' \t', SPACE | WORDY);

const PLAIN_MAX = 64;

/** Numbers, hexadecimal and the separators of ids, times and addresses: no credential is made of these alone. */
export function isPlainId(text: string): boolean {
  if (text.length > PLAIN_MAX) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const isAllowed = (c >= 0x2d && c <= 0x3a && c !== 0x2f) || (c >= 0x61 && c <= 0x66);
    if (!isAllowed) return false;
  }
  return true;
}

/** What one cheap pass saw in a text, in one number, since it is asked for every text of every record. */
export type TextTraits = number & { readonly __traits: never };

/** One cheap pass that spares an ordinary text the searches that could find nothing in it. */
export function traitsOf(text: string): TextTraits {
  const { length } = text;
  let seen = 0;
  let run = 0;
  let inRun = 0;
  let longestRun = 0;
  let pathRun = 0;
  let cases = 0;
  let longestMixedRun = 0;
  for (let index = 0; index < length; index += 1) {
    const c = text.charCodeAt(index);
    const kind = c < 128 ? (classes[c] ?? WORDY) : WORDY;
    seen |= kind;
    if ((kind & (TOKEN | SLASH)) === 0) {
      run = 0;
      inRun = 0;
      pathRun = 0;
      cases = 0;
      continue;
    }
    pathRun += 1;
    cases |= kind & (UPPER | LOWER);
    if (cases === (UPPER | LOWER) && pathRun > longestMixedRun) longestMixedRun = pathRun;
    if ((kind & TOKEN) === 0) {
      run = 0;
      inRun = 0;
      continue;
    }
    run += 1;
    inRun |= kind;
    if ((kind & LOOK_BACK) !== 0 && index > 0) {
      const before = text.charCodeAt(index - 1);
      if (c === DOT) inRun |= before === LETTER_B ? WORDY : 0;
      else if (before === LETTER_E) seen |= JSON_OPENS;
    }
    if ((inRun & WORDY) !== 0 && run > longestRun) longestRun = run;
  }
  if (length > PLAIN_MAX) seen |= WORDY;
  return ((seen & ~LOOK_BACK) |
    (Math.min(longestRun, RUN_MAX) << RUN_SHIFT) |
    (Math.min(longestMixedRun, RUN_MAX) << MIXED_SHIFT)) as TextTraits;
}

export const traits = {
  /** As `isPlainId`. */
  isPlainId: (t: TextTraits): boolean => (t & WORDY) === 0,
  /**
   * Longest run of the characters of tokens; 255 stands for more. Runs of nothing but those of plain ids do not count,
   * unless `b.` is in them: no other format begins with these alone.
   */
  longestRun: (t: TextTraits): number => (t >> RUN_SHIFT) & RUN_MAX,
  /** Longest run of them and `/` with both cases in it, as base64 and random keys have; 255 stands for more. */
  longestMixedRun: (t: TextTraits): number => (t >> MIXED_SHIFT) & RUN_MAX,
  hasSeparator: (t: TextTraits): boolean => (t & SEPARATOR) !== 0,
  /** What `//user@` needs. */
  hasSlashAndAt: (t: TextTraits): boolean => (t & (SLASH | AT)) === (SLASH | AT),
  hasSlash: (t: TextTraits): boolean => (t & SLASH) !== 0,
  hasSpace: (t: TextTraits): boolean => (t & SPACE) !== 0,
  /** One of the characters that nearly all token formats have behind their prefix. */
  hasMark: (t: TextTraits): boolean => (t & MARK) !== 0,
  /** `%` or `+`. */
  hasEscape: (t: TextTraits): boolean => (t & ESCAPE) !== 0,
  /** How the base64 of a JSON object begins. */
  opensJson: (t: TextTraits): boolean => (t & JSON_OPENS) !== 0,
} as const;
