import { canonical, tokenFromCanonical } from '../../event/canonical.js';
import { parseAuthorization, redactText } from '../../event/credential-text.js';
import { sharedFacts } from '../../event/shared-facts.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import { makePrincipal } from '../../event/principal.js';
import { RawSecret } from '../../event/raw-secret.js';
import { shownName } from '../../event/redact-text.js';
import {
  describeCredential,
  tokenFromAwsAccessKeyId,
  tokenFromJwtClaims,
  tokenFromKeyId,
  type CredentialFacts,
} from '../../event/token-facts.js';
import { limits, type PrincipalFacts, type TokenFacts } from '../../event/token-event.js';
import type { ParseContext } from '../source.js';
import type { AccessRecord } from './access-record.js';
import { Redactor } from './access-redactor.js';
import { ClaimsCache } from './claims-cache.js';
import { isObject, readValue } from './json-reader.js';

/** Claims are short but for scope lists. */
const CLAIM_MAX = 8192;

/** What the request's own URL tells of a credential. */
export interface UrlFacts {
  readonly secrets?: readonly RawSecret[];
  readonly parameters?: readonly string[];
  readonly accessKeyId?: string;
}

export interface Identity {
  token?: TokenFacts;
  principal?: PrincipalFacts;
  session_uid?: string;
}

function fromAuthorization(header: string, record: AccessRecord, context: ParseContext, redactor: Redactor): Identity {
  const fp = context.fingerprinter;
  const { scheme, secret, user } = parseAuthorization(header);
  if (scheme.startsWith('aws4-')) return user === undefined ? {} : { token: tokenFromAwsAccessKeyId(user, fp) };
  if (secret === undefined) return user === undefined ? {} : { principal: basicPrincipal(user, context, redactor) };
  if (scheme !== 'basic') return describeCredential(secret, fp);
  const facts = describeCredential(secret, fp, { kind: 'basic' });
  if (user === undefined) return facts;
  const principal = facts.principal ?? basicPrincipal(user, context, redactor);
  if (facts.token.kind !== 'basic') return { ...facts, principal };
  // Two users may share a password, so the name of a password credential is the user's, not the password's.
  const name = redactor.id(user, limits.shortTextMax) ?? fp.secretFp(new RawSecret(user));
  const issuer = `basic:${record.authority ?? context.instance}`;
  return {
    token: tokenFromCanonical(canonical.key(issuer, name), fp, { kind: 'basic', key_id: name, secret }),
    principal,
  };
}

function basicPrincipal(user: string, context: ParseContext, redactor: Redactor): PrincipalFacts {
  return makePrincipal({ kind: 'user', issuer: context.instance, id: redactor.long(user) });
}

const TOKEN_UID = /^tok_[A-Za-z0-9_-]{22}$/;
const SECRET_FP = /^fp_[A-Za-z0-9_-]{22}$/;

/** A keyed hash that the proxy made: our own form names the token itself, any other one is a key id. */
function fromProxyHash(hash: string, fp: Fingerprinter): Identity {
  if (TOKEN_UID.test(hash)) {
    return { token: { token_uid: hash, fp_key_id: fp.keyId, identity: 'opaque', kind: 'unknown' } };
  }
  if (SECRET_FP.test(hash)) {
    return {
      token: tokenFromCanonical(canonical.key('secret_fp', hash), fp, {
        kind: 'unknown',
        aliases: [{ kind: 'secret_fp', value: hash }],
      }),
    };
  }
  // Hashed once more: if it is the token itself by mistake, it goes no further.
  return describeCredential(new RawSecret(hash), fp);
}

/** RFC 7638 and RFC 8705 thumbprints: SHA-256 in base64url. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

function cleanConfirmation(cnf: unknown): Record<string, string> {
  const clean: Record<string, string> = {};
  if (!isObject(cnf)) return clean;
  for (const name of ['jkt', 'x5t#S256']) {
    const value = readValue(cnf, name);
    if (typeof value === 'string' && THUMBPRINT.test(value) && !redactText(value).found) clean[name] = value;
  }
  return clean;
}

/** Claims without secrets. One that is a token by mistake is replaced by its fingerprint, so that names stay apart. */
function cleanClaims(
  claims: Readonly<Record<string, unknown>>,
  fp: Fingerprinter,
  redactor: Redactor,
): Record<string, unknown> {
  const clean: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const safe = (text: string): string => redactor.id(text, CLAIM_MAX) ?? fp.secretFp(new RawSecret(text));
  for (const name of Object.keys(claims)) {
    const value = claims[name];
    if (typeof value === 'string') clean[name] = safe(value);
    else if (Array.isArray(value)) {
      clean[name] = value
        .slice(0, limits.listMax)
        .filter((v) => typeof v === 'string')
        .map(safe);
    } else if (typeof value === 'number') clean[name] = value;
    else if (name === 'cnf') clean[name] = cleanConfirmation(value);
  }
  return clean;
}

const factsCaches = new WeakMap<Fingerprinter, ClaimsCache>();

function factsOfClaims(
  claims: Readonly<Record<string, unknown>>,
  fp: Fingerprinter,
  redactor: Redactor,
): CredentialFacts {
  let cache = factsCaches.get(fp);
  if (cache === undefined) {
    cache = new ClaimsCache();
    factsCaches.set(fp, cache);
  }
  const known = cache.get(claims);
  if (known !== undefined) return known;
  const own = new Redactor();
  const facts = tokenFromJwtClaims(cleanClaims(claims, fp, own), fp);
  // What held a secret is not kept, and has to be reported each time.
  if (own.exposures === undefined) {
    sharedFacts(facts.token);
    if (facts.principal !== undefined) sharedFacts(facts.principal);
    cache.set(claims, facts);
  } else for (const exposure of own.exposures) redactor.expose(exposure);
  return facts;
}

/** Algorithm and key id stand in the header of a JWT, not among its claims; a proxy logs them beside these. */
function withHeader(told: CredentialFacts, { jwtAlgorithm, jwtKeyId }: AccessRecord): CredentialFacts {
  if (jwtAlgorithm === undefined && jwtKeyId === undefined) return told;
  return {
    ...told,
    token: {
      ...told.token,
      ...(jwtKeyId !== undefined && { key_id: shownName(jwtKeyId, limits.shortTextMax) }),
      ...(jwtAlgorithm !== undefined && { algorithm: shownName(jwtAlgorithm, limits.shortTextMax) }),
    },
  };
}

const isNamedJwt = ({ token }: CredentialFacts): boolean =>
  token.identity === 'jwt' && token.issuer !== undefined && token.jti !== undefined;

/**
 * Of an opaque token that the proxy exchanged or introspected, the claims are the name that issuer and callee know too.
 * The bytes are an alias: as fingerprint they would tell the JWT, which the callee sees, from itself.
 */
function behindOpaque(told: TokenFacts, presented: TokenFacts): TokenFacts {
  const { secret_fp: value } = presented;
  if (value === undefined) return told;
  const aliases = [...(told.aliases ?? []), { kind: 'secret_fp' as const, value }];
  return { ...told, aliases };
}

/** The credential, principal and session of a record, by the strongest that it tells. */
export function identify(record: AccessRecord, context: ParseContext, redactor: Redactor, url: UrlFacts): Identity {
  const fp = context.fingerprinter;
  let identity: Identity = {};
  if (record.authorization !== undefined) identity = fromAuthorization(record.authorization, record, context, redactor);
  if (identity.token === undefined && record.apiKey !== undefined) {
    identity = { ...identity, ...describeCredential(new RawSecret(record.apiKey), fp, { kind: 'api_key' }) };
  }
  const claims = record.claims;
  if (claims !== undefined && Object.keys(claims).length > 0) {
    const told = withHeader(factsOfClaims(claims, fp, redactor), record);
    if (identity.token === undefined) identity = { ...identity, ...told };
    else if (identity.token.identity === 'opaque' && isNamedJwt(told))
      identity = { ...told, token: behindOpaque(told.token, identity.token) };
    else if (identity.principal === undefined && told.principal !== undefined) {
      identity = { ...identity, principal: told.principal };
    }
  }
  const { credential, consumer } = record;
  if (identity.token === undefined && credential !== undefined) {
    const id = redactor.id(credential.id, limits.shortTextMax);
    if (id !== undefined) identity = { ...identity, token: tokenFromKeyId(credential.issuer, id, fp, credential.kind) };
  }
  if (identity.principal === undefined && consumer !== undefined) {
    const { kind, name } = consumer;
    const id = redactor.id(consumer.id, limits.longTextMax) ?? fp.tokenUid(`id:${consumer.id}`);
    const shown = name === undefined ? undefined : redactor.long(name);
    identity = { ...identity, principal: makePrincipal({ kind, issuer: context.instance, id, name: shown }) };
  }
  if (identity.token === undefined && record.tokenFp !== undefined)
    identity = { ...identity, ...fromProxyHash(record.tokenFp, fp) };
  // A presigned URL has a signature of its own each time; what signed it is the key.
  if (identity.token === undefined && url.accessKeyId !== undefined) {
    identity = { ...identity, token: tokenFromAwsAccessKeyId(url.accessKeyId, fp) };
  }
  const inUrl = url.secrets?.[0];
  if (identity.token === undefined && inUrl !== undefined) {
    identity = { ...identity, ...describeCredential(inUrl, fp) };
  }
  if (identity.principal === undefined && record.user !== undefined) {
    identity = { ...identity, principal: basicPrincipal(record.user, context, redactor) };
  }
  return identity;
}
