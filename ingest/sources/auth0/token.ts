import { canonical, tokenFromCanonical, type Alias } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { TokenFacts } from '../../event/token-event.js';
import { cleanList, longText, shortText, timeText } from '../shared/facts.js';
import { type JsonObject, readObject, readText, readTexts } from '../shared/json-reader.js';
import { joinAlias, joinAliases, scopeList, shownText } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';

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

/**
 * The token that a record names: the access token by `access_token_jti` (a proxy arrives at the same name), a refresh
 * token by its family or its credential id, a Management API token by its jti.
 */
export interface Auth0Token {
  readonly token: TokenFacts | undefined;
  /** It is the Management API token of who did it, not one that the record is about. */
  readonly acting?: boolean;
}

export function readAuth0Token(record: JsonObject, given: string | undefined, fp: Fingerprinter): Auth0Token {
  const details = readObject(record, 'details') ?? {};
  const issuer = issuerOf(record, given);
  const family = familyAlias(details);
  const request = readObject(details, 'request') ?? {};
  const auth = readObject(readObject(request, 'auth') ?? {}, 'credentials') ?? {};
  const issued = readText(details, 'access_token_jti');
  const credential = readText(details, 'credential_id') ?? readText(details, 'grant_id');
  const alias = family ?? joinAlias('key_id', credential === undefined ? undefined : `auth0:${credential}`);
  const jti = issued ?? (alias === undefined ? readText(auth, 'jti') : undefined);
  const audience = cleanList(readTexts(record, 'audience') ?? readTexts(details, 'requested_audience'));
  const scopes = scopeList(
    readTexts(record, 'scope') ?? readTexts(details, 'requested_scope') ?? readTexts(auth, 'scopes'),
  );
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
  if (alias === undefined) return { token: undefined };
  const token = tokenFromCanonical(canonical.key(issuer ?? 'auth0', alias.value), fp, {
    kind: 'refresh_token',
    aliases: [alias],
    key_id: shownText(readText(details, 'familyId') ?? credential),
    issuer: longText(issuer),
    audience,
    scopes,
  });
  return { token };
}
