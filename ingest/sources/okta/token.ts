import { canonical, tokenFromCanonical } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { Action, TokenFacts, TokenKind } from '../../event/token-event.js';
import { actionOfActing } from '../shared/acting.js';
import { cleanList, shortText, timeText } from '../shared/facts.js';
import {
  digText,
  isObject,
  type JsonObject,
  readList,
  readObject,
  readText,
  readTexts,
} from '../shared/json-reader.js';
import { joinAlias, joinAliases, scopeList, shownText } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';

/** target.type of credentials → kind. */
const credentialKinds: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ['access_token', 'access_token'],
  ['refresh_token', 'refresh_token'],
  ['id_token', 'id_token'],
  ['token', 'api_key'],
  ['apitoken', 'api_key'],
  ['api_token', 'api_key'],
  ['device_secret', 'refresh_token'],
  ['code', 'unknown'],
  ['authorization_code', 'unknown'],
]);

/** `/oauth2/default/v1/token` → the authorization server `default`; the org's own server has no name in the path. */
const serverPath = /^\/oauth2\/(?!v1\/)([A-Za-z0-9]{1,64})\/v1\//;

/**
 * RFC 7519 `iss` of the tokens of the authorization server that answered; known only where the operator gave the
 * address of the org, since records do not hold it.
 */
function issuerOf(record: JsonObject, base: string | undefined): string | undefined {
  if (base === undefined) return undefined;
  const debug = readObject(readObject(record, 'debugContext') ?? {}, 'debugData') ?? {};
  const path = readText(debug, 'requestUri') ?? '';
  const server = serverPath.exec(path)?.[1] ?? readText(debug, 'authorizationServerId');
  return server === undefined ? base : `${base}/oauth2/${server}`;
}

interface TargetToken {
  readonly token: TokenFacts;
  readonly details: JsonObject;
}

function targetToken(
  record: JsonObject,
  target: JsonObject,
  kind: TokenKind,
  base: string | undefined,
  fp: Fingerprinter,
): TokenFacts | undefined {
  const id = readText(target, 'id');
  if (id === undefined) return undefined;
  const details = readObject(target, 'detailEntry') ?? {};
  const debug = readObject(readObject(record, 'debugContext') ?? {}, 'debugData') ?? {};
  const issuer = issuerOf(record, base);
  // Access tokens of Okta are JWTs whose jti is this id; the other kinds are opaque, and the id is their only name.
  const isJwt = issuer !== undefined && (kind === 'access_token' || kind === 'id_token');
  const aliases = [kind === 'access_token' ? joinAlias('jti', id) : joinAlias('key_id', `okta:${id}`)];
  return tokenFromCanonical(isJwt ? canonical.jwt(issuer, id) : canonical.key('okta', id), fp, {
    kind,
    issuer: shortText(issuer ?? 'okta') ?? 'okta',
    aliases: joinAliases(...aliases),
    key_id: kind === 'api_key' ? shownText(id) : undefined,
    jti: kind === 'access_token' ? shownText(id) : undefined,
    display_name: shortText(readText(target, 'displayName')),
    expires_at: timeText(readMoment(details, 'expires')),
    scopes: scopeList(readTexts(debug, 'grantedScopes')),
    audience: isJwt ? cleanList(readTexts(debug, 'authorizationServerAudience')) : undefined,
  });
}

const rank: readonly TokenKind[] = ['access_token', 'refresh_token', 'api_key', 'id_token', 'unknown'];

/** The credential among the targets that the event type names, else the strongest. */
function tokenOfTargets(
  record: JsonObject,
  base: string | undefined,
  fp: Fingerprinter,
  type: string,
): TargetToken | undefined {
  const tokens: TargetToken[] = [];
  for (const target of (readList(record, 'target') ?? []).slice(0, 32)) {
    if (!isObject(target)) continue;
    const kind = credentialKinds.get((readText(target, 'type') ?? '').toLowerCase());
    const token = kind === undefined ? undefined : targetToken(record, target, kind, base, fp);
    if (token !== undefined) tokens.push({ token, details: readObject(target, 'detailEntry') ?? {} });
  }
  tokens.sort((a, b) => rank.indexOf(a.token.kind) - rank.indexOf(b.token.kind));
  const wanted = /\.(access_token|refresh_token|id_token)$/.exec(type)?.[1];
  return tokens.find(({ token }) => token.kind === wanted) ?? tokens[0];
}

export interface OktaCredential {
  readonly token: TokenFacts | undefined;
  /** The user or client whose token it is, by its id; known of tokens among the targets only. */
  readonly subject?: string | undefined;
  /** Who acts for the subject, as Okta writes the chain. */
  readonly actorChain?: string | undefined;
  /** It is the API token of who did it, not one that the event is about. */
  readonly acting?: boolean;
}

/**
 * The credential that the record is about: a token among its targets; else the API token that made the request; else
 * the session.
 */
export function readOktaToken(
  record: JsonObject,
  base: string | undefined,
  fp: Fingerprinter,
  type: string,
  action: Action,
): OktaCredential {
  const found = tokenOfTargets(record, base, fp, type);
  if (found !== undefined) {
    const { token, details } = found;
    return { token, subject: readText(details, 'subject'), actorChain: readText(details, 'actor') };
  }
  const request = requestToken(record, fp);
  if (request !== undefined) return { token: request, acting: true };
  // The session is that of who acts: whose sessions an administrator ends is another's, and `session_uid` tells it.
  return { token: actionOfActing(action, 'issuer') === action ? sessionToken(record, base, fp) : undefined };
}

function requestToken(record: JsonObject, fp: Fingerprinter): TokenFacts | undefined {
  const apiToken = digText(record, 'transaction', 'detail', 'requestApiTokenId');
  if (apiToken === undefined) return undefined;
  return tokenFromCanonical(canonical.key('okta', apiToken), fp, {
    kind: 'api_key',
    issuer: 'okta',
    aliases: joinAliases(joinAlias('key_id', `okta:${apiToken}`)),
    key_id: shownText(apiToken),
  });
}

function sessionToken(record: JsonObject, base: string | undefined, fp: Fingerprinter): TokenFacts | undefined {
  const session = sessionOf(record);
  if (session === undefined) return undefined;
  return tokenFromCanonical(canonical.session(base ?? 'okta', session), fp, {
    kind: 'session',
    issuer: base ?? 'okta',
    aliases: joinAliases(joinAlias('sid', session)),
  });
}

/** `unknown` stands there where Okta has none, and `trs…` names one request with an API token, which is no session. */
export function sessionOf(record: JsonObject): string | undefined {
  const session = digText(record, 'authenticationContext', 'externalSessionId');
  return session === undefined || session === 'unknown' || session.startsWith('trs') ? undefined : session;
}
