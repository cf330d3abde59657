import { BoundedCache } from '../../core/bounded-cache.js';
import { detached } from '../../core/text.js';
import type { CredentialFacts } from '../../event/token-facts.js';

export type Claims = Readonly<Record<string, unknown>>;

interface Known {
  readonly claims: Claims;
  readonly facts: CredentialFacts;
}

const CHARS_MAX = 4 * 1024 * 1024;
/** Sources may log different claims of one token; more sets of one name push each other out. */
const SETS_MAX = 4;

/**
 * Facts by the claims that a proxy told: the same for every use of one token. Found by one claim and then compared, since
 * a text made of all claims would have to be written and hashed for every record.
 */
export class ClaimsCache {
  readonly #byName = new BoundedCache<readonly Known[]>(CHARS_MAX, (sets) =>
    sets.reduce((sum, known) => sum + charsOf(known.claims), 0),
  );

  get(claims: Claims): CredentialFacts | undefined {
    const sets = this.#byName.get(nameOf(claims));
    if (sets === undefined) return undefined;
    for (const known of sets) if (areEqual(known.claims, claims)) return known.facts;
    return undefined;
  }

  set(claims: Claims, facts: CredentialFacts): void {
    const name = detached(nameOf(claims));
    const others = this.#byName.get(name) ?? [];
    const own: Record<string, unknown> = {};
    for (const key of Object.keys(claims)) {
      const value = claims[key];
      own[key] = typeof value === 'string' ? detached(value) : value;
    }
    this.#byName.set(name, [{ claims: own, facts }, ...others.slice(0, SETS_MAX - 1)]);
  }
}

/** The claim that tells most tokens apart. */
function nameOf(claims: Claims): string {
  const { jti, sid, sub } = claims;
  if (typeof jti === 'string') return jti;
  if (typeof sid === 'string') return sid;
  return typeof sub === 'string' ? sub : '';
}

function areEqual(a: Claims, b: Claims): boolean {
  let left = 0;
  for (const name in a) {
    const value = a[name];
    const other = b[name];
    if (value !== other && !(isObject(value) && isObject(other) && JSON.stringify(value) === JSON.stringify(other)))
      return false;
    left += 1;
  }
  for (const name in b) if (Object.hasOwn(b, name)) left -= 1;
  return left === 0;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

function charsOf(claims: Claims): number {
  let chars = 0;
  for (const name in claims) {
    const value = claims[name];
    chars += name.length + (typeof value === 'string' ? value.length : JSON.stringify(value).length);
  }
  return chars;
}
