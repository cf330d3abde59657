import { canonical, tokenFromCanonical, type Alias } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { TokenFacts, TokenKind } from '../../event/token-event.js';
import { cleanList, longText, timeText } from '../shared/facts.js';
import { type JsonObject, readNumber, readText, readTexts } from '../shared/json-reader.js';
import { readMoment } from '../shared/moment.js';
import { joinAlias, joinAliases, scopeList, shownText } from '../shared/names.js';
import type { ZitadelEvent } from './event.js';

interface Naming {
  readonly issuer: string;
  readonly fp: Fingerprinter;
}

const NANOS_PER_MS = 1e6;

/** The end of a life that is told as Go's time.Duration, in nanoseconds, or as a moment. */
function expiryOf(event: ZitadelEvent): string | undefined {
  const { payload, timeMs } = event;
  const lifetime = readNumber(payload, 'lifetime');
  if (lifetime !== undefined && timeMs !== undefined) return timeText(timeMs + lifetime / NANOS_PER_MS);
  return timeText(readMoment(payload, 'expiration') ?? readMoment(payload, 'expirationDate'));
}

const sid = (id: string | undefined): Alias | undefined => joinAlias('sid', id);

function shared(payload: JsonObject, issuer: string) {
  return {
    issuer: longText(issuer),
    audience: cleanList(readTexts(payload, 'audience')),
    scopes: scopeList(readTexts(payload, 'scope') ?? readTexts(payload, 'scopes')),
  };
}

/** An access token by the `jti` of its JWT form, which a proxy reads too. */
function accessToken(event: ZitadelEvent, jti: string, parent: Alias | undefined, { issuer, fp }: Naming): TokenFacts {
  return tokenFromCanonical(canonical.jwt(issuer, jti), fp, {
    kind: 'access_token',
    aliases: joinAliases(joinAlias('jti', jti)),
    ...shared(event.payload, issuer),
    jti: shownText(jti),
    expires_at: expiryOf(event),
    parent,
  });
}

function keyToken(
  event: ZitadelEvent,
  kind: TokenKind,
  id: string,
  alias: Alias | undefined,
  parent: Alias | undefined,
  { issuer, fp }: Naming,
): TokenFacts {
  return tokenFromCanonical(canonical.key(issuer, id), fp, {
    kind,
    aliases: joinAliases(alias),
    ...shared(event.payload, issuer),
    key_id: shownText(id),
    expires_at: expiryOf(event),
    parent,
  });
}

/** A session, or the OIDC session that all tokens of one sign-in at one client descend from. */
function sessionToken(event: ZitadelEvent, id: string, parent: Alias | undefined, { issuer, fp }: Naming): TokenFacts {
  return tokenFromCanonical(canonical.session(issuer, id), fp, {
    kind: 'session',
    aliases: joinAliases(sid(id)),
    ...shared(event.payload, issuer),
    parent,
  });
}

/** The credential that an event names; ids are numbers of Zitadel's, never the credential itself. */
export function tokenOfEvent(event: ZitadelEvent, naming: Naming): TokenFacts | undefined {
  const { type = '', aggregateId, aggregateType, payload } = event;
  const id = readText(payload, 'id');
  if (aggregateType === 'oidc_session' && aggregateId !== undefined) {
    // Tokens are called `<OIDC session>-<token>`; a revocation names the session alone.
    if (id !== undefined && type.includes('.access_token.'))
      return accessToken(event, `${aggregateId}-${id}`, sid(aggregateId), naming);
    if (id !== undefined && type.includes('.refresh_token.'))
      return refreshToken(event, `${aggregateId}-${id}`, sid(aggregateId), naming);
    return sessionToken(event, aggregateId, sid(readText(payload, 'sessionID')), naming);
  }
  if ((aggregateType === 'session' || aggregateType === 'saml_session') && aggregateId !== undefined)
    return sessionToken(event, aggregateId, sid(readText(payload, 'sessionID')), naming);
  const tokenId = readText(payload, 'tokenId');
  if (tokenId !== undefined) {
    if (type.startsWith('user.pat.'))
      return keyToken(event, 'personal_access_token', tokenId, keyAlias(tokenId), undefined, naming);
    if (type.startsWith('user.human.refresh.token.')) return refreshToken(event, tokenId, undefined, naming);
    // `user.token.v2.added` repeats the token of an OIDC session without the session that its name begins with.
    if (type.startsWith('user.token.') && type !== 'user.token.v2.added')
      return accessToken(event, tokenId, joinAlias('refresh_jti', readText(payload, 'refreshTokenID')), naming);
    return undefined;
  }
  const keyId = readText(payload, 'keyId');
  return keyId === undefined || !type.includes('.key.')
    ? undefined
    : keyToken(event, 'access_key', keyId, keyAlias(keyId), undefined, naming);
}

const keyAlias = (id: string): Alias | undefined => joinAlias('key_id', `zitadel:${id}`);

const refreshToken = (event: ZitadelEvent, id: string, parent: Alias | undefined, naming: Naming): TokenFacts =>
  keyToken(event, 'refresh_token', id, joinAlias('refresh_jti', id), parent, naming);
