import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { Action, PrincipalFacts, Reason, TokenFacts } from '../../event/token-event.js';
import { actionOfActing } from '../shared/acting.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { AttributeList } from '../shared/facts.js';
import {
  digText,
  isObject,
  type JsonObject,
  readCount,
  readObject,
  readText,
  readTexts,
  readValue,
} from '../shared/json-reader.js';
import { auditPrincipal } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError } from '../source.js';
import { actionOfCall, pathOf } from './api-calls.js';
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
      readText(error, 'code') ??
      readText(details, 'failure_reason') ??
      readText(details, 'error') ??
      digText(details, 'failure_details', 'errorCode') ??
      clientErrorOf(details),
    readText(record, 'description') ??
      readText(error, 'message') ??
      readText(error, 'detail') ??
      readText(error, 'reason') ??
      digText(details, 'failure_details', 'message'),
  ];
}

/** Why the client itself was refused; the schema of `feccft` spells it wrong. */
const clientErrorOf = (details: JsonObject): string | undefined =>
  readText(details, 'client_authentication_error') ?? readText(details, 'client_authentoication_error');

const assessments = [
  ['risk_new_device', 'NewDevice'],
  ['risk_impossible_travel', 'ImpossibleTravel'],
  ['risk_untrusted_ip', 'UntrustedIP'],
] as const;

/** RFC 8176 `amr` of all prompts of a sign-in. */
function performedMethods(details: JsonObject): string | undefined {
  const prompts = readValue(details, 'prompts');
  if (!Array.isArray(prompts)) return undefined;
  const methods = (prompts.slice(0, 16) as unknown[]).flatMap((prompt) =>
    isObject(prompt) ? (readTexts(prompt, 'performed_amr') ?? []).slice(0, 16) : [],
  );
  return methods.length === 0 ? undefined : [...new Set(methods)].join(' ');
}

/** Who acts for the subject of a delegation or an exchange, the nearest first (RFC 8693 §4.1). */
function actorChainOf(details: JsonObject): string | undefined {
  const subjects: string[] = [];
  let actor = readObject(details, 'actor');
  while (actor !== undefined && subjects.length < 8) {
    const subject = readText(actor, 'sub');
    if (subject !== undefined) subjects.push(subject);
    actor = readObject(actor, 'act');
  }
  return subjects.length === 0 ? undefined : subjects.join(' ');
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

function attributesOf(record: JsonObject, actor: string | undefined, token: TokenFacts | undefined): AttributeList {
  const attributes = new AttributeList();
  attributes.add('actor', actor);
  const details = readObject(record, 'details') ?? {};
  for (const name of [
    'tenant_name',
    'client_name',
    'connection',
    'connection_id',
    'strategy',
    'organization_id',
    'is_mobile',
    'agent_id',
    'external_agent_id',
    'identity_user_id',
    'environment_name',
  ] as const)
    attributes.add(name, readText(record, name));
  // What no token of the event tells.
  if (token?.audience === undefined) attributes.add('audience', readTexts(record, 'audience')?.join(' '));
  if (token?.scopes === undefined)
    attributes.add('scope', (readTexts(record, 'scope') ?? readTexts(details, 'scope'))?.join(' '));
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
    'token_endpoint_auth_signing_kid',
    'flow',
    'requested_client_id',
    'requested_token_type',
    'issued_token_type',
    'token_thumbprint',
    'saml_certificate_thumbprint',
    'triggered_by_session_transfer_token',
    'initiator',
    'operation',
    'authentication_method',
    'authentication_method_id',
    'device_id',
    'reason',
    'resource',
    'removedCount',
    'accessedSecrets',
    'enterprise_connection',
    'state',
  ] as const)
    attributes.add(name, readTexts(details, name)?.join(' '));
  attributes.add('actor_chain', actorChainOf(details));
  attributes.add('authenticator_type', digText(details, 'authenticator', 'type'));
  attributes.add('connected_account', digText(details, 'connected_account', 'id'));
  attributes.add('invitation', digText(details, 'invitation', 'id'));
  // `mfar` has them beside the assessment's own members.
  const risk = readObject(details, 'riskAssessment') ?? details;
  attributes.add('risk_confidence', readText(risk, 'confidence'));
  for (const [key, name] of assessments) attributes.add(key, digText(risk, 'assessments', name, 'confidence'));
  attributes.add('amr', performedMethods(details));
  attributes.add('refresh_token_access', digText(details, 'refresh_token', 'access'));
  return attributes;
}

/** What was done with a factor in the My Account API, where the record says so. */
function operationOf(type: string, details: JsonObject): Action | undefined {
  if (!type.startsWith('my_account_authentication_method_')) return undefined;
  const operation = readText(details, 'operation') ?? '';
  if (/^(?:create|enroll|add)/i.test(operation)) return 'create';
  return /^(?:delete|remove)/i.test(operation) ? 'delete' : undefined;
}

function reasonOf(details: JsonObject, detail: readonly (string | undefined)[]): Reason {
  if (clientErrorOf(details) !== undefined) return 'invalid_client';
  return reasonOfWords(detail.filter((part) => part !== undefined).join(' ')) ?? 'other';
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
  const path = pathOf(request);
  // `sapi` and `fapi` are all calls of the Management API; what was called tells what was done.
  const isCall = type === 'sapi' || type === 'fapi';
  const done =
    (isCall ? actionOfCall(readText(request, 'method'), path) : operationOf(type, details)) ?? meaning.action;
  const began = (done === 'login' || done === 'logout') && outcome === 'success';
  const { token, acting, ended } = readAuth0Token(record, began, options.issuer, context.fingerprinter);
  const principal = principalOf(record, issuer, context.fingerprinter);
  return ok({
    id: readText(record, 'log_id') ?? readText(record, '_id'),
    timeMs,
    recordType: type,
    action: acting === true ? actionOfActing(done, 'issuer') : done,
    outcome,
    reason: meaning.reason ?? (isFailure ? reasonOf(details, detail) : undefined),
    detail: isFailure ? detail : [],
    token,
    // Whose session or refresh token it was the call does not say; who ended it never becomes its owner.
    principal: ended === true ? undefined : principal,
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
    attributes: attributesOf(record, ended === true ? principal?.principal_uid : undefined, token),
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
