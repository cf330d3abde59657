import { makePrincipal } from '../../event/principal.js';
import type { PrincipalFacts } from '../../event/token-event.js';
import { longText } from '../shared/facts.js';
import { digText, type JsonObject, readObject, readText, readTexts } from '../shared/json-reader.js';

export const userPools = 'cognito-idp.amazonaws.com';

/** The fields of a request to managed login are lists; the calls of the API have texts. */
const field = (object: JsonObject, name: string): string | undefined =>
  readText(object, name) ?? readTexts(object, name)?.[0];

/** What the event says of the request: managed login writes it beside the event's own parameters. */
function requestOf(record: JsonObject): JsonObject {
  const extra = readObject(record, 'additionalEventData') ?? {};
  return readObject(extra, 'requestParameters') ?? readObject(record, 'requestParameters') ?? {};
}

/** The `iss` of the tokens of a user pool: its id starts with its region. */
function issuerOf(pool: string | undefined): string {
  const region = /^([a-z]{2}(?:-[a-z]+){1,3}-\d{1,2})_[0-9A-Za-z]{1,64}$/.exec(pool ?? '')?.[1];
  if (region === undefined) return 'aws:cognito-idp';
  return `https://cognito-idp.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/${pool ?? ''}`;
}

/** The user of the pool, or the client that has a token of its own, as the `sub` of its tokens names it. */
export function poolPrincipal(record: JsonObject): PrincipalFacts | undefined {
  const extra = readObject(record, 'additionalEventData') ?? {};
  const request = requestOf(record);
  const pool = readText(extra, 'userPoolId') ?? digText(record, 'requestParameters', 'userPoolId');
  const issuer = issuerOf(pool);
  const clientId = longText(field(request, 'client_id') ?? field(request, 'clientId'));
  const sub = longText(
    readText(extra, 'sub') ?? field(request, 'sub') ?? digText(record, 'responseElements', 'userSub'),
  );
  if (sub !== undefined) return makePrincipal({ kind: 'user', issuer, id: sub, clientId });
  const isOwn = field(request, 'grant_type') === 'client_credentials';
  return isOwn && clientId !== undefined
    ? makePrincipal({ kind: 'client', issuer, id: clientId, clientId })
    : undefined;
}

/** How a token was asked for: a grant of OAuth, or a flow of the user pools API. */
export const grantOf = (record: JsonObject): string | undefined =>
  field(requestOf(record), 'grant_type') ?? field(requestOf(record), 'authFlow');
