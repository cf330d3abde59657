import { z } from 'zod';
import { TrustedRanges } from '../../core/address-ranges.js';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { parseAuthorization } from '../../event/authorization.js';
import { describeCredential, type CredentialFacts } from '../../event/token-facts.js';
import type { Action, PrincipalFacts } from '../../event/token-event.js';
import { trustedOption } from '../shared/access-source.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { clientOfForwarded, parseIpAddress } from '../shared/client-address.js';
import type { EventMeaning } from '../shared/event-meanings.js';
import { AttributeList, compact, saneTime } from '../shared/facts.js';
import {
  digText,
  type JsonObject,
  readCount,
  readNumber,
  readObject,
  readText,
  readTexts,
} from '../shared/json-reader.js';
import { readMoment } from '../shared/moment.js';
import { auditPrincipal } from '../shared/names.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError } from '../source.js';
import { readAttributes } from './attributes.js';
import { endpointOf, eventMeanings } from './meanings.js';
import { isReuse, reasonOfCode, reasonOfStatus } from './reasons.js';

const product = 'hydra';
const mend = 'Send Hydra’s log with log.format: json, or the events of its traces.';

const optionsSchema = z.strictObject({
  issuer: z
    .url()
    .optional()
    .describe('`urls.self.issuer`: the `iss` of the tokens, so that principals are those that a proxy sees.'),
  trusted_proxies: trustedOption
    .transform((ranges) => new TrustedRanges(ranges))
    .describe(trustedOption.description ?? ''),
});
type HydraOptions = z.output<typeof optionsSchema>;

function clientAddress(request: JsonObject, headers: JsonObject, trusted: TrustedRanges): string | undefined {
  const peer = readText(request, 'remote');
  const forwarded = readText(headers, 'x-forwarded-for');
  const own = peer === undefined ? undefined : parseIpAddress(peer);
  if (forwarded === undefined || (own !== undefined && !trusted.has(own.address))) return peer;
  return clientOfForwarded(forwarded, trusted)?.address ?? peer;
}

const clientPrincipal = (
  clientId: string | undefined,
  issuer: string,
  { fingerprinter: fp }: ParseContext,
): PrincipalFacts | undefined => auditPrincipal({ kind: 'client', issuer, id: clientId, clientId }, fp);

/** The Authorization header stands in the log only with `log.leak_sensitive_values`. */
function presented(headers: JsonObject, issuer: string, context: ParseContext): Partial<CredentialFacts> | undefined {
  const header = readTexts(headers, 'authorization')?.[0];
  if (header === undefined || !/^(?:bearer|basic|dpop)\s/i.test(header)) return undefined;
  const { scheme, secret, user } = parseAuthorization(header);
  if (scheme === 'basic') return compact({ principal: clientPrincipal(user, issuer, context) });
  return secret === undefined ? {} : describeCredential(secret, context.fingerprinter, { kind: 'access_token' });
}

/** A line of the request log, or of an error; undefined where another line of the same request tells more. */
function readLine(
  record: JsonObject,
  timeMs: number,
  context: ParseContext,
  options: HydraOptions,
): AuditRecord | undefined {
  const request = readObject(record, 'http_request') ?? {};
  const response = readObject(record, 'http_response') ?? {};
  const error = readObject(record, 'error');
  const method = readText(request, 'method')?.toUpperCase() ?? '';
  const path = readText(request, 'path')?.split('?', 1)[0] ?? '';
  const endpoint = endpointOf(path, method);
  if (endpoint === undefined) return undefined;
  const status = readCount(response, 'status') ?? readCount(response, 'status_code') ?? readCount(error ?? {}, 'status_code');
  const isCompleted = readText(record, 'msg') === 'completed handling request';
  // Begun requests are told when they are over, and refused ones by the error that Hydra logs beside them.
  if (error === undefined && (!isCompleted || (status ?? 0) >= 400)) return undefined;
  // Where Hydra logs an OAuth error twice, by the handler and by the HTTP writer, the handler's is the one.
  const isWriters = readText(record, 'msg') === 'An error occurred while handling a request';
  if (error !== undefined && endpoint.isOAuth === true && isWriters) return undefined;
  const headers = readObject(request, 'headers') ?? {};
  const code = readText(error ?? {}, 'message');
  const hint = readText(error ?? {}, 'reason');
  const isPending = code === 'authorization_pending';
  const outcome = error === undefined ? (endpoint.outcome ?? 'success') : isPending ? 'unknown' : 'failure';
  const credential = presented(headers, options.issuer ?? `hydra:${context.instance}`, context);
  const attributes = new AttributeList();
  attributes.add('service_version', readText(record, 'service_version'));
  const took = readNumber(response, 'took');
  return {
    id: undefined,
    timeMs,
    recordType: `${method} ${endpoint.action === 'other' ? 'other' : path.replace(/\/(clients|keys|register)\/.*/, '/$1/{id}')}`,
    action: endpoint.action,
    outcome,
    reason:
      error === undefined
        ? endpoint.reason
        : isPending
          ? undefined
          : isReuse(hint)
            ? 'token_reuse'
            : (reasonOfCode(code) ?? reasonOfStatus(status)),
    detail: error === undefined ? [] : [code, hint],
    // A client that asks for a token presents its own credential, which is not the event's.
    token: endpoint.action === 'use' ? credential?.token : undefined,
    principal: credential?.principal,
    address: clientAddress(request, headers, options.trusted_proxies),
    userAgent: readTexts(headers, 'user-agent')?.[0],
    target: {
      service: product,
      address: readText(request, 'host'),
      method: method === '' ? undefined : method,
      path: path === '' ? undefined : path,
      status,
      // Go's time.Duration: nanoseconds.
      durationMs: took === undefined ? undefined : took / 1e6,
    },
    traceId: digText(record, 'otel', 'trace_id'),
    requestId: readTexts(headers, 'x-request-id')?.[0],
    transport: readText(request, 'scheme') === 'https' ? 'tls' : readText(request, 'scheme') === 'http' ? 'plaintext' : undefined,
    exposures: credential === undefined ? undefined : ['token_in_log'],
    attributes,
  };
} // prettier-ignore

const grantActions: ReadonlyMap<string, Action> = new Map([
  ['refresh_token', 'refresh'],
  ['urn:ietf:params:oauth:grant-type:token-exchange', 'exchange'],
]);

function timeOfEvent(record: JsonObject): number | undefined {
  const nanos = readText(record, 'timeUnixNano');
  if (nanos !== undefined && /^\d{16,20}$/.test(nanos)) return saneTime(Number(nanos.slice(0, -6)));
  return readMoment(record, 'timestamp') ?? readMoment(record, 'time');
}

function readEvent(record: JsonObject, name: string, timeMs: number, context: ParseContext, options: HydraOptions): AuditRecord {
  const meaning: EventMeaning = eventMeanings.get(name) ?? { action: 'other' };
  const told = readAttributes(record);
  const issuer = options.issuer ?? `hydra:${context.instance}`;
  const clientId = told.get('OAuth2ClientID');
  const subject = told.get('OAuth2Subject');
  const grant = told.get('OAuth2GrantType');
  const outcome = meaning.outcome ?? 'unknown';
  const isUser = subject !== undefined && subject !== clientId && grant !== 'client_credentials';
  const detail = told.get('ErrorReason');
  const attributes = new AttributeList();
  attributes.add('grant_type', grant);
  attributes.add('token_format', told.get('OAuth2TokenFormat'));
  attributes.add('client_name', told.get('OAuth2ClientName'));
  attributes.add('consent_request_id', told.get('OAuth2ConsentRequestID'));
  attributes.add('project_id', told.get('ProjectID'));
  return {
    id: readText(record, 'id'),
    timeMs,
    recordType: name,
    action: meaning.action === 'issue' ? (grantActions.get(grant ?? '') ?? 'issue') : meaning.action,
    outcome,
    reason: outcome === 'failure' ? (meaning.reason ?? (isReuse(detail) ? 'token_reuse' : (reasonOfCode(detail) ?? 'other'))) : undefined,
    detail: outcome === 'failure' ? [detail] : [],
    principal: isUser
      ? auditPrincipal({ kind: 'user', issuer, id: subject, clientId }, context.fingerprinter)
      : clientPrincipal(clientId, issuer, context),
    address: told.get('ClientIP'),
    geo: {
      country: told.get('GeoLocationCountry'),
      city: told.get('GeoLocationCity'),
      latitude: numberOf(told.get('GeoLocationLatitude')),
      longitude: numberOf(told.get('GeoLocationLongitude')),
    },
    target: { service: product },
    traceId: readText(record, 'traceId'),
    attributes,
  };
} // prettier-ignore

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined || !/^-?\d{1,3}(?:\.\d{1,12})?$/.test(text) ? undefined : Number(text);

function read(record: JsonObject, context: ParseContext, options: HydraOptions): Result<AuditRecord | undefined, ParseError> {
  const name = readText(record, 'name');
  if (name !== undefined && readText(record, 'msg') === undefined) {
    const timeMs = timeOfEvent(record);
    if (timeMs === undefined) return refuse(product, '/timestamp', 'The event has no timestamp that is a time.', mend);
    return ok(readEvent(record, name, timeMs, context, options));
  }
  if (readText(record, 'msg') === undefined) return refuse(product, '/msg', 'The record has no msg.', mend);
  if (readObject(record, 'http_request') === undefined) return ok(undefined);
  const timeMs = readMoment(record, 'time');
  if (timeMs === undefined) return refuse(product, '/time', 'The record has no time with a zone.', mend);
  return ok(readLine(record, timeMs, context, options));
} // prettier-ignore

const eventName = /^(?:OAuth2|OIDC)[A-Za-z0-9]{1,64}$/;

/** Spans and other nodes of an OTLP trace that hold no event of Hydra. */
const isTrace = (object: JsonObject): boolean =>
  ['spanId', 'spans', 'scope', 'timeUnixNano'].some((key) => Object.hasOwn(object, key)) &&
  !['events', 'spans', 'scopeSpans'].some((key) => Array.isArray(object[key])) &&
  !eventName.test(readText(object, 'name') ?? '');

/** Ory Hydra: its JSON log, the events of its traces, Ory Network's project events. */
export const hydraFactory = auditSourceFactory<HydraOptions>({
  product,
  kind: 'issuer',
  envelope: {
    lists: ['resourceSpans', 'scopeSpans', 'spans', 'events'],
    inner: ['log', 'message', 'data'],
    isRecord: (object) =>
      readText(object, 'msg') !== undefined ||
      (readText(object, 'name') !== undefined && !['events', 'spanId'].some((key) => Object.hasOwn(object, key))),
    isOther: isTrace,
  },
  options: optionsSchema,
  read,
  recognise(record) {
    const isLine = readText(record, 'msg') !== undefined && readText(record, 'service_name') === 'Ory Hydra';
    const isEvent = eventName.test(readText(record, 'name') ?? '') && Object.hasOwn(record, 'attributes');
    if (isLine) return { confidence: 1, reason: 'service_name Ory Hydra' };
    return isEvent ? { confidence: 1, reason: 'an event of Ory’s OAuth 2.0 server with attributes' } : undefined;
  },
});
