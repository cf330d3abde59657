import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { PrincipalFacts, TokenEvent } from '../../event/token-event.js';
import { type AuditRecord, buildAuditEvent } from '../shared/audit-event.js';
import { stripContainerPrefix } from '../shared/container-prefix.js';
import type { EventMeaning } from '../shared/event-meanings.js';
import { AttributeList } from '../shared/facts.js';
import { isObject, type JsonObject, parseJsonObject, readNumber, readText } from '../shared/json-reader.js';
import { readLogfmt } from '../shared/logfmt.js';
import { readMoment } from '../shared/moment.js';
import { auditPrincipal } from '../shared/names.js';
import { refuseOptions } from '../shared/no-options.js';
import { refuse } from '../shared/refuse.js';
import { reasonOfRpcCode } from '../shared/rpc-code.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { aboutAnother, agentMessages, serverMethods } from './methods.js';

const product = 'spire';
const origin = { product, kind: 'issuer' } as const;
const mend = 'Send the log of SPIRE Server or Agent as it is written to a file: log_format json or text.';

/** Fields of the request that tell what was asked for. */
const kept = [
  'entry_id', 'parent_id', 'selectors', 'audience', 'ttl', 'expires_at', 'csr', 'dns_name', 'subject', 'hint', 'admin', 'downstream',
  'federates_with', 'node_attestor_type', 'agent_version', 'trust_domain_id', 'local_authority_id', 'subject_key_id', 'jwt_authority_key_id',
  'mode', 'caller_path', 'pid', 'authorized_as', 'authorized_via',
] as const; // prettier-ignore

function readLine(raw: string): Result<JsonObject, ParseError> {
  const line = stripContainerPrefix(raw).trim();
  if (line.startsWith('{')) return parseJsonObject(line, product);
  const read = readLogfmt(line);
  if ('values' in read && Object.keys(read.values).length > 0) return ok(read.values);
  const { field, position } = 'fault' in read ? read.fault : { field: '', position: 0 };
  return refuse(product, field === '' ? '' : `/${field}`, 'The line is no record of logrus.', mend, position);
}

/** A SPIFFE id is unique by itself: it carries its trust domain. */
const workload = (id: string | undefined, fp: Fingerprinter): PrincipalFacts | undefined =>
  id === undefined ? undefined : auditPrincipal({ kind: 'workload', issuer: undefined, id, name: undefined }, fp);

/** Who called: by SVID over TLS, or by user id over the server's socket. */
function callerOf(record: JsonObject, { instance, fingerprinter: fp }: ParseContext): PrincipalFacts | undefined {
  const id = readText(record, 'caller_id');
  if (id !== undefined) return workload(id, fp);
  const uid = readText(record, 'caller_uid') ?? readText(record, 'caller_user_sid');
  if (uid === undefined) return undefined;
  const name = readText(record, 'caller_path');
  return auditPrincipal({ kind: 'unknown', issuer: `spire:${instance}`, id: `uid:${uid}`, name }, fp);
}

function attributesOf(record: JsonObject): AttributeList {
  const attributes = new AttributeList();
  for (const name of kept) attributes.add(name, readText(record, name));
  return attributes;
}

/** A call of the server's API: the audit record, or the refusal of a caller, which comes before any audit record. */
function serverCall(record: JsonObject, timeMs: number, context: ParseContext): AuditRecord {
  const { fingerprinter: fp } = context;
  const method = readText(record, 'method');
  const recordType = `${readText(record, 'service') ?? ''}/${method ?? ''}`;
  const meaning: EventMeaning = serverMethods.get(recordType) ?? { action: 'other' };
  const isRefused = readText(record, 'type') !== 'audit';
  const status = readText(record, 'status');
  const outcome = isRefused || status === 'error' ? 'failure' : status === 'success' ? 'success' : 'unknown';
  const caller = callerOf(record, context);
  const attributes = attributesOf(record);
  const subject = readText(record, 'spiffe_id') ?? readText(record, 'agent_id');
  // Nobody becomes the owner of what they made for somebody else; a refusal is of the one who asked.
  const isAboutAnother = aboutAnother.has(recordType) && outcome !== 'failure';
  if (isAboutAnother) attributes.add('actor', caller?.principal_uid);
  else attributes.add('spiffe_id', subject);
  const code = readText(record, 'status_code');
  const callerId = readText(record, 'caller_id');
  const address = readText(record, 'caller_addr');
  return {
    id: undefined,
    timeMs,
    recordType,
    action: meaning.action,
    outcome,
    reason: isRefused ? 'access_denied' : code === undefined ? 'other' : (reasonOfRpcCode(code) ?? 'other'),
    detail: isRefused ? [readText(record, 'error')] : [readText(record, 'status_message')],
    principal: isAboutAnother ? workload(subject, fp) : caller,
    address,
    callerSpiffeId: callerId,
    target: { service: 'spire-server', method },
    requestId: readText(record, 'request_id'),
    transport: callerId !== undefined ? 'mtls' : address !== undefined ? 'tls' : undefined,
    attributes,
  };
}

function agentCall(record: JsonObject, meaning: EventMeaning, timeMs: number, context: ParseContext): AuditRecord {
  const method = readText(record, 'method');
  const id = readText(record, 'spiffe_id');
  const attributes = attributesOf(record);
  attributes.add('registered', readText(record, 'registered'));
  const ttl = readNumber(record, 'ttl');
  if (ttl !== undefined && ttl >= 0 && ttl < 1e10) attributes.add('svid_expires_in_s', Math.round(ttl));
  return {
    id: undefined,
    timeMs,
    recordType: `${readText(record, 'service') ?? ''}/${method ?? ''}: ${readText(record, 'msg') ?? ''}`,
    action: meaning.action,
    outcome: meaning.outcome ?? 'unknown',
    reason: meaning.reason,
    detail: meaning.outcome === 'failure' ? [readText(record, 'error') ?? readText(record, 'msg')] : [],
    principal: workload(id, context.fingerprinter),
    target: { service: 'spire-agent', method },
    attributes,
  };
}

function parse(raw: string, context: ParseContext): Result<readonly TokenEvent[], ParseError> {
  const read = readLine(raw);
  if (!read.ok) return read;
  const record = read.value;
  const message = readText(record, 'msg');
  if (message === undefined) return refuse(product, '/msg', 'The record has no msg.', mend);
  const hasMethod = readText(record, 'method') !== undefined && readText(record, 'service') !== undefined;
  const isServer = readText(record, 'type') === 'audit' || (hasMethod && message === 'Failed to authenticate caller');
  const meaning = hasMethod ? agentMessages.get(message) : undefined;
  if (!isServer && meaning === undefined) return ok([]);
  const timeMs = readMoment(record, 'time');
  if (timeMs === undefined) return refuse(product, '/time', 'The record has no time with a zone.', mend);
  const said =
    isServer || meaning === undefined
      ? serverCall(record, timeMs, context)
      : agentCall(record, meaning, timeMs, context);
  return ok([buildAuditEvent(said, origin, context, 0)]);
}

/** What gives a record away: audit records have all of these, agents' lines name their API. */
function isSpire(record: JsonObject): boolean {
  if (readText(record, 'msg') === undefined || readText(record, 'level') === undefined) return false;
  if (readText(record, 'type') === 'audit') return readText(record, 'method') !== undefined;
  const isAgent = /^(?:WorkloadAPI|SDS\.v3|DelegatedIdentity)$/.test(readText(record, 'service') ?? '');
  return isAgent || serverMethods.has(`${readText(record, 'service') ?? ''}/${readText(record, 'method') ?? ''}`);
}

function lineRecord(text: string): JsonObject | undefined {
  const read = text.startsWith('time=') ? readLogfmt(text) : undefined;
  return read !== undefined && 'values' in read ? read.values : undefined;
}

/** SPIRE Server's audit log and the calls that an agent logs (logrus, JSON or text). */
export const spireFactory: SourceFactory = {
  product,
  kinds: ['issuer'],
  variants: [],
  create(options): Source {
    refuseOptions(product, options);
    return { product, kind: 'issuer', framing: 'line', parse };
  },
  recognise({ text, json }) {
    const record = json === undefined ? lineRecord(text) : isObject(json) ? json : undefined;
    return record !== undefined && isSpire(record)
      ? { confidence: 1, reason: 'logrus record with service and method of SPIRE’s API' }
      : undefined;
  },
};
