import { boundText } from '../../core/text.js';
import type { Alias } from '../../event/canonical.js';
import { isClean, redactText } from '../../event/credential-text.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import { knownPrincipal, makePrincipal, type PrincipalInput } from '../../event/principal.js';
import { limits, type PrincipalFacts } from '../../event/token-event.js';
import { cleanList } from './facts.js';

const inspectedChars = 16_384;

/**
 * A name or id of an audit record. Ids are random by nature, so randomness alone is no reason to hide one; a known
 * token format, or a value under a secret's name, is. Empty is absent.
 */
export function shownText(text: string | undefined, max: number = limits.shortTextMax): string | undefined {
  if (text === undefined || text === '') return undefined;
  const inspected = text.length > inspectedChars ? text.slice(0, inspectedChars) : text;
  if (isClean(inspected)) return boundText(inspected, max);
  const redacted = redactText(inspected);
  return boundText(redacted.found ? redacted.text : inspected, max);
}

/** An id that others join by; one that holds a secret becomes its keyed hash, so that ids stay apart. */
export function joinId(text: string | undefined, fp: Fingerprinter): string | undefined {
  if (text === undefined || text === '') return undefined;
  const inspected = text.length > inspectedChars ? text.slice(0, inspectedChars) : text;
  const isPlain = text.length <= limits.shortTextMax && (isClean(inspected) || !redactText(inspected).found);
  return isPlain ? boundText(text, limits.shortTextMax) : fp.tokenUid(`id:${text}`);
}

/** The alias, unless its value holds a secret or does not fit. */
export function joinAlias(kind: Alias['kind'], value: string | undefined): Alias | undefined {
  if (value === undefined || value === '' || value.length > limits.shortTextMax || redactText(value).found)
    return undefined;
  return boundText(value, limits.shortTextMax) === value ? { kind, value } : undefined;
}

/** The aliases that there are. */
export function joinAliases(...aliases: readonly (Alias | undefined)[]): readonly Alias[] {
  return aliases.filter((alias) => alias !== undefined);
}

/** RFC 6749 scopes, one a text or several with spaces or commas between. */
export function scopeList(texts: readonly string[] | undefined): readonly string[] | undefined {
  return cleanList(
    texts?.flatMap((text) => {
      const inspected = text.length > inspectedChars ? text.slice(0, inspectedChars) : text;
      // Before the split: a secret and the name that gives it away may be two words.
      const redacted = redactText(inspected);
      return (redacted.found ? redacted.text : inspected).split(/[\s,]+/);
    }),
  );
}

/** As `makePrincipal`, for names that an audit record holds; undefined where there is no id. */
export function auditPrincipal(
  input: Omit<PrincipalInput, 'id'> & { readonly id: string | undefined },
  fp: Fingerprinter,
): PrincipalFacts | undefined {
  const { kind, issuer, name, clientId } = input;
  const before = input.id === undefined ? undefined : knownPrincipal({ kind, issuer, id: input.id, name, clientId });
  if (before !== undefined) return before;
  const id = joinId(input.id, fp);
  if (id === undefined) return undefined;
  return makePrincipal({
    kind,
    issuer: shownText(issuer, limits.longTextMax),
    id,
    name: shownText(name, limits.longTextMax),
    clientId: shownText(clientId, limits.longTextMax),
  });
}
