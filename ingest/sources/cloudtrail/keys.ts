import { type Alias, aliasOf, canonical, tokenFromCanonical, tokenWith } from '../../event/canonical.js';
import type { PrincipalFacts, TokenFacts, TokenKind } from '../../event/token-event.js';
import { tokenFromAwsAccessKeyId } from '../../event/token-facts.js';
import { makePrincipal } from '../../event/principal.js';
import { longText, readIsoTime, saneTime, shortText, timeText } from '../shared/facts.js';
import { joinAlias, joinAliases, shownText } from '../shared/names.js';
import { digText, type JsonObject, readNumber, readObject, readText } from '../shared/json-reader.js';
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
export function readExpiration(credentials: JsonObject, name = 'expiration'): number | undefined {
  const text = readText(credentials, name);
  if (text === undefined) return undefined;
  const parts = wordyTime.exec(text);
  if (parts !== null) {
    const hour = (Number(parts[4]) % 12) + (parts[7] === 'PM' ? 12 : 0);
    const month = months.indexOf(parts[1] ?? '');
    if (month < 0) return undefined;
    return saneTime(Date.UTC(Number(parts[3]), month, Number(parts[2]), hour, Number(parts[5]), Number(parts[6])));
  }
  const number = readNumber(credentials, name);
  if (number !== undefined) return saneTime(number < 1e11 ? number * 1000 : number);
  return readIsoTime(text);
}

const basicTime = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** `creationDate` is ISO 8601, in older records of the basic form: `20131102T010628Z`. */
const readCreation = (text: string | undefined): number | undefined =>
  readIsoTime(text?.replace(basicTime, '$1-$2-$3T$4:$5:$6Z'));

export interface KeyFacts {
  readonly token: TokenFacts | undefined;
  readonly principal: PrincipalFacts | undefined;
  readonly sessionId: string | undefined;
}

export interface Call {
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
  // Service-specific credentials are shown as bearer tokens too, such as the API keys of Bedrock.
  return keyToken(id, /^ACCA[A-Z0-9]{12,}$/.test(id) ? 'api_key' : 'access_token', context);
}

const keyToken = (id: string, kind: TokenKind, { fingerprinter }: ParseContext): TokenFacts =>
  tokenFromCanonical(canonical.key('aws', id), fingerprinter, {
    kind,
    issuer: 'aws',
    key_id: shownText(id),
    aliases: joinAliases(joinAlias('key_id', `aws:${id}`)),
  });

/** The key or bearer token that signed the call, and whose it is. */
export function callerFacts(call: Call): KeyFacts {
  const { identity, context } = call;
  const keyId = keyIdAt(identity);
  const created = readCreation(digText(identity, 'sessionContext', 'attributes', 'creationDate'));
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
    case 'made':
      return call.failed ? callerFacts(call) : longTermKey(call);
    case 'unnamed':
      return call.failed ? callerFacts(call) : { ...callerFacts(call), token: undefined };
    case 'named': {
      const request = readObject(call.record, 'requestParameters') ?? {};
      const token = credentialNamed(request, call);
      if (token === undefined) return callerFacts(call);
      const owner = readText(request, 'userName');
      const own = owner === undefined && token.key_id === keyIdAt(call.identity);
      return { token, principal: own ? principalOf(call.identity) : ownerOf(call, owner), sessionId: undefined };
    }
  }
}

/** Long-term credentials of IAM beside the access key: member of the answer, name of its id, what it is. */
const otherCredentials: readonly (readonly [string, string, TokenKind])[] = [
  ['serviceSpecificCredential', 'serviceSpecificCredentialId', 'api_key'],
  ['sSHPublicKey', 'sSHPublicKeyId', 'access_key'],
  ['certificate', 'certificateId', 'client_certificate'],
];

/** The access key, or the other credential of IAM, whose id stands in the object; calls with it name it by `credentialId`. */
function credentialNamed(object: JsonObject, { context }: Call): TokenFacts | undefined {
  const keyId = keyIdAt(object);
  if (keyId !== undefined) return tokenFromAwsAccessKeyId(keyId, context.fingerprinter);
  for (const [, name, kind] of otherCredentials) {
    const id = keyIdAt(object, name);
    if (id !== undefined) return keyToken(id, kind, context);
  }
  return undefined;
}

/**
 * A key of STS in an answer. Some services write it into the answer itself, and there a session token stands beside the id, so that an answer
 * about a key is not taken for it.
 */
export function temporaryCredentials(record: JsonObject): JsonObject | undefined {
  const response = readObject(record, 'responseElements') ?? {};
  const nested =
    readObject(response, 'credentials') ??
    readObject(response, 'roleCredentials') ??
    readObject(readObject(record, 'serviceEventDetails') ?? {}, 'roleCredentials');
  if (nested !== undefined) return temporaryKeyId(nested) === undefined ? undefined : nested;
  const isFlat = readText(response, 'sessionToken') !== undefined && temporaryKeyId(response) !== undefined;
  return isFlat ? response : undefined;
}

const temporaryKeyId = (credentials: JsonObject): string | undefined =>
  keyIdAt(credentials) ?? keyIdAt(credentials, 'accessKeyID');

function temporaryKey(call: Call): KeyFacts {
  const { record, identity, context } = call;
  const response = readObject(record, 'responseElements') ?? {};
  const credentials = temporaryCredentials(record);
  const keyId = credentials === undefined ? undefined : temporaryKeyId(credentials);
  const roleArn = digText(record, 'requestParameters', 'roleArn') ?? digText(response, 'credentialSet', '0', 'roleArn');
  const assumedArn = digText(response, 'assumedRoleUser', 'arn');
  const role = roleArn ?? (assumedArn === undefined ? undefined : roleOfSession(assumedArn));
  // The new key is the role's; who asked for it is its parent, and the attribute `actor`.
  const principal = role === undefined ? principalOf(identity) : rolePrincipal(role);
  const sessionId =
    digText(response, 'assumedRoleUser', 'assumedRoleId') ??
    digText(response, 'assumedRoleUser', 'assumeRoleId') ??
    digText(response, 'federatedUser', 'federatedUserId');
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
  const { record, identity } = call;
  const response = readObject(record, 'responseElements') ?? {};
  const made = ['accessKey', ...otherCredentials.map(([member]) => member)]
    .map((member) => readObject(response, member))
    .find((member) => member !== undefined);
  const owner = (made && readText(made, 'userName')) ?? digText(record, 'requestParameters', 'userName');
  const principal = ownerOf(call, owner) ?? principalOf(identity);
  const named = made === undefined ? undefined : credentialNamed(made, call);
  if (made === undefined || named === undefined) return { token: undefined, principal, sessionId: undefined };
  const token = tokenWith(named, {
    issued_at: timeText(call.timeMs),
    expires_at: timeText(readExpiration(made, 'expirationDate')),
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
