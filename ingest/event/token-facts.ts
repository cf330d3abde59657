import { boundText } from '../core/text.js';
import { TextCache } from '../core/text-cache.js';
import {
  aliasOf,
  canonical,
  entraIssuer,
  entraTokenId,
  githubHashedToken,
  tokenFromCanonical,
  type Alias,
  type Canonical,
} from './canonical.js';
import type { Fingerprinter } from './fingerprint.js';
import { decodeJwt } from './jwt.js';
import { principalFromClaims, textClaim } from './principal.js';
import type { RawSecret } from './raw-secret.js';
import { shownName } from './redact-text.js';
import { tryFormatTime } from './time.js';
import { limits, type PrincipalFacts, type TokenFacts, type TokenKind } from './token-event.js';

type Claims = Readonly<Record<string, unknown>>;

export interface CredentialHints {
  /** What the source calls it, where the credential itself does not say. */
  readonly kind?: TokenKind;
  /** Who issued it, where the credential itself does not say. */
  readonly issuer?: string;
}

export interface CredentialFacts {
  readonly token: TokenFacts;
  readonly principal?: PrincipalFacts;
  readonly session_uid?: string;
}

export interface JwtHints extends CredentialHints {
  /** The bytes presented, where the collector saw them; claims told by a proxy come without. */
  readonly secret?: RawSecret;
  /** The JOSE header: alg, kid, typ. */
  readonly header?: Claims;
}

/** Facts are the same for the same bytes; decoding a JWT again for each of its uses would cost more than all else. */
const factsCaches = new WeakMap<Fingerprinter, TextCache<CredentialFacts>>();
const FACTS_LOG2 = 14;

/**
 * What a presented credential says of itself: JWT claims (decoded, never verified), AWS access key id, the kinds of
 * GitHub, GitLab, Slack and Vault tokens, and for all others only their fingerprint. Never throws.
 */
export function describeCredential(secret: RawSecret, fp: Fingerprinter, hints: CredentialHints = {}): CredentialFacts {
  let cache = factsCaches.get(fp);
  if (cache === undefined) {
    cache = new TextCache(FACTS_LOG2, 512);
    factsCaches.set(fp, cache);
  }
  const cacheKey = `${fp.secretFp(secret)}|${hints.kind ?? ''}|${hints.issuer ?? ''}`;
  const known = cache.get(cacheKey);
  if (known !== undefined) return known;
  const facts = describe(secret, fp, hints);
  cache.set(cacheKey, facts);
  return facts;
}

function describe(secret: RawSecret, fp: Fingerprinter, hints: CredentialHints): CredentialFacts {
  const text = secret.reveal();
  const jwt = decodeJwt(text);
  if (jwt?.claims !== undefined) return tokenFromJwtClaims(jwt.claims, fp, { ...hints, secret, header: jwt.header });
  if (jwt !== undefined) {
    const token = tokenFromCanonical(canonical.opaque(secret), fp, {
      kind: hints.kind ?? 'unknown',
      secret,
      ...headerFacts(jwt.header),
      ...issuerFacts(hints.issuer),
    });
    return { token };
  }
  const accessKey = AWS_ACCESS_KEY_ID.exec(text)?.[0];
  // The id is public, so it has no fingerprint: secret_fp would name bytes that are not a secret.
  if (accessKey !== undefined) return { token: tokenFromAwsAccessKeyId(accessKey, fp) };
  const shape = tokenShapes.find((candidate) => candidate.pattern.test(text));
  if (shape?.issuer === 'github') {
    const hashed = githubHashedToken(secret);
    return {
      token: tokenFromCanonical(canonical.github(hashed), fp, {
        kind: shape.kind,
        secret,
        ...issuerFacts(hints.issuer ?? shape.issuer),
        aliases: [{ kind: 'github_hashed_token', value: hashed }],
      }),
    };
  }
  return {
    token: tokenFromCanonical(canonical.opaque(secret), fp, {
      kind: shape?.kind ?? hints.kind ?? 'unknown',
      secret,
      ...issuerFacts(hints.issuer ?? shape?.issuer),
    }),
  };
}

/** AKIA: long-term key, ASIA: temporary key of STS; ids are not secrets (IAM reference, unique identifiers). */
export const AWS_ACCESS_KEY_ID = /^A(?:KIA|SIA)[A-Z2-7]{12,124}$/;

const tokenShapes: readonly { readonly pattern: RegExp; readonly kind: TokenKind; readonly issuer: string }[] = [
  { pattern: /^(?:ghp_|github_pat_)/, kind: 'personal_access_token', issuer: 'github' },
  { pattern: /^ghr_/, kind: 'refresh_token', issuer: 'github' },
  { pattern: /^gh[ous]_/, kind: 'access_token', issuer: 'github' },
  { pattern: /^glpat-/, kind: 'personal_access_token', issuer: 'gitlab' },
  { pattern: /^xox[a-z]-|^xapp-/, kind: 'access_token', issuer: 'slack' },
  { pattern: /^hv[sbr]\.|^[sb]\.[A-Za-z0-9]{24}$/, kind: 'service_token', issuer: 'vault' },
  { pattern: /^[sr]k_(?:live|test)_/, kind: 'api_key', issuer: 'stripe' },
  { pattern: /^AIza/, kind: 'api_key', issuer: 'google' },
  { pattern: /^ya29\./, kind: 'access_token', issuer: 'google' },
  { pattern: /^npm_/, kind: 'access_token', issuer: 'npm' },
];

/** The token of an AWS access key id, as CloudTrail and a SigV4 Authorization header name it. */
export function tokenFromAwsAccessKeyId(accessKeyId: string, fp: Fingerprinter): TokenFacts {
  return tokenFromCanonical(canonical.aws(accessKeyId), fp, {
    kind: 'access_key',
    key_id: boundText(accessKeyId, limits.shortTextMax),
    issuer: 'aws',
    aliases: aliasesOf(['access_key_id', accessKeyId]),
  });
}

/** The token of an issuer's own non-secret key id: Kong credential id, API key id, client id of a Basic credential. */
export function tokenFromKeyId(
  issuer: string,
  keyId: string,
  fp: Fingerprinter,
  kind: TokenKind = 'api_key',
): TokenFacts {
  return tokenFromCanonical(canonical.key(issuer, keyId), fp, {
    kind,
    key_id: shownName(keyId, limits.shortTextMax),
    issuer: shownName(issuer, limits.longTextMax),
    aliases: aliasesOf(['key_id', keyId]),
  });
}

/** The token of a session that is known by its issuer's session id alone. */
export function tokenFromSession(issuer: string, sid: string, fp: Fingerprinter): TokenFacts {
  return tokenFromCanonical(canonical.session(issuer, sid), fp, {
    kind: 'session',
    issuer: shownName(issuer, limits.longTextMax),
    aliases: aliasesOf(['sid', sid]),
  });
}

/**
 * Token, principal and session that a JWT's claims name, whether the collector decoded them or a proxy told them.
 * Without iss and jti the token is named by its bytes; a claim set that has neither gives a session or, as the last
 * resort, a name made of issuer and subject. Claims of the wrong type are left out.
 */
export function tokenFromJwtClaims(claims: Claims, fp: Fingerprinter, hints: JwtHints = {}): CredentialFacts {
  const issuer = textClaim(claims, 'iss') ?? hints.issuer;
  const jti = textClaim(claims, 'jti');
  const sid = textClaim(claims, 'sid') ?? textClaim(claims, 'session_state');
  const uti = jti === undefined ? entraTokenId(issuer, textClaim(claims, 'uti')) : undefined;
  const name =
    uti === undefined
      ? canonicalOfClaims(issuer, jti, sid, textClaim(claims, 'sub'), hints.secret)
      : canonical.jwt(entraIssuer, uti);
  const token = tokenFromCanonical(name, fp, {
    kind: kindOfClaims(claims, hints),
    secret: hints.secret,
    ...headerFacts(hints.header ?? {}),
    ...issuerFacts(issuer),
    ...(jti !== undefined && { jti: shownName(jti, limits.shortTextMax) }),
    ...listFact('audience', claims['aud'], ''),
    ...listFact('scopes', claims['scope'] ?? claims['scp'], ' '),
    ...timeFact('issued_at', claims['iat']),
    ...timeFact('not_before', claims['nbf']),
    ...timeFact('expires_at', claims['exp']),
    ...bindingFact(claims['cnf']),
    aliases: aliasesOf(['jti', jti ?? uti], ['sid', sid]),
  });
  const principal = principalFromClaims(issuer === undefined ? claims : { ...claims, iss: issuer });
  return {
    token,
    ...(principal !== undefined && { principal }),
    ...(sid !== undefined && { session_uid: shownName(sid, limits.shortTextMax) }),
  };
}

function aliasesOf(...names: readonly (readonly [Alias['kind'], string | undefined])[]): Alias[] {
  return names.map(([kind, value]) => aliasOf(kind, value)).filter((alias) => alias !== undefined);
}

function canonicalOfClaims(
  issuer: string | undefined,
  jti: string | undefined,
  sid: string | undefined,
  subject: string | undefined,
  secret: RawSecret | undefined,
): Canonical {
  if (issuer !== undefined && jti !== undefined) return canonical.jwt(issuer, jti);
  if (secret !== undefined) return canonical.opaque(secret);
  if (jti !== undefined) return canonical.jwt('', jti);
  if (sid !== undefined) return canonical.session(issuer ?? '', sid);
  return canonical.key(issuer ?? '', subject ?? '');
}

/** RFC 9068 typ, Keycloak's own `typ` claim, then what only one kind has; else the source's word. */
function kindOfClaims(claims: Claims, hints: JwtHints): TokenKind {
  const headerType = hints.header?.['typ'];
  if (typeof headerType === 'string' && /^(?:application\/)?at\+jwt$/i.test(headerType)) return 'access_token';
  switch (claims['typ']) {
    case 'Bearer':
    case 'DPoP':
      return 'access_token';
    case 'Refresh':
    case 'Offline':
      return 'refresh_token';
    case 'ID':
      return 'id_token';
    default:
      break;
  }
  if (hints.kind !== undefined && hints.kind !== 'unknown') return hints.kind;
  if (claims['at_hash'] !== undefined || claims['c_hash'] !== undefined || claims['nonce'] !== undefined)
    return 'id_token';
  return claims['scope'] !== undefined || claims['scp'] !== undefined ? 'access_token' : 'unknown';
}

function headerFacts(header: Claims): { key_id?: string; algorithm?: string } {
  const kid = textClaim(header, 'kid');
  const alg = textClaim(header, 'alg');
  return {
    ...(kid !== undefined && { key_id: shownName(kid, limits.shortTextMax) }),
    ...(alg !== undefined && { algorithm: shownName(alg, limits.shortTextMax) }),
  };
}

function issuerFacts(issuer: string | undefined): { issuer?: string } {
  return issuer === undefined || issuer === '' ? {} : { issuer: shownName(issuer, limits.longTextMax) };
}

function listFact<K extends 'audience' | 'scopes'>(
  name: K,
  value: unknown,
  separator: string,
): Partial<Record<K, string[]>> {
  const parts = Array.isArray(value)
    ? value.slice(0, limits.listMax).filter((item): item is string => typeof item === 'string')
    : typeof value === 'string'
      ? separator === '' ? [value] : boundText(value, 16 * 1024).split(separator) // prettier-ignore
      : [];
  const list = parts
    .filter((part) => part !== '')
    .slice(0, limits.listMax)
    .map((part) => shownName(part, limits.shortTextMax));
  return list.length === 0 ? {} : ({ [name]: list } as Partial<Record<K, string[]>>);
}

function timeFact<K extends 'issued_at' | 'not_before' | 'expires_at'>(
  name: K,
  value: unknown,
): Partial<Record<K, string>> {
  const text = typeof value === 'number' ? tryFormatTime(value * 1000) : undefined;
  return text === undefined ? {} : ({ [name]: text } as Partial<Record<K, string>>);
}

function bindingFact(cnf: unknown): { binding?: NonNullable<TokenFacts['binding']> } {
  if (typeof cnf !== 'object' || cnf === null) return {};
  const confirmation = cnf as Claims;
  const thumbprint = textClaim(confirmation, 'x5t#S256');
  if (thumbprint !== undefined) {
    return { binding: { method: 'mtls', x5t_s256: shownName(thumbprint, limits.shortTextMax) } };
  }
  const jkt = textClaim(confirmation, 'jkt');
  return jkt === undefined ? {} : { binding: { method: 'dpop', jkt: shownName(jkt, limits.shortTextMax) } };
}
