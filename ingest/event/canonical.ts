import { createHash } from 'node:crypto';
import type { Fingerprinter } from './fingerprint.js';
import type { RawSecret } from './raw-secret.js';
import { shownName } from './redact-text.js';
import { limits, type TokenFacts, type TokenKind } from './token-event.js';

type Identity = TokenFacts['identity'];
export type Alias = NonNullable<TokenFacts['aliases']>[number];

/**
 * The strongest name that issuer and proxy can both know, as a text that token_uid is the HMAC of. Every part but the
 * last has its `|` and `\` escaped, so that no two different pairs give one text.
 */
export interface Canonical {
  readonly identity: Identity;
  readonly text: string;
}

const escapePart = (part: string): string =>
  part.includes('|') || part.includes('\\') ? part.replace(/[\\|]/g, '\\$&') : part;

export const canonical = {
  jwt: (issuer: string, jti: string): Canonical => ({ identity: 'jwt', text: `jwt:${escapePart(issuer)}|${jti}` }),
  session: (issuer: string, sid: string): Canonical => ({
    identity: 'session',
    text: `session:${escapePart(issuer)}|${sid}`,
  }),
  aws: (accessKeyId: string): Canonical => ({ identity: 'aws', text: `aws:${accessKeyId}` }),
  /** @param hashedToken base64 of SHA-256 of the token, as GitHub's audit log writes it (`hashed_token`). */
  github: (hashedToken: string): Canonical => ({ identity: 'github', text: `github:${hashedToken}` }),
  /** @param accessor the accessor as Vault's audit log writes it, `hmac-sha256:…` or plain. */
  vault: (accessor: string): Canonical => ({ identity: 'vault', text: `vault:${accessor}` }),
  key: (issuer: string, keyId: string): Canonical => ({ identity: 'key', text: `key:${escapePart(issuer)}|${keyId}` }),
  opaque: (secret: RawSecret): Canonical => ({ identity: 'opaque', text: `opaque:${secret.reveal()}` }),
} as const;

/** Entra's access tokens have no jti but `uti`, and their `iss` differs by version and tenant: one name for all. */
export const entraIssuer = 'https://login.microsoftonline.com';
const entraIssuers =
  /^https:\/\/(?:sts\.windows\.net|login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn)\//;

/** Issuer and id by which a token of an issuer without `jti` is known on both sides. */
export function entraTokenId(issuer: string | undefined, uti: string | undefined): string | undefined {
  return issuer !== undefined && uti !== undefined && entraIssuers.test(issuer) ? uti : undefined;
}

/** What GitHub's audit log calls `hashed_token`. */
export function githubHashedToken(secret: RawSecret): string {
  return createHash('sha256').update(secret.reveal(), 'utf8').digest('base64');
}

type Told = Omit<TokenFacts, 'token_uid' | 'secret_fp' | 'fp_key_id' | 'identity' | 'kind'>;
type Draft = { -readonly [K in keyof TokenFacts]: TokenFacts[K] };

/** What else is known of a token; what is not is absent or undefined. */
export interface TokenDetails extends Readonly<{ [K in keyof Told]?: Told[K] | undefined }> {
  readonly kind: TokenKind;
  /** The bytes presented, where the collector saw them. */
  readonly secret?: RawSecret | undefined;
}

/**
 * The token of an event from its canonical identity. While older keys overlap, the uids and fingerprints under them
 * become aliases, so that what was stored before the rotation is still the same token.
 */
export function tokenFromCanonical(name: Canonical, fp: Fingerprinter, details: TokenDetails): TokenFacts {
  const { secret } = details;
  const token: Draft = {
    token_uid: fp.tokenUid(name.text),
    fp_key_id: fp.keyId,
    identity: name.identity,
    kind: details.kind,
  };
  if (secret !== undefined) token.secret_fp = fp.secretFp(secret);
  tell(token, details);
  const aliases = fp.previous.length === 0 ? details.aliases : withPrevious(name, fp, details);
  if (aliases !== undefined && aliases.length > 0)
    token.aliases = aliases.length > limits.listMax ? aliases.slice(-limits.listMax) : aliases;
  return token;
}

/** One by one, since a spread costs several times as much and every event has a token. */
function tell(token: Draft, details: Omit<TokenDetails, 'kind'>): void {
  if (details.key_id !== undefined) token.key_id = details.key_id;
  if (details.issuer !== undefined) token.issuer = details.issuer;
  if (details.jti !== undefined) token.jti = details.jti;
  if (details.audience !== undefined) token.audience = details.audience;
  if (details.scopes !== undefined) token.scopes = details.scopes;
  if (details.issued_at !== undefined) token.issued_at = details.issued_at;
  if (details.not_before !== undefined) token.not_before = details.not_before;
  if (details.expires_at !== undefined) token.expires_at = details.expires_at;
  if (details.algorithm !== undefined) token.algorithm = details.algorithm;
  if (details.binding !== undefined) token.binding = details.binding;
  if (details.display_name !== undefined) token.display_name = details.display_name;
  if (details.parent !== undefined) token.parent = details.parent;
}

/** The same token with more of it known; what is undefined stays as it was. */
export function tokenWith(token: TokenFacts, more: Partial<Omit<TokenDetails, 'secret'>>): TokenFacts {
  const { token_uid, fp_key_id, identity, kind, secret_fp } = token;
  const made: Draft = { token_uid, fp_key_id, identity, kind: more.kind ?? kind };
  if (secret_fp !== undefined) made.secret_fp = secret_fp;
  tell(made, token);
  tell(made, more);
  const aliases = more.aliases ?? token.aliases;
  if (aliases !== undefined) made.aliases = aliases;
  return made;
}

function withPrevious(name: Canonical, fp: Fingerprinter, { secret, aliases = [] }: TokenDetails): readonly Alias[] {
  const all = [...aliases];
  for (const older of fp.previous) {
    all.push({ kind: 'previous_token_uid', value: older.tokenUid(name.text) });
    if (secret !== undefined) all.push({ kind: 'secret_fp', value: older.secretFp(secret) });
  }
  return all;
}

/**
 * An alias, or undefined when there is no value, or when an event cannot hold it whole: what is cut or redacted could
 * join two tokens that are not the same.
 */
export function aliasOf(kind: Alias['kind'], value: string | undefined): Alias | undefined {
  if (value === undefined || value === '' || value.length > limits.shortTextMax) return undefined;
  return shownName(value, limits.shortTextMax) === value ? { kind, value } : undefined;
}
