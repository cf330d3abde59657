import { type Alias, aliasOf, canonical, tokenFromCanonical, tokenWith } from '../../event/canonical.js';
import type { PrincipalFacts, TokenFacts } from '../../event/token-event.js';
import { tokenFromAwsAccessKeyId } from '../../event/token-facts.js';
import { makePrincipal } from '../../event/principal.js';
import { longText, readIsoTime, saneTime, shortText, timeText } from '../shared/facts.js';
import { joinAlias, joinAliases, shownText } from '../shared/names.js';
import { digText, digValue, type JsonObject, readNumber, readObject, readText } from '../shared/json-reader.js';
import type { ParseContext } from '../source.js';
import type { KeySubject } from './event-names.js';
import { principalOf, rolePrincipal, roleOfSession } from './identity.js';

/** Ids are 16 to 128 capitals and digits (IAM API reference, accessKeyIdType); anything else is no id. */
const keyIdForm = /^[A-Z0-9]{16,128}$/;

export function keyIdAt(object: JsonObject | undefined, name = 'accessKeyId'): string | undefined {
  const text = object === undefined ? undefined : readText(object, name);
  return text !== undefined && keyIdForm.test(text) ? text : undefined;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const wordyTime = /^([A-Z][a-z]{2}) (\d{1,2}), (\d{4}),? (\d{1,2}):(\d\d):(\d\d)[\s\u202f](AM|PM)$/;

/** STS writes `Nov 5, 2018 10:15:00 PM` (UTC), newer services RFC 3339 or epoch seconds or milliseconds. */
export function readExpiration(credentials: JsonObject): number | undefined {
  const text = readText(credentials, 'expiration');
  if (text === undefined) return undefined;
  const parts = wordyTime.exec(text);
  if (parts !== null) {
    const hour = (Number(parts[4]) % 12) + (parts[7] === 'PM' ? 12 : 0);
    const month = months.indexOf(parts[1] ?? '');
    if (month < 0) return undefined;
    return saneTime(Date.UTC(Number(parts[3]), month, Number(parts[2]), hour, Number(parts[5]), Number(parts[6])));
  }
  const number = readNumber(credentials, 'expiration');
  if (number !== undefined) return saneTime(number < 1e11 ? number * 1000 : number);
  return readIsoTime(text);
}

export interface KeyFacts {
  readonly token: TokenFacts | undefined;
  readonly principal: PrincipalFacts | undefined;
  readonly sessionId: string | undefined;
}

interface Call {
  readonly record: JsonObject;
  readonly identity: JsonObject;
  readonly failed: boolean;
  readonly timeMs: number;
  readonly context: ParseContext;
}

/** AROA…:session, the session's own id; the same stands in the AssumeRole answer and in each use. */
export function sessionOf(identity: JsonObject): string | undefined {
  const id = readText(identity, 'principalId');
  return id?.includes(':') === true && readText(identity, 'type') !== 'AWSService' ? id : undefined;
}

/** Who calls with a bearer token of IAM Identity Center has no access key: `credentialId` names the token. */
function bearerAlias(identity: JsonObject): Alias | undefined {
  const id = readText(identity, 'credentialId');
  return joinAlias('key_id', id === undefined ? undefined : `aws:${id}`);
}

function bearerToken({ identity, context }: Call): TokenFacts | undefined {
  const id = readText(identity, 'credentialId');
  if (id === undefined) return undefined;
  return tokenFromCanonical(canonical.key('aws', id), context.fingerprinter, {
    kind: 'access_token',
    issuer: 'aws',
    key_id: shownText(id),
    aliases: joinAliases(bearerAlias(identity)),
  });
}

function callerFacts(call: Call): KeyFacts {
  const { identity, context } = call;
  const keyId = keyIdAt(identity);
  const created = readIsoTime(digText(identity, 'sessionContext', 'attributes', 'creationDate'));
  const token =
    keyId === undefined
      ? bearerToken(call)
      : tokenWith(tokenFromAwsAccessKeyId(keyId, context.fingerprinter), { issued_at: timeText(created) });
  return { token, principal: principalOf(identity), sessionId: sessionOf(identity) };
}

/** The key that the event is about, whose it is, and its session. */
export function keyFacts(call: Call, subject: KeySubject): KeyFacts {
  switch (subject) {
    case 'caller':
      return callerFacts(call);
    case 'credentials':
      return call.failed ? callerFacts(call) : temporaryKey(call);
    case 'accessKey':
      return call.failed ? callerFacts(call) : longTermKey(call);
    case 'named': {
      const request = readObject(call.record, 'requestParameters');
      const keyId = keyIdAt(request);
      if (keyId === undefined) return callerFacts(call);
      const owner = request === undefined ? undefined : readText(request, 'userName');
      const own = owner === undefined && keyId === keyIdAt(call.identity);
      return {
        token: tokenFromAwsAccessKeyId(keyId, call.context.fingerprinter),
        principal: own ? principalOf(call.identity) : ownerOf(call, owner),
        sessionId: undefined,
      };
    }
  }
}

function temporaryKey(call: Call): KeyFacts {
  const { record, identity, context } = call;
  const response = readObject(record, 'responseElements') ?? {};
  const details = readObject(record, 'serviceEventDetails') ?? {};
  const credentials =
    readObject(response, 'credentials') ??
    readObject(response, 'roleCredentials') ??
    readObject(details, 'roleCredentials');
  const keyId = keyIdAt(credentials) ?? keyIdAt(credentials, 'accessKeyID');
  const roleArn = digText(record, 'requestParameters', 'roleArn') ?? digText(response, 'credentialSet', '0', 'roleArn');
  const assumedArn = digText(response, 'assumedRoleUser', 'arn');
  const role = roleArn ?? (assumedArn === undefined ? undefined : roleOfSession(assumedArn));
  // The new key is the role's; who asked for it is its parent, and the attribute `actor`.
  const principal = role === undefined ? principalOf(identity) : rolePrincipal(role);
  const sessionId =
    digText(response, 'assumedRoleUser', 'assumedRoleId') ?? digText(response, 'federatedUser', 'federatedUserId');
  if (keyId === undefined || credentials === undefined) return { token: undefined, principal, sessionId };
  const made = tokenFromAwsAccessKeyId(keyId, context.fingerprinter);
  const token = tokenWith(made, {
    issued_at: timeText(call.timeMs),
    expires_at: timeText(readExpiration(credentials)),
    display_name: shortText(digText(record, 'requestParameters', 'roleSessionName')),
    parent: aliasOf('parent_access_key_id', keyIdAt(identity)) ?? bearerAlias(identity),
  });
  return { token, principal, sessionId };
}

function longTermKey(call: Call): KeyFacts {
  const { record, identity, context } = call;
  const made = digValue(record, 'responseElements', 'accessKey');
  const accessKey = typeof made === 'object' && made !== null ? (made as JsonObject) : undefined;
  const keyId = keyIdAt(accessKey);
  const owner = (accessKey && readText(accessKey, 'userName')) ?? digText(record, 'requestParameters', 'userName');
  const principal = ownerOf(call, owner) ?? principalOf(identity);
  if (keyId === undefined) return { token: undefined, principal, sessionId: undefined };
  const token = tokenWith(tokenFromAwsAccessKeyId(keyId, context.fingerprinter), {
    issued_at: timeText(call.timeMs),
    parent: aliasOf('parent_access_key_id', keyIdAt(identity)),
  });
  return { token, principal, sessionId: undefined };
}

/** The IAM user of a name in the caller's account; a path in the user's real ARN is not in the record. */
function ownerOf({ identity }: Call, userName: string | undefined): PrincipalFacts | undefined {
  const name = longText(userName);
  if (name === undefined) return undefined;
  if (name === readText(identity, 'userName')) return principalOf(identity);
  const account = readText(identity, 'accountId');
  if (account === undefined || !/^\d{12}$/.test(account)) return undefined;
  const partition = /^arn:([a-z-]{1,32}):/.exec(readText(identity, 'arn') ?? '')?.[1] ?? 'aws';
  return makePrincipal({ kind: 'user', id: `arn:${partition}:iam::${account}:user/${name}`, name });
}
