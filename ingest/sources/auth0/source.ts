import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { PrincipalFacts } from '../../event/token-event.js';
import { actionOfActing } from '../shared/acting.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { AttributeList } from '../shared/facts.js';
import { digText, type JsonObject, readCount, readObject, readText, readValue } from '../shared/json-reader.js';
import { auditPrincipal } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError } from '../source.js';
import { actionOfCall } from './api-calls.js';
import { meaningOfCode } from './log-types.js';
import { reasonOfWords } from './reasons.js';
import { issuerOf, readAuth0Token } from './token.js';

const product = 'auth0';
const mend = 'Send tenant logs as Auth0 streams or answers them, one JSON object each.';

const optionsSchema = z.strictObject({
  issuer: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe('`iss` of the tenant’s tokens with its slash, where a custom domain makes it differ from `hostname`.'),
});
type Auth0Options = z.output<typeof optionsSchema>;

/** Codes and messages of a failure; `details.body`, `qs` and `query` stay unread, since they hold what users typed. */
function detailOf(record: JsonObject): readonly (string | undefined)[] {
  const details = readObject(record, 'details') ?? {};
  const error = readObject(details, 'error') ?? {};
  return [
    readText(error, 'oauthError') ??
      readText(error, 'type') ??
      readText(details, 'failure_reason') ??
      readText(details, 'error'),
    readText(record, 'description') ?? readText(error, 'message'),
  ];
}

function principalOf(record: JsonObject, issuer: string | undefined, fp: Fingerprinter): PrincipalFacts | undefined {
  // Management API calls name the administrator beside the credential.
  const by =
    readObject(readObject(readObject(readObject(record, 'details') ?? {}, 'request') ?? {}, 'auth') ?? {}, 'user') ??
    {};
  const user = readText(record, 'user_id') ?? readText(by, 'user_id');
  const name =
    readText(record, 'user_name') ??
    (user === readText(by, 'user_id') ? (readText(by, 'email') ?? readText(by, 'name')) : undefined);
  const clientId = readText(record, 'client_id');
  const under = issuer ?? readText(record, 'tenant_name') ?? product;
  if (user !== undefined || name !== undefined) {
    const isMachine = user?.endsWith('@clients') === true;
    return auditPrincipal(
      {
        kind: isMachine ? 'client' : 'user',
        issuer: under,
        id: user ?? name ?? '',
        name,
        clientId,
      },
      fp,
    );
  }
  if (clientId === undefined) return undefined;
  // RFC 9068 §5: the subject of client credentials is the client; Auth0 writes `<client>@clients` into the token.
  const id = `${clientId}@clients`;
  return auditPrincipal({ kind: 'client', issuer: under, id, name: readText(record, 'client_name'), clientId }, fp);
}

function attributesOf(record: JsonObject): AttributeList {
  const attributes = new AttributeList();
  const details = readObject(record, 'details') ?? {};
  for (const name of [
    'tenant_name',
    'client_name',
    'connection',
    'strategy',
    'organization_id',
    'is_mobile',
    'agent_id',
  ] as const)
    attributes.add(name, readText(record, name));
  attributes.add('ja3', digText(record, 'security_context', 'ja3'));
  attributes.add('ja4', digText(record, 'security_context', 'ja4'));
  for (const name of [
    'grant_type',
    'familyId',
    'tokenCounter',
    'latestCounter',
    'policy_used',
    'initiated_by',
    'subject_token_type',
    'token_endpoint_auth_method',
    'flow',
  ] as const)
    attributes.add(name, readText(details, name));
  attributes.add('risk_confidence', digText(details, 'riskAssessment', 'confidence'));
  attributes.add('refresh_token_access', digText(details, 'refresh_token', 'access'));
  return attributes;
}

function read(record: JsonObject, context: ParseContext, options: Auth0Options): Result<AuditRecord, ParseError> {
  const type = readText(record, 'type');
  if (type === undefined) return refuse(product, '/type', 'The record has no type.', mend);
  const timeMs = readMoment(record, 'date');
  if (timeMs === undefined) return refuse(product, '/date', 'The record has no date that is a time.', mend);
  const meaning = meaningOfCode(type);
  const outcome = meaning.outcome ?? 'unknown';
  const detail = detailOf(record);
  const issuer = issuerOf(record, options.issuer);
  const details = readObject(record, 'details') ?? {};
  const request = readObject(details, 'request') ?? {};
  const isFailure = outcome === 'failure';
  const agent = readText(record, 'user_agent');
  const path = readText(request, 'path')?.split('?', 1)[0];
  // `sapi` and `fapi` are all calls of the Management API; what was called tells what was done.
  const isCall = type === 'sapi' || type === 'fapi';
  const done = (isCall ? actionOfCall(readText(request, 'method'), path) : undefined) ?? meaning.action;
  const { token, acting } = readAuth0Token(record, options.issuer, context.fingerprinter);
  return ok({
    id: readText(record, 'log_id') ?? readText(record, '_id'),
    timeMs,
    recordType: type,
    action: acting === true ? actionOfActing(done, 'issuer') : done,
    outcome,
    reason: meaning.reason ?? (isFailure ? (reasonOfWords(detail.join(' ')) ?? 'other') : undefined),
    detail: isFailure ? detail : [],
    token,
    principal: principalOf(record, issuer, context.fingerprinter),
    address: readText(record, 'ip') ?? readText(record, 'client_ip'),
    userAgent: agent === 'unknown' ? undefined : agent,
    target: {
      service: product,
      address: readText(record, 'hostname'),
      method: readText(request, 'method')?.toUpperCase() ?? type,
      path,
      status: readCount(readObject(details, 'response') ?? {}, 'statusCode'),
    },
    sessionId: readText(details, 'session_id') ?? digText(details, 'refresh_token', 'session_id'),
    requestId: digText(record, 'references', 'correlation_id') ?? readText(details, 'transaction_id'),
    traceId: digText(record, 'references', 'trace_id'),
    attributes: attributesOf(record),
  });
}

/** Auth0 tenant logs: log streams, Management API answers. */
export const auth0Factory = auditSourceFactory<Auth0Options>({
  product,
  kind: 'issuer',
  envelope: {
    lists: ['logs', 'records'],
    inner: ['data', 'detail', 'event'],
    isRecord: (object) => readText(object, 'type') !== undefined && readText(object, 'date') !== undefined,
  },
  options: optionsSchema,
  read,
  recognise(record) {
    if (readText(record, 'type') === undefined || readText(record, 'date') === undefined) return undefined;
    const hasMark = ['log_id', 'tenant_name', '$event_schema', 'client_name'].some(
      (name) => readValue(record, name) !== undefined,
    );
    return hasMark
      ? { confidence: 1, reason: 'type and date beside log_id or tenant_name, as Auth0 logs have them' }
      : undefined;
  },
});
