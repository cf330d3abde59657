import { canonical, tokenFromCanonical, type Alias } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { TokenFacts } from '../../event/token-event.js';
import { cleanList, longText, shortText, timeText } from '../shared/facts.js';
import { type JsonObject, readObject, readText, readTexts } from '../shared/json-reader.js';
import { joinAlias, joinAliases, scopeList, shownText } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';
import { type EndedByCall, endedByCall, pathOf } from './api-calls.js';

/** RFC 7519 `iss` of a tenant's tokens: `https://<host>/`, with the slash. */
export function issuerOf(record: JsonObject, issuer: string | undefined): string | undefined {
  if (issuer !== undefined) return issuer;
  const host = readText(record, 'hostname');
  return host !== undefined && /^[a-z0-9.-]{1,253}$/i.test(host) ? `https://${host.toLowerCase()}/` : undefined;
}

/** A rotating refresh token is known by its family only; the family outlives each of its tokens. */
function familyAlias(details: JsonObject): Alias | undefined {
  const family = readText(details, 'familyId');
  return joinAlias('key_id', family === undefined ? undefined : `auth0:family:${family}`);
}

export interface Auth0Token {
  readonly token: TokenFacts | undefined;
  /** It is the Management API token of who did it, not one that the record is about. */
  readonly acting?: boolean;
  /** It is ended by its id through the Management API; whose it is the record does not say. */
  readonly ended?: boolean;
}

/** `sid` of the ID tokens of a session; what began or ended it is about the session where no token is told. */
function sessionToken(issuer: string | undefined, id: string | undefined, fp: Fingerprinter): TokenFacts | undefined {
  if (id === undefined) return undefined;
  return tokenFromCanonical(canonical.session(issuer ?? 'auth0', id), fp, {
    kind: 'session',
    aliases: joinAliases(joinAlias('sid', id)),
    issuer: longText(issuer),
  });
}

/** The session or refresh token that a call of the Management API ends by its id. */
function endedToken(ended: EndedByCall, issuer: string | undefined, fp: Fingerprinter): TokenFacts | undefined {
  if (ended.kind === 'session') return sessionToken(issuer, ended.id, fp);
  const alias = joinAlias('key_id', `auth0:${ended.id}`);
  if (alias === undefined) return undefined;
  return tokenFromCanonical(canonical.key(issuer ?? 'auth0', alias.value), fp, {
    kind: 'refresh_token',
    aliases: [alias],
    key_id: shownText(ended.id),
    issuer: longText(issuer),
  });
}

/**
 * The token that a record names: the access token by `access_token_jti` (a proxy arrives at the same name), a refresh
 * token by its family or its credential id, what a Management API call ends by its id, else the token of that call by
 * its jti; of a sign-in or sign-out that names none the session.
 *
 * @param began the record is a sign-in or a sign-out that succeeded.
 */
export function readAuth0Token(
  record: JsonObject,
  began: boolean,
  given: string | undefined,
  fp: Fingerprinter,
): Auth0Token {
  const details = readObject(record, 'details') ?? {};
  const issuer = issuerOf(record, given);
  const family = familyAlias(details);
  const request = readObject(details, 'request') ?? {};
  const auth = readObject(readObject(request, 'auth') ?? {}, 'credentials') ?? {};
  const issued = readText(details, 'access_token_jti');
  const grant = readText(details, 'grant_id');
  const credential = readText(details, 'credential_id') ?? grant;
  const idAlias = (id: string | undefined): Alias | undefined =>
    joinAlias('key_id', id === undefined ? undefined : `auth0:${id}`);
  const alias = family ?? idAlias(credential);
  const jti = issued ?? (alias === undefined ? readText(auth, 'jti') : undefined);
  const audience = cleanList(
    readTexts(record, 'audience') ?? readTexts(details, 'requested_audience') ?? readTexts(details, 'audience'),
  );
  const scopes = scopeList(
    readTexts(record, 'scope') ?? readTexts(details, 'requested_scope') ?? readTexts(auth, 'scopes'),
  );
  const ended =
    issued === undefined && alias === undefined ? endedByCall(readText(request, 'method'), pathOf(request)) : undefined;
  const endedFacts = ended && endedToken(ended, issuer, fp);
  if (endedFacts !== undefined) return { token: endedFacts, ended: true };
  if (jti !== undefined) {
    const thumbprint = shortText(readText(record, 'mtls_thumbprint_sha256'));
    const token = tokenFromCanonical(canonical.jwt(issuer ?? '', jti), fp, {
      kind: 'access_token',
      aliases: joinAliases(joinAlias('jti', jti)),
      jti: shownText(jti),
      issuer: longText(issuer),
      audience,
      scopes,
      parent: family,
      expires_at: timeText(readMoment(details, 'expires_at')),
      binding: thumbprint === undefined ? undefined : ({ method: 'mtls', x5t_s256: thumbprint } as const),
    });
    return { token, acting: issued === undefined };
  }
  if (alias === undefined) {
    return { token: began ? sessionToken(issuer, readText(details, 'session_id'), fp) : undefined };
  }
  const token = tokenFromCanonical(canonical.key(issuer ?? 'auth0', alias.value), fp, {
    kind: 'refresh_token',
    aliases: joinAliases(alias, family === undefined && grant !== credential ? idAlias(grant) : undefined),
    key_id: shownText(readText(details, 'familyId') ?? credential),
    issuer: longText(issuer),
    audience,
    scopes,
  });
  return { token };
}
