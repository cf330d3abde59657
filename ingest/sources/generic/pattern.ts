import { RE2JS } from 're2js';

/**
 * Characters of input times instructions of the pattern: what one match may cost. RE2 needs no more steps than that, so
 * this bounds the time of a match whatever is written (about one second on a slow machine).
 */
const STEPS_MAX = 4_000_000;
const INSTRUCTIONS_MAX = 2000;
const PATTERN_MAX = 4096;

/** A regular expression of RE2's syntax and semantics: linear time, no look-around, no back references. */
export interface Pattern {
  /** Named groups, in the order of the pattern. */
  readonly names: readonly string[];
  /** Inputs that are longer are refused. */
  readonly inputMax: number;
  /** Texts of the groups by their name if the pattern matches the whole input; of the first group under ''. */
  match(input: string): ReadonlyMap<string, string> | undefined;
}

export type Compiled = { readonly pattern: Pattern } | { readonly fault: string };

/** Compiles a pattern; a fault says what RE2 does not take. */
export function compilePattern(text: string): Compiled {
  if (text.length > PATTERN_MAX) return { fault: `it is longer than ${PATTERN_MAX} characters` };
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(text);
  } catch (error) {
    const words = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'unreadable';
    return { fault: `RE2 does not take it: ${words}` };
  }
  const size = regex.programSize();
  if (size > INSTRUCTIONS_MAX) return { fault: `it compiles to ${size} instructions, more than ${INSTRUCTIONS_MAX}` };
  const groups = Object.entries(regex.namedGroups());
  const wanted: readonly (readonly [string, number])[] = groups.length > 0 ? groups : [['', 1]];
  if (regex.groupCount() === 0) return { fault: 'it has no group, so nothing could be taken from a match' };
  const inputMax = Math.min(65_536, Math.floor(STEPS_MAX / size));
  return {
    pattern: {
      names: groups.map(([name]) => name),
      inputMax,
      match(input) {
        if (input.length > inputMax) return undefined;
        const matcher = regex.matcher(input);
        if (!matcher.matches()) return undefined;
        const found = new Map<string, string>();
        for (const [name, index] of wanted) {
          const value = matcher.group(index);
          if (value !== null) found.set(name, value);
        }
        return found;
      },
    },
  };
}
