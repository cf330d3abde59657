import { traits, type TextTraits } from './text-traits.js';

/** Part of a text, end excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Shape {
  readonly prefix: RegExp;
  /** The first three characters of everything that the prefix matches; `*` stands for any letter or digit. */
  readonly begins: string;
  /** Sticky: consumes the rest from the end of the prefix; it may not backtrack over more than a constant. */
  readonly body: RegExp;
  readonly bodyMin: number;
}

const word = /[A-Za-z0-9_-]*/y;
/** Words joined by dots; a dot at the end of a sentence stays outside. */
const dotted = /(?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-]))*/y;
const base64 = /[A-Za-z0-9+/_=-]*/y;

/** Token formats that say what they are (makers' documentation; GitHub, GitLab and Slack publish theirs for scanners). */
const shapes: readonly Shape[] = [
  { prefix: /gh[pousr]_/, begins: 'ghp gho ghu ghs ghr', body: dotted, bodyMin: 16 },
  { prefix: /github_pat_/, begins: 'git', body: word, bodyMin: 16 },
  {
    prefix: /gl(?:pat|ptt|rt|oas|dt|cbt|ft|soat|imt|agent)-/,
    begins: 'glp glr glo gld glc glf gls gli gla',
    body: dotted,
    bodyMin: 16,
  },
  { prefix: /xox[A-Za-z][.-]|xapp-|xwfp-/, begins: 'xox xap xwf', body: dotted, bodyMin: 8 },
  { prefix: /(?:sk|rk|pk)_(?:live|test)_|whsec_/, begins: 'sk_ rk_ pk_ whs', body: word, bodyMin: 10 },
  { prefix: /AIza/, begins: 'AIz', body: word, bodyMin: 30 },
  { prefix: /ya29\./, begins: 'ya2', body: dotted, bodyMin: 10 },
  { prefix: /GOCSPX-/, begins: 'GOC', body: word, bodyMin: 16 },
  { prefix: /hv[sbr]\./, begins: 'hvs hvb hvr', body: dotted, bodyMin: 16 },
  {
    prefix: /(?:^|(?<=[^A-Za-z0-9.]))[sb]\.(?=[A-Za-z0-9]{24}(?![A-Za-z0-9]))/,
    begins: 's.* b.*',
    body: word,
    bodyMin: 24,
  },
  { prefix: /npm_/, begins: 'npm', body: word, bodyMin: 30 },
  { prefix: /pypi-/, begins: 'pyp', body: word, bodyMin: 30 },
  { prefix: /do[oprt]_v1_/, begins: 'doo dop dor dot', body: word, bodyMin: 30 },
  { prefix: /sk-(?=[A-Za-z0-9])/, begins: 'sk-', body: word, bodyMin: 20 },
  { prefix: /SG\./, begins: 'SG.', body: dotted, bodyMin: 30 },
  { prefix: /shp(?:at|ca|pa|ss)_/, begins: 'shp', body: word, bodyMin: 20 },
  { prefix: /dp\.(?:pt|st|ct)\./, begins: 'dp.', body: dotted, bodyMin: 20 },
  // Slack webhooks: the path is the secret.
  { prefix: /services\/T(?=[A-Z0-9]{6,12}\/B[A-Z0-9])/, begins: '', body: base64, bodyMin: 20 },
  // AWS session tokens: what their first bytes always encode to.
  {
    prefix: /FwoGZXIvYXdz|IQoJb3JpZ2lu|FQoGZXIvYXdz|AQoDYXdz|AQoEXAMPLE/,
    begins: 'Fwo IQo FQo AQo',
    body: base64,
    bodyMin: 8,
  },
];

/** JWS and JWE behind the base64 of `{"` or of `{` and white space. Padding does not belong there, but whoever pads must not get through either. */
const jwtBody = /[A-Za-z0-9_=+-]{2,}\.[A-Za-z0-9_=+-]*(?:\.[A-Za-z0-9_=+-]*){0,3}/y;
const base64urlRun = /[A-Za-z0-9_=+-]*/y;
const pemBegin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/y;
const pemEnd = /-----END [A-Z0-9 ]{0,60}-----/g;

const finder = new RegExp(
  `(eyJ|eyAi|ewog|ewoJ|ew0K)|(-----BEGIN )|${shapes.map((shape) => `(${shape.prefix.source})`).join('|')}`,
  'g',
);

/** Characters of the shortest token of a known format that stands in one run of them, the JWT left out (`xapp-` and 8). */
const RUN_MIN = 13;
/** `-----BEGIN`, and the shortest thing that reads as a JWT: `eyJaa.`; both stand in one run, too. */
const PEM_RUN_MIN = 10;
const JWT_RUN_MIN = 6;
/** The shortest of the formats that need none of `_`, `-` and `.`: `AQoDYXdz` and eight more. */
const UNMARKED_RUN_MIN = 16;

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const THREE = 0x7fff;
/** Three characters as 15 bits: five of each are kept, which is enough to tell most words from prefixes. */
const pushChar = (three: number, c: number): number => ((three << 5) | (c & 31)) & THREE;
/** One bit for each of those numbers that a prefix begins with. */
const beginnings = new Uint32Array((THREE + 1) / 32);
for (const begin of ['eyJ', 'eyA', 'ewo', 'ew0', '---', ...shapes.flatMap(({ begins }) => begins.split(' '))]) {
  for (const text of begin.endsWith('*') ? Array.from(letters, (c) => begin.replace('*', c)) : [begin]) {
    if (text === '') continue;
    const three = Array.from(text, (c) => c.charCodeAt(0)).reduce(pushChar, 0);
    beginnings[three >>> 5] = (beginnings[three >>> 5] ?? 0) | (1 << (three & 31));
  }
}

/** Whether three characters in a row are those of a prefix, or as good as. */
function holdsBeginning(text: string): boolean {
  let three = 0;
  for (let at = 0; at < text.length; at += 1) {
    three = pushChar(three, text.charCodeAt(at));
    if (at >= 2 && (((beginnings[three >>> 5] ?? 0) >>> (three & 31)) & 1) === 1) return true;
  }
  return false;
}

/** Whether a text could hold a known format at all: cheap looks in place of the search. */
export function mayHoldShape(text: string, seen: TextTraits): boolean {
  const run = traits.longestRun(seen);
  const mixedRun = traits.longestMixedRun(seen);
  if (run >= RUN_MIN || mixedRun >= RUN_MIN) {
    if (!traits.hasMark(seen) && mixedRun < UNMARKED_RUN_MIN) return false;
    // The one prefix whose beginning is in many a word.
    return holdsBeginning(text) || (traits.hasSlash(seen) && text.includes('services/T'));
  }
  if (!traits.hasMark(seen)) return false;
  return (run >= JWT_RUN_MIN && traits.opensJson(seen)) || (run >= PEM_RUN_MIN && text.includes('-----BEGIN'));
}

/**
 * Known secret formats in a text, in order and apart. Linear: what fails has scanned no more than a constant, but for
 * `eyJ`, whose run is scanned once and remembered.
 */
export function findShapes(text: string): Span[] {
  const spans: Span[] = [];
  finder.lastIndex = 0;
  let dotlessUntil = 0;
  for (let match = finder.exec(text); match !== null; match = finder.exec(text)) {
    const start = match.index;
    const after = start + match[0].length;
    let end: number;
    let isSecret: boolean;
    if (match[1] !== undefined && after <= dotlessUntil) {
      isSecret = false;
      end = after;
    } else if (match[1] !== undefined) {
      const token = matchEnd(jwtBody, text, after);
      isSecret = token !== undefined;
      end = token ?? after;
      // Without a dot after its run no later start in the run has one.
      if (token === undefined) dotlessUntil = matchEnd(base64urlRun, text, after) ?? after;
    } else if (match[2] !== undefined) {
      isSecret = matchEnd(pemBegin, text, start) !== undefined;
      end = isSecret ? endOfPem(text, after) : after;
    } else {
      const shape = shapes[match.slice(3).findIndex((group) => group)];
      const bodyEnd = shape === undefined ? after : (matchEnd(shape.body, text, after) ?? after);
      isSecret = shape !== undefined && bodyEnd - after >= shape.bodyMin;
      end = isSecret ? bodyEnd : after;
    }
    if (isSecret) spans.push({ start, end });
    finder.lastIndex = end;
  }
  return spans;
}

function matchEnd(sticky: RegExp, text: string, at: number): number | undefined {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : undefined;
}

function endOfPem(text: string, from: number): number {
  pemEnd.lastIndex = from;
  return pemEnd.test(text) ? pemEnd.lastIndex : text.length;
}

const longRun = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32,}/g;
/** 40 characters of base64: an AWS secret access key. Once with `/` as a character, once as the end of a path segment. */
const awsSecretKey = /(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g;
const awsSecretKeySegment = /(?<![A-Za-z0-9+=%])(?:[A-Za-z0-9+]|%2[FfBb]){40}(?![A-Za-z0-9+=%])/g;

/** Adds the matches of a global pattern that count. `matchAll` would compile the pattern again for each text. */
export function pushMatches(spans: Span[], pattern: RegExp, text: string, counts: (match: string) => boolean): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (counts(match[0])) spans.push({ start: match.index, end: match.index + match[0].length });
  }
}

/** Runs without a known format that are as mixed as random keys are; suspicion, not evidence. */
export function findRandomRuns(text: string): Span[] {
  const spans: Span[] = [];
  if (text.length < 32) return spans;
  pushMatches(spans, longRun, text, isRandomLike);
  pushMatches(spans, awsSecretKey, text, isRandomLike);
  if (text.includes('/') || text.includes('%')) pushMatches(spans, awsSecretKeySegment, text, isRandomLike);
  return spans;
}

/**
 * In random base62 the class (upper, lower, digit) changes with probability 0.62 from one character to the next; in
 * titles, identifiers and paths it changes with every word.
 */
function isRandomLike(run: string): boolean {
  let changes = 0;
  let characters = 0;
  let digitRuns = 0;
  let seen = 0;
  let last = 0;
  for (let index = 0; index < run.length; index += 1) {
    const kind = classOf(run.charCodeAt(index));
    if (kind === 0) continue;
    characters += 1;
    seen |= kind;
    if (kind !== last) {
      changes += 1;
      if (kind === DIGIT) digitRuns += 1;
    }
    last = kind;
  }
  return seen === (LOWER | UPPER | DIGIT) && digitRuns >= 2 && changes >= 0.42 * characters;
}

const LOWER = 1;
const UPPER = 2;
const DIGIT = 4;

function classOf(code: number): number {
  if (code >= 97 && code <= 122) return LOWER;
  if (code >= 65 && code <= 90) return UPPER;
  return code >= 48 && code <= 57 ? DIGIT : 0;
}
