import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { eventUidFromId, eventUidFromPosition } from '../../event/event-uid.js';
import { formatTime } from '../../event/time.js';
import { SCHEMA_VERSION, type Action, type Reason, type TokenEvent } from '../../event/token-event.js';
import { actionOfActing } from '../shared/acting.js';
import { parseIpAddress } from '../shared/client-address.js';
import { collectRecords } from '../shared/collect-each.js';
import { AttributeList, detailText, longText, readIsoTime, safeId, shortText } from '../shared/facts.js';
import {
  digText,
  digValue,
  isObject,
  type JsonObject,
  readCount,
  readList,
  readObject,
  readText,
} from '../shared/json-reader.js';
import { readJsonRecords } from '../shared/json-records.js';
import { splitDocument } from '../shared/json-split.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { envelope } from './envelopes.js';
import { meaningOf } from './event-names.js';
import { additionalUser, principalOf, sessionNameOf } from './identity.js';
import { keyFacts, keyIdAt, sessionOf } from './keys.js';
import { tokenFromAwsAccessKeyId } from '../../event/token-facts.js';
import { refuseOptions } from '../shared/no-options.js';
import { reasonOf } from './reasons.js';

const product = 'cloudtrail';

/** Sign-in events tell their result under their own name: `responseElements: {"ConsoleLogin": "Failure"}`. */
function toldFailure(record: JsonObject, eventName: string): boolean {
  for (const part of ['responseElements', 'serviceEventDetails', 'additionalEventData'] as const) {
    const result = digValue(record, part, eventName);
    if (result === 'Failure' || result === 'Failed') return true;
  }
  return digText(record, 'serviceEventDetails', 'CredentialVerification') === 'Failure';
}

/**
 * Steps of a sign-in that succeed before anybody has proved who they are: a further factor is looked for, or a challenge put.
 */
const openSteps: ReadonlyMap<string, Reason | undefined> = new Map([
  ['CheckMfa', 'mfa_required'],
  ['CredentialChallenge', undefined],
]);

/** Of a sign-in that failed without a word; Identity Center tells which credential was asked for. */
function wordlessReason(record: JsonObject, action: Action): Reason | undefined {
  if (
    action !== 'login' ||
    readText(record, 'errorCode') !== undefined ||
    readText(record, 'errorMessage') !== undefined
  )
    return undefined;
  const asked = digText(record, 'additionalEventData', 'CredentialType') ?? 'PASSWORD';
  return /^(?:PASSWORD|EXTERNAL_IDP)$/.test(asked) ? 'invalid_credentials' : 'mfa_failed';
}

function actionOf(record: JsonObject, eventName: string, action: Action): Action {
  // An access key is switched off and on again by one call.
  if (eventName !== 'UpdateAccessKey') return action;
  return digText(record, 'requestParameters', 'status') === 'Active' ? 'grant' : action;
}

/** Request parameters that name what was touched; all others stay out, some of them hold passwords. */
const keptParameters = [
  'roleArn', 'roleSessionName', 'sourceIdentity', 'userName', 'roleName', 'groupName', 'policyArn', 'policyName',
  'bucketName', 'secretId', 'keyId', 'functionName', 'serialNumber', 'providerId', 'principalArn', 'durationSeconds',
  'clientId', 'grantType', 'role_name',
] as const; // prettier-ignore

/** The person for whom a role's session acts, named as Identity Center's own events name it. */
function onBehalfOf(identity: JsonObject): string | undefined {
  const user = digText(identity, 'onBehalfOf', 'userId');
  const store = digText(identity, 'onBehalfOf', 'identityStoreArn');
  return user === undefined || store === undefined ? user : `${store}|${user}`;
}

function attributesOf(
  record: JsonObject,
  identity: JsonObject,
  actor: string | undefined,
): TokenEvent['attributes'] | undefined {
  const attributes = new AttributeList();
  attributes.add('actor', actor);
  attributes.add('aws_region', readText(record, 'awsRegion'));
  attributes.add('account_id', readText(record, 'recipientAccountId') ?? readText(identity, 'accountId'));
  attributes.add('identity_type', readText(identity, 'type'));
  attributes.add('session_name', sessionNameOf(identity));
  attributes.add('source_identity', digText(identity, 'sessionContext', 'sourceIdentity'));
  attributes.add('mfa_authenticated', digText(identity, 'sessionContext', 'attributes', 'mfaAuthenticated'));
  attributes.add('mfa_used', digText(record, 'additionalEventData', 'MFAUsed'));
  attributes.add('ec2_role_delivery', digText(identity, 'sessionContext', 'ec2RoleDelivery'));
  attributes.add('invoked_by', readText(identity, 'invokedBy'));
  attributes.add('federated_provider', digText(identity, 'sessionContext', 'webIdFederationData', 'federatedProvider'));
  attributes.add('assumed_root', digText(identity, 'sessionContext', 'assumedRoot'));
  attributes.add('on_behalf_of', onBehalfOf(identity));
  attributes.add('in_scope_of', digText(identity, 'inScopeOf', 'credentialsIssuedTo'));
  attributes.add('read_only', readText(record, 'readOnly'));
  attributes.add('event_category', readText(record, 'eventCategory'));
  attributes.add('vpc_endpoint_id', readText(record, 'vpcEndpointId'));
  attributes.add('shared_event_id', readText(record, 'sharedEventID'));
  const request = readObject(record, 'requestParameters') ?? {};
  for (const name of keptParameters) attributes.add(name, readText(request, name));
  attributes.add('target_account_id', readText(request, 'account_id'));
  for (const resource of (readList(record, 'resources') ?? []).slice(0, 4)) {
    if (isObject(resource)) attributes.add('resource', readText(resource, 'ARN'));
  }
  return attributes.done();
}

function eventOf(record: JsonObject, context: ParseContext, ordinal: number): Result<TokenEvent, ParseError> {
  const timeText = readText(record, 'eventTime');
  const timeMs = readIsoTime(timeText);
  if (timeMs === undefined) {
    const message = timeText === undefined ? 'The record has no eventTime.' : 'eventTime is no RFC 3339 time.';
    return refuse(product, '/eventTime', message, 'Send CloudTrail records as AWS writes them.');
  }
  const eventName = readText(record, 'eventName');
  const eventSource = readText(record, 'eventSource');
  if (eventName === undefined || eventSource === undefined) {
    const missing = eventName === undefined ? 'eventName' : 'eventSource';
    return refuse(
      product,
      `/${missing}`,
      `The record has no ${missing}.`,
      'Send CloudTrail records as AWS writes them.',
    );
  }
  const identity = readObject(record, 'userIdentity') ?? {};
  const eventType = readText(record, 'eventType');
  const errorCode = readText(record, 'errorCode');
  const errorMessage = readText(record, 'errorMessage');
  const failed = errorCode !== undefined || toldFailure(record, eventName);
  const meaning = meaningOf(eventSource, eventName, eventType);
  const facts = keyFacts({ record, identity, failed, timeMs, context }, meaning.subject);
  const acting = meaning.subject === 'caller' && facts.token !== undefined;
  const nameless = Object.keys(identity).length <= 1 || readText(identity, 'type') === 'Unknown';
  const principal = facts.principal ?? additionalUser(record);
  const actor = nameless ? undefined : principalOf(identity)?.principal_uid;
  const eventId = readText(record, 'eventID');
  const secretShown =
    digText(record, 'responseElements', 'accessKey', 'secretAccessKey') ??
    digText(record, 'responseElements', 'credentials', 'secretAccessKey');
  const recordType = shortText(eventType);
  const { instance } = context;
  const event: Draft<TokenEvent> = {
    schema_version: SCHEMA_VERSION,
    event_uid:
      eventId === undefined
        ? eventUidFromPosition(product, instance, context.position, ordinal)
        : eventUidFromId(product, instance, eventId),
    time: formatTime(timeMs),
    observed_time: formatTime(context.observedMs),
    source:
      recordType === undefined
        ? { product, instance, kind: 'cloud' }
        : { product, instance, kind: 'cloud', record_type: recordType },
    action: actionOf(record, eventName, acting ? actionOfActing(meaning.action, 'cloud') : meaning.action),
    outcome: failed ? 'failure' : openSteps.has(eventName) ? 'unknown' : 'success',
  };
  // An address, or the AWS service that called in its place.
  const source = readText(record, 'sourceIPAddress');
  const client = source === undefined ? undefined : parseIpAddress(source);
  const caller = shortText(readText(identity, 'invokedBy') ?? (client === undefined ? source : undefined));
  const detail = failed ? detailText(errorCode, errorMessage) : undefined;
  const userAgent = longText(readText(record, 'userAgent'));
  const session = safeId(facts.sessionId, context.fingerprinter);
  const trace = traceOf(record, context);
  const attributes = attributesOf(record, identity, actor === principal?.principal_uid ? undefined : actor);
  const reason = failed
    ? (wordlessReason(record, meaning.action) ?? reasonOf(errorCode ?? '', errorMessage))
    : openSteps.get(eventName);
  if (reason !== undefined) event.reason = reason;
  if (detail !== undefined) event.reason_detail = detail;
  if (facts.token !== undefined) event.token = facts.token;
  if (principal !== undefined) event.principal = principal;
  if (client !== undefined) event.client = client;
  if (caller !== undefined) event.caller = { service: caller };
  if (userAgent !== undefined) event.user_agent = userAgent;
  event.target = targetOf(record, eventSource, eventName);
  if (session !== undefined) event.session_uid = session;
  if (trace !== undefined) event.trace = trace;
  if (digText(record, 'tlsDetails', 'tlsVersion') !== undefined) event.transport = 'tls';
  if (secretShown !== undefined && !/hidden|\*{3}/i.test(secretShown)) event.exposures = ['token_in_log'];
  if (attributes !== undefined) event.attributes = attributes;
  return ok(event);
}

/**
 * The call by which a key asked for another one: a use of the key that signed it, beside the issue of the new one. Without it a key that only
 * assumes roles, as stolen ones do, would never be used.
 */
function callOf(record: JsonObject, made: TokenEvent, context: ParseContext, ordinal: number): TokenEvent | undefined {
  const identity = readObject(record, 'userIdentity') ?? {};
  const keyId = keyIdAt(identity);
  if (made.action !== 'issue' || keyId === undefined) return undefined;
  const token = tokenFromAwsAccessKeyId(keyId, context.fingerprinter);
  if (token.token_uid === made.token?.token_uid) return undefined;
  const eventId = readText(record, 'eventID');
  const principal = principalOf(identity);
  const session = safeId(sessionOf(identity), context.fingerprinter);
  // Who acted is the principal here.
  const others = made.attributes?.filter(({ key }) => key !== 'actor');
  const call: Draft<TokenEvent> = {
    ...made,
    event_uid:
      eventId === undefined
        ? eventUidFromPosition(product, `${context.instance}#call`, context.position, ordinal)
        : eventUidFromId(product, context.instance, `${eventId}#call`),
    action: 'use',
    token,
  };
  delete call.principal;
  delete call.session_uid;
  delete call.exposures;
  delete call.attributes;
  return {
    ...call,
    ...(principal !== undefined && { principal }),
    ...(session !== undefined && { session_uid: session }),
    ...(others !== undefined && others.length > 0 && { attributes: others }),
  };
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };

function targetOf(record: JsonObject, eventSource: string, eventName: string): NonNullable<TokenEvent['target']> {
  const target: Draft<NonNullable<TokenEvent['target']>> = {};
  const extra = readObject(record, 'additionalEventData') ?? {};
  const service = shortText(eventSource);
  const address = longText(digText(record, 'tlsDetails', 'clientProvidedHostHeader'));
  const method = shortText(eventName);
  const requestBytes = readCount(extra, 'bytesTransferredIn');
  const responseBytes = readCount(extra, 'bytesTransferredOut');
  if (service !== undefined) target.service = service;
  if (address !== undefined) target.address = address;
  if (method !== undefined) target.method = method;
  const secret = secretOf(record, eventName);
  if (secret !== undefined) {
    target.path = secret;
    target.route = '{secret}';
  }
  if (requestBytes !== undefined) target.request_bytes = requestBytes;
  if (responseBytes !== undefined) target.response_bytes = responseBytes;
  return target;
}

/** The secret or parameter whose value was asked for, by its name or ARN: many different ones are carried off. */
function secretOf(record: JsonObject, eventName: string): string | undefined {
  const name = eventName === 'GetSecretValue' ? 'secretId' : eventName === 'GetParameter' ? 'name' : undefined;
  return name === undefined ? undefined : longText(digText(record, 'requestParameters', name));
}

function traceOf(record: JsonObject, context: ParseContext): TokenEvent['trace'] | undefined {
  const requestId = safeId(readText(record, 'requestID'), context.fingerprinter);
  return requestId === undefined ? undefined : { request_id: requestId };
}

function parse(raw: string, context: ParseContext): Result<readonly TokenEvent[], ParseError> {
  const records = readJsonRecords(raw, product, envelope);
  if (!records.ok) return records;
  return collectRecords(product, records.value, (record, ordinal) => {
    const event = eventOf(record, context, ordinal);
    if (!event.ok) return event;
    const call = callOf(record, event.value, context, ordinal);
    return ok(call === undefined ? [event.value] : [call, event.value]);
  });
}

/** AWS CloudTrail: log files, single records, lookup-events, EventBridge, CloudWatch and Firehose envelopes. */
export const cloudtrailFactory: SourceFactory = {
  product,
  kinds: ['cloud'],
  variants: [],
  create(options): Source {
    refuseOptions(product, options);
    return {
      product,
      kind: 'cloud',
      framing: 'document',
      parse,
      split: (document) => ok(splitDocument(document, envelope.lists)),
    };
  },
  recognise({ json }) {
    const list = isObject(json) ? readList(json, 'Records') : undefined;
    const first: unknown = list?.[0] ?? (isObject(json) ? (readObject(json, 'detail') ?? json) : undefined);
    if (!isObject(first) || readText(first, 'eventSource') === undefined) return undefined;
    const hasMarks = readText(first, 'eventName') !== undefined && readText(first, 'eventTime') !== undefined;
    const isTrail = hasMarks && (readText(first, 'eventVersion') ?? readObject(first, 'userIdentity')) !== undefined;
    return isTrail ? { confidence: 1, reason: 'eventSource, eventName and userIdentity of CloudTrail' } : undefined;
  },
};
