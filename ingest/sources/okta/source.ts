import { isIP } from 'node:net';
import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { Action, PrincipalFacts } from '../../event/token-event.js';
import { actionOfActing } from '../shared/acting.js';
import type { AuditPlace, AuditRecord } from '../shared/audit-event.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { AttributeList } from '../shared/facts.js';
import {
  digText,
  isObject,
  type JsonObject,
  readList,
  readNumber,
  readObject,
  readText,
  readValue,
} from '../shared/json-reader.js';
import { auditPrincipal, shownText } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError } from '../source.js';
import { meaningOfEvent } from './event-types.js';
import { outcomeOf } from './outcome.js';
import { readOktaToken, sessionOf } from './token.js';

const product = 'okta';
const mend = 'Send System Log events as Okta answers or pushes them, one JSON object each.';

const optionsSchema = z.strictObject({
  base: z
    .url({ protocol: /^https$/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .describe('Address of the org, e.g. https://example.okta.com: with it the `iss` of tokens is known.'),
});
type OktaOptions = z.output<typeof optionsSchema>;

/** Okta writes the word `null` for a zone that it does not know. */
const notNull = (text: string | undefined): string | undefined => (text === 'null' ? undefined : text);

const known = (text: string | undefined): string | undefined => (text === 'unknown' ? undefined : text);

function userNameOf(record: JsonObject, id: string): string | undefined {
  for (const target of (readList(record, 'target') ?? []).slice(0, 32)) {
    if (isObject(target) && readText(target, 'id') === id && readText(target, 'type') === 'User')
      return known(readText(target, 'alternateId')) ?? known(readText(target, 'displayName'));
  }
  return undefined;
}

interface Parties {
  readonly principal: PrincipalFacts | undefined;
  /** Who acted, where the token is another's and the actor is no client that got it. */
  readonly actor?: string | undefined;
}

/** What Okta itself is the actor of while a user signs in, as through an identity provider. */
const ofAnybody: ReadonlySet<Action> = new Set<Action>(['login', 'logout', 'expire', 'use']);

/** The one user among the targets. */
function soleUserOf(record: JsonObject): string | undefined {
  const users = (readList(record, 'target') ?? [])
    .slice(0, 32)
    .filter(isObject)
    .filter((target) => readText(target, 'type') === 'User');
  const ids = new Set(users.map((target) => known(readText(target, 'id'))));
  return ids.size === 1 ? [...ids][0] : undefined;
}

/** A token belongs to its subject: an app that was granted it is its client, and who revoked it only acted. */
function partiesOf(record: JsonObject, named: string | undefined, action: Action, fp: Fingerprinter): Parties {
  const acting = actorOf(record, fp);
  const subject = named ?? (acting?.kind === 'workload' && ofAnybody.has(action) ? soleUserOf(record) : undefined);
  if (subject === undefined || acting === undefined || acting.id === subject) return { principal: acting };
  const isClient = acting.kind === 'client';
  const clientId = isClient ? acting.id : digText(record, 'debugContext', 'debugData', 'clientId');
  const owner = { kind: 'user', issuer: product, id: subject, name: userNameOf(record, subject), clientId } as const;
  const principal = auditPrincipal(owner, fp);
  return isClient ? { principal } : { principal, actor: acting.principal_uid };
}

function actorOf(record: JsonObject, fp: Fingerprinter): PrincipalFacts | undefined {
  const actor = readObject(record, 'actor') ?? {};
  const id = known(readText(actor, 'id'));
  const name = known(readText(actor, 'alternateId')) ?? known(readText(actor, 'displayName'));
  const type = readText(actor, 'type') ?? '';
  // Of an attack without a session Okta names the address as who acted: that is nobody.
  if (isIP(id ?? '') !== 0 || /^ip\b|^ipaddress/i.test(type)) return undefined;
  const isClient = /App|Client/.test(type);
  const kind = isClient ? 'client' : type === 'User' ? 'user' : type === 'SystemPrincipal' ? 'workload' : 'unknown';
  const clientId = isClient ? id : digText(record, 'debugContext', 'debugData', 'clientId');
  return auditPrincipal({ kind, issuer: product, id: id ?? name, name, clientId }, fp);
}

function placeOf(client: JsonObject, security: JsonObject): AuditPlace {
  const place = readObject(client, 'geographicalContext') ?? {};
  const point = readObject(place, 'geolocation') ?? {};
  return {
    country: readText(place, 'country'),
    city: readText(place, 'city'),
    latitude: readNumber(point, 'lat'),
    longitude: readNumber(point, 'lon'),
    asn: readNumber(security, 'asNumber'),
    asName: readText(security, 'asOrg') ?? readText(security, 'isp'),
    isProxy: readText(security, 'isProxy') === 'true',
  };
}

const debugFields = [
  'requestUri', 'grantType', 'requestedScopes', 'clientAuthType', 'factor', 'authnRequestId', 'deviceFingerprint', 'threatSuspected',
  'threatDetections', 'risk', 'behaviors', 'logOnlySecurityData', 'tunnels', 'revokedTokenType', 'rateLimitSecondsToReset', 'resource',
] as const; // prettier-ignore

function attributesOf(
  record: JsonObject,
  client: JsonObject,
  security: JsonObject,
  actors: readonly (string | undefined)[],
): AttributeList {
  const attributes = new AttributeList();
  const [actor, actorChain] = actors;
  attributes.add('actor', actor);
  attributes.add('actor_chain', actorChain);
  const place = readObject(client, 'geographicalContext') ?? {};
  attributes.add('actor_type', digText(record, 'actor', 'type'));
  attributes.add('severity', readText(record, 'severity'));
  attributes.add('country', readText(place, 'country'));
  attributes.add('client_zone', notNull(readText(client, 'zone')));
  attributes.add('client_device', readText(client, 'device'));
  attributes.add('is_proxy', readText(security, 'isProxy'));
  attributes.add('domain', readText(security, 'domain'));
  const authentication = readObject(record, 'authenticationContext') ?? {};
  for (const name of ['authenticationProvider', 'credentialProvider', 'credentialType', 'authenticationStep'] as const)
    attributes.add(name, readText(authentication, name));
  const debug = readObject(readObject(record, 'debugContext') ?? {}, 'debugData') ?? {};
  for (const name of debugFields) attributes.add(name, readText(debug, name));
  for (const target of (readList(record, 'target') ?? []).slice(0, 4)) {
    if (!isObject(target)) continue;
    const words = [readText(target, 'type'), readText(target, 'alternateId') ?? readText(target, 'displayName')];
    attributes.add('target', words.filter((word) => word !== undefined).join(' ') || undefined);
  }
  return attributes;
}

/** The application among the targets, which a sign-on or a grant was for. */
function appOf(record: JsonObject): string | undefined {
  for (const target of readList(record, 'target') ?? []) {
    if (isObject(target) && /^(?:AppInstance|PublicClientApp)/.test(readText(target, 'type') ?? ''))
      return known(readText(target, 'alternateId')) ?? readText(target, 'displayName');
  }
  return undefined;
}

/** The id of the application that a consent was given to, which is its `client_id`. */
function clientGranted(record: JsonObject): string | undefined {
  for (const target of (readList(record, 'target') ?? []).slice(0, 32)) {
    if (isObject(target) && /^(?:AppInstance|PublicClientApp)/.test(readText(target, 'type') ?? ''))
      return known(readText(target, 'id'));
  }
  return undefined;
}

/** What a consent gave: the scopes among the targets. */
function scopesGranted(record: JsonObject): string | undefined {
  const scopes = (readList(record, 'target') ?? [])
    .slice(0, 32)
    .filter((target) => isObject(target))
    .filter((target) => /^scope$/i.test(readText(target, 'type') ?? ''))
    .map(
      (target) => known(readText(target, 'alternateId')) ?? readText(target, 'displayName') ?? readText(target, 'id'),
    );
  return scopes.length === 0 ? undefined : scopes.filter((scope) => scope !== undefined).join(' ');
}

function read(record: JsonObject, context: ParseContext, options: OktaOptions): Result<AuditRecord, ParseError> {
  const type = readText(record, 'eventType');
  if (type === undefined) return refuse(product, '/eventType', 'The record has no eventType.', mend);
  const timeMs = readMoment(record, 'published');
  if (timeMs === undefined) return refuse(product, '/published', 'The record has no published that is a time.', mend);
  const meaning = meaningOfEvent(type);
  const words = digText(record, 'outcome', 'reason');
  const told = outcomeOf(digText(record, 'outcome', 'result'), words, meaning);
  const { outcome } = told;
  // The words are those of a wrong password for a denied push and a wrong code too.
  const secondFactor = type === 'user.authentication.auth_via_mfa' && told.reason === 'invalid_credentials';
  const reason = secondFactor ? 'mfa_failed' : told.reason;
  const client = readObject(record, 'client') ?? {};
  const security = readObject(record, 'securityContext') ?? {};
  const debug = readObject(readObject(record, 'debugContext') ?? {}, 'debugData') ?? {};
  const credential = readOktaToken(record, options.base, context.fingerprinter, type, meaning.action);
  const { token, subject, actorChain } = credential;
  const parties = partiesOf(record, subject, meaning.action, context.fingerprinter);
  const granted = meaning.action === 'grant' && type.includes('consent') ? shownText(clientGranted(record)) : undefined;
  const { actor } = parties;
  const attributes = attributesOf(record, client, security, [actor, actorChain]);
  if (meaning.action === 'grant') attributes.add('scopes', scopesGranted(record));
  const principal =
    parties.principal?.kind !== 'user' || granted === undefined
      ? parties.principal
      : { client_id: granted, ...parties.principal };
  return ok({
    id: readText(record, 'uuid'),
    timeMs,
    recordType: type,
    action: credential.acting === true ? actionOfActing(meaning.action, 'issuer') : meaning.action,
    outcome,
    reason,
    detail: outcome === 'success' ? [] : [words],
    token,
    principal,
    address: readText(client, 'ipAddress'),
    geo: placeOf(client, security),
    userAgent: digText(client, 'userAgent', 'rawUserAgent'),
    target: { service: appOf(record) ?? product, method: type },
    sessionId: sessionOf(record),
    requestId: readText(debug, 'requestId') ?? known(digText(record, 'transaction', 'id')),
    traceId: readText(debug, 'traceId'),
    attributes,
  });
}

/** Okta System Log: API answers, log streams, event hooks. */
export const oktaFactory = auditSourceFactory<OktaOptions>({
  product,
  kind: 'issuer',
  envelope: {
    lists: ['events', 'records'],
    // An event hook wraps `{"data": {"events": […]}}`; EventBridge streams put the event into `detail`.
    inner: ['data', 'detail', 'event', 'message'],
    isRecord: (object) => readText(object, 'published') !== undefined && readValue(object, 'actor') !== undefined,
  },
  options: optionsSchema,
  read,
  recognise: (record) =>
    readText(record, 'eventType') !== undefined &&
    readText(record, 'published') !== undefined &&
    readObject(record, 'actor') !== undefined
      ? { confidence: 1, reason: 'eventType, published and actor of an Okta System Log event' }
      : undefined,
});
