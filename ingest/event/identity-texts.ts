import { randomUUID } from 'node:crypto';
import { BoundedCache } from '../core/bounded-cache.js';
import { isObject } from '../core/is-object.js';
import { sharedFacts } from './event-lines.js';
import type { TokenEvent } from './token-event.js';

type Identity = Pick<TokenEvent, 'token' | 'principal'>;

/** Characters of text in each of two generations: some ten thousand tokens. */
const TEXT_MAX = 4 << 20;
const BEGIN = ',"token":{';
const END = '},"client":{';
/** Stands where a part was taken out; nobody else can have written it. */
const GAP = randomUUID();
const TOKEN_GAP = `,"token":"${GAP}"`;
const BOTH_GAPS = `${TOKEN_GAP},"principal":"${GAP}"`;

interface Known {
  readonly identity: Identity;
  /** Seen a second time, so that its JSON is worth making once. */
  isShared: boolean;
}

/** Whether it holds a token, or a token and a principal, and nothing else. */
function isIdentity(parsed: unknown): parsed is Identity {
  if (!isObject(parsed) || !isObject(parsed['token'])) return false;
  const names = Object.keys(parsed).length;
  return names === 1 || (names === 2 && isObject(parsed['principal']));
}

/**
 * Reads events whose token and principal came before, in the very same text: that part, more than half of a line, is parsed once, and
 * the events hold the same objects. They must not change afterwards.
 */
export class IdentityTexts {
  readonly #known = new BoundedCache<Known>(TEXT_MAX);

  /**
   * What JSON.parse gives for the line.
   *
   * @returns undefined for a line of another form; JSON.parse is to judge it then. What it gives must be checked against the schema.
   */
  parse(line: string): unknown {
    const from = line.indexOf(BEGIN);
    const to = from < 0 ? -1 : line.indexOf(END, from);
    if (to < 0) return undefined;
    const identity = this.#identity(line.slice(from + 1, to + 1));
    if (identity === null) return undefined;
    const { token, principal } = identity;
    const event: unknown = JSON.parse(
      line.slice(0, from) + (principal === undefined ? TOKEN_GAP : BOTH_GAPS) + line.slice(to + 1),
    );
    if (!isObject(event)) return undefined;
    const whole: { token?: unknown; principal?: unknown } = event;
    // Elsewhere than at the top, or told once more behind it.
    if (whole.token !== GAP || (principal !== undefined && whole.principal !== GAP)) return undefined;
    whole.token = token;
    if (principal !== undefined) whole.principal = principal;
    return event;
  }

  #identity(text: string): Identity | null {
    const known = this.#known.get(text);
    if (known === undefined) {
      const parsed: unknown = JSON.parse(`{${text}}`);
      if (!isIdentity(parsed)) return null;
      this.#known.set(text, { identity: parsed, isShared: false });
      return parsed;
    }
    const { identity } = known;
    if (!known.isShared) {
      known.isShared = true;
      if (identity.token !== undefined) sharedFacts(identity.token);
      if (identity.principal !== undefined) sharedFacts(identity.principal);
    }
    return identity;
  }
}
