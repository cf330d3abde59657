import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { eventUidFromId, eventUidFromPosition } from '../../event/event-uid.js';
import { formatTime } from '../../event/time.js';
import { SCHEMA_VERSION, type TokenEvent } from '../../event/token-event.js';
import { actionOfActing } from '../shared/acting.js';
import { parseIpAddress } from '../shared/client-address.js';
import { collectRecords } from '../shared/collect-each.js';
import { detailText, longText, readIsoTime, safeId, shortText } from '../shared/facts.js';
import { digText, type JsonObject, readCount, readObject, readText } from '../shared/json-reader.js';
import { openEnvelope, readJsonRecords } from '../shared/json-records.js';
import { splitDocument } from '../shared/json-split.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { envelope } from './envelopes.js';
import { attributesOf } from './attributes.js';
import { poolPrincipal, userPools } from './cognito.js';
import type { NameMeaning } from './event-names.js';
import { additionalUser, principalOf } from './identity.js';
import { type Call, callerFacts, keyFacts } from './keys.js';
import { meaningOfRecord } from './meaning.js';
import { outcomeOf } from './outcome.js';
import { refuseOptions } from '../shared/no-options.js';

const product = 'cloudtrail';

function eventsOf(
  record: JsonObject,
  context: ParseContext,
  ordinal: number,
): Result<readonly TokenEvent[], ParseError> {
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
  const meaning = meaningOfRecord(record, eventSource, eventName);
  const told = outcomeOf(record, eventName, meaning.action);
  const failed = told.outcome === 'failure';
  const call: Call = { record, identity, failed, timeMs, context };
  const facts = keyFacts(call, meaning.subject);
  const acting = meaning.subject === 'caller' && facts.token !== undefined;
  const nameless = Object.keys(identity).length <= 1 || readText(identity, 'type') === 'Unknown';
  // Whom a user pool knows is the subject of a sign-in, whoever asked for it; elsewhere who called acted on them.
  const pooled = eventSource === userPools ? poolPrincipal(record) : undefined;
  const isPooled = pooled !== undefined && (meaning.subject === 'unnamed' || facts.token === undefined);
  const principal = isPooled ? pooled : (facts.principal ?? additionalUser(record));
  const token = isPooled ? undefined : facts.token;
  const actor = nameless ? undefined : principalOf(identity)?.principal_uid;
  const eventId = eventIdOf(record);
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
    action: acting ? actionOfActing(meaning.action, 'cloud') : meaning.action,
    outcome: told.outcome,
  };
  // An address, or the AWS service that called in its place.
  const source = readText(record, 'sourceIPAddress');
  const client = source === undefined ? undefined : parseIpAddress(source);
  const caller = shortText(readText(identity, 'invokedBy') ?? (client === undefined ? source : undefined));
  const detail = failed ? detailText(errorCode, errorMessage) : undefined;
  const userAgent = longText(readText(record, 'userAgent'));
  const session = isPooled ? undefined : safeId(facts.sessionId, context.fingerprinter);
  const trace = traceOf(record, context);
  const attributes = attributesOf(record, identity, {
    actor: actor === principal?.principal_uid ? undefined : actor,
    affected: isPooled ? undefined : pooled?.principal_uid,
  });
  if (told.reason !== undefined) event.reason = told.reason;
  if (detail !== undefined) event.reason_detail = detail;
  if (token !== undefined) event.token = token;
  if (principal !== undefined) event.principal = principal;
  if (client !== undefined) event.client = client;
  if (caller !== undefined) event.caller = { service: caller };
  if (userAgent !== undefined) event.user_agent = userAgent;
  event.target = targetOf(record, eventSource, eventName, told.status);
  if (session !== undefined) event.session_uid = session;
  if (trace !== undefined) event.trace = trace;
  if (digText(record, 'tlsDetails', 'tlsVersion') !== undefined) event.transport = 'tls';
  if (showsSecret(record)) event.exposures = ['token_in_log'];
  if (attributes !== undefined) event.attributes = attributes;
  const use = callOf(call, meaning, event, ordinal);
  return ok(use === undefined ? [event] : [use, event]);
}

/** What AWS sends again with more in it names the record that it is a repetition of, so that both count once. */
const eventIdOf = (record: JsonObject): string | undefined =>
  digText(record, 'addendum', 'originalEventID') ?? readText(record, 'eventID');

/** Members of an answer that AWS hides, and the secret in each. */
const hiddenSecrets = [
  ['accessKey', 'secretAccessKey'], ['credentials', 'secretAccessKey'],
  ['serviceSpecificCredential', 'servicePassword'], ['serviceSpecificCredential', 'serviceCredentialSecret'],
] as const; // prettier-ignore

function showsSecret(record: JsonObject): boolean {
  for (const [member, name] of hiddenSecrets) {
    const secret = digText(record, 'responseElements', member, name);
    if (secret !== undefined && !/hidden|\*{3}/i.test(secret)) return true;
  }
  return false;
}

/**
 * The call by which a key asked for another one: a use of the key that signed it, beside the issue of the new one. Without it a key that only
 * assumes roles, as stolen ones do, would never be used.
 */
function callOf(call: Call, { subject }: NameMeaning, made: TokenEvent, ordinal: number): TokenEvent | undefined {
  if (call.failed || (subject !== 'credentials' && subject !== 'unnamed')) return undefined;
  const { record, context } = call;
  const { token, principal, sessionId } = callerFacts(call);
  if (token === undefined || token.token_uid === made.token?.token_uid) return undefined;
  const eventId = eventIdOf(record);
  const session = safeId(sessionId, context.fingerprinter);
  // Who acted is the principal here.
  const others = made.attributes?.filter(({ key }) => key !== 'actor');
  const use: Draft<TokenEvent> = {
    ...made,
    event_uid:
      eventId === undefined
        ? eventUidFromPosition(product, `${context.instance}#call`, context.position, ordinal)
        : eventUidFromId(product, context.instance, `${eventId}#call`),
    action: 'use',
    outcome: 'success',
    token,
  };
  delete use.reason;
  delete use.principal;
  delete use.session_uid;
  delete use.exposures;
  delete use.attributes;
  return {
    ...use,
    ...(principal !== undefined && { principal }),
    ...(session !== undefined && { session_uid: session }),
    ...(others !== undefined && others.length > 0 && { attributes: others }),
  };
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };

function targetOf(
  record: JsonObject,
  eventSource: string,
  eventName: string,
  status: number | undefined,
): NonNullable<TokenEvent['target']> {
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
  if (status !== undefined && status <= 999) target.status = status;
  if (requestBytes !== undefined) target.request_bytes = requestBytes;
  if (responseBytes !== undefined) target.response_bytes = responseBytes;
  return target;
}

/** Calls that ask for the value of one secret or parameter, or of all below a path → where its name stands. */
const secretReads: ReadonlyMap<string, string> = new Map([
  ['GetSecretValue', 'secretId'],
  ['GetParameter', 'name'],
  ['GetParametersByPath', 'path'],
]);

/** The secret or parameter whose value was asked for, by its name or ARN: many different ones are carried off. */
function secretOf(record: JsonObject, eventName: string): string | undefined {
  const name = secretReads.get(eventName);
  return name === undefined ? undefined : longText(digText(record, 'requestParameters', name));
}

function traceOf(record: JsonObject, context: ParseContext): TokenEvent['trace'] | undefined {
  const requestId = safeId(readText(record, 'requestID'), context.fingerprinter);
  return requestId === undefined ? undefined : { request_id: requestId };
}

function parse(raw: string, context: ParseContext): Result<readonly TokenEvent[], ParseError> {
  const records = readJsonRecords(raw, product, envelope);
  if (!records.ok) return records;
  return collectRecords(product, records.value, (record, ordinal) => eventsOf(record, context, ordinal));
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
    const records = json === undefined ? undefined : openEnvelope(json, product, envelope, 0);
    const first = records?.ok === true ? records.value[0] : undefined;
    if (first === undefined || readText(first, 'eventSource') === undefined) return undefined;
    const hasMarks = readText(first, 'eventName') !== undefined && readText(first, 'eventTime') !== undefined;
    const isTrail = hasMarks && (readText(first, 'eventVersion') ?? readObject(first, 'userIdentity')) !== undefined;
    return isTrail ? { confidence: 1, reason: 'eventSource, eventName and userIdentity of CloudTrail' } : undefined;
  },
};
