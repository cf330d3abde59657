const TOKEN = 1;
const SLASH = 2;
const EQUALS_OR_COLON = 4;
const AT = 8;
const SPACE = 16;

const classes = new Uint8Array(128);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+')
  classes[char.charCodeAt(0)] = TOKEN;
classes['/'.charCodeAt(0)] = SLASH;
classes['%'.charCodeAt(0)] = TOKEN;
classes['='.charCodeAt(0)] = EQUALS_OR_COLON;
classes[':'.charCodeAt(0)] = EQUALS_OR_COLON;
classes['@'.charCodeAt(0)] = AT;
classes[' '.charCodeAt(0)] = SPACE;
classes['\t'.charCodeAt(0)] = SPACE;

export interface TextTraits {
  /** Longest run of the characters of tokens. */
  readonly longestRun: number;
  /** The same where `/` counts as such a character. */
  readonly longestPathRun: number;
  readonly hasSeparator: boolean;
  readonly hasAt: boolean;
  readonly hasSpace: boolean;
}

/** One cheap pass that spares an ordinary text the searches that could find nothing in it. */
export function traitsOf(text: string): TextTraits {
  let seen = 0;
  let run = 0;
  let pathRun = 0;
  let longestRun = 0;
  let longestPathRun = 0;
  for (let index = 0; index < text.length; index += 1) {
    const kind = classes[text.charCodeAt(index)] ?? 0;
    seen |= kind;
    if (kind === TOKEN) {
      run += 1;
      pathRun += 1;
      if (run > longestRun) longestRun = run;
    } else {
      run = 0;
      pathRun = kind === SLASH ? pathRun + 1 : 0;
    }
    if (pathRun > longestPathRun) longestPathRun = pathRun;
  }
  return {
    longestRun,
    longestPathRun,
    hasSeparator: (seen & EQUALS_OR_COLON) !== 0,
    hasAt: (seen & AT) !== 0,
    hasSpace: (seen & SPACE) !== 0,
  };
}
