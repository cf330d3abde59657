import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { PrincipalFacts } from '../../event/token-event.js';
import { actionOfActing } from '../shared/acting.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { AttributeList } from '../shared/facts.js';
import { httpOutcome } from '../shared/http-outcome.js';
import {
  digText,
  type JsonObject,
  readBoolean,
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
import { meaningOfAction } from './actions.js';
import { type GithubToken, idOf, readGithubToken } from './token.js';
import { auditRecordOf, isWebhook } from './webhook.js';

const product = 'github';
const mend = 'Send audit log records as GitHub streams or exports them, one JSON object each.';

/** Git events of deploy keys and of GitHub itself have no actor, or an empty user. */
function actorOf(record: JsonObject, fp: Fingerprinter): PrincipalFacts | undefined {
  const name = readText(record, 'actor') ?? readText(record, 'user');
  const id = name ?? idOf(record, 'actor_id') ?? idOf(record, 'user_id');
  if (id === undefined) return undefined;
  const isBot = readBoolean(record, 'actor_is_bot') === true || id.endsWith('[bot]');
  const deployKey = id === 'deploy_key';
  const kind = isBot ? 'service_account' : deployKey ? 'unknown' : 'user';
  // All deploy keys have this one name; each belongs to a repository.
  const repository = deployKey ? (readText(record, 'repository') ?? readText(record, 'repo')) : undefined;
  const own = repository === undefined ? id : `${id}:${repository}`;
  return auditPrincipal({ kind, issuer: product, id: own, name }, fp);
}

/** Whose token it is, where the record is about the token of another than the actor. */
function ownerOf(record: JsonObject, named: GithubToken | undefined, fp: Fingerprinter): PrincipalFacts | undefined {
  const user = readText(record, 'user');
  if (named?.acting !== false || user === undefined || user === readText(record, 'actor')) return undefined;
  const kind = user.endsWith('[bot]') ? 'service_account' : 'user';
  return auditPrincipal({ kind, issuer: product, id: user, name: user }, fp);
}

const keptFields: ReadonlySet<string> = new Set([
  'actor_id', 'actor_is_agent', 'external_identity_nameid', 'external_identity_username', 'operation_type', 'org', 'business',
  'repository', 'repo', 'repository_public', 'team', 'permission', 'old_permission', 'visibility', 'previous_visibility',
  'name', 'key_id', 'fingerprint', 'title', 'read_only', 'oauth_application', 'oauth_application_id', 'integration',
  'application_client_id', 'programmatic_access_type', 'transport_protocol_name', 'repository_selection', 'rate_limit_remaining',
  'user_programmatic_access_id', 'user_programmatic_access_request_id', 'requester', 'oauth_application_name', 'oauth_credential_type',
  'explanation', 'request_access_security_header', 'deploy_key_fingerprint', 'nickname', 'passkey_nickname', 'two_factor_method',
  'secrets_passed', 'environment_name', 'manager', 'invitee', 'blocked_user', 'collaborator', 'organization_role_name',
  'enterprise_role_name', 'external_group', 'scim_user_id', 'scim_group_id', 'issuer', 'old_policy', 'new_policy', 'token_expiration',
  'old_token_expiration', 'ip_allow_list_entry', 'active', 'audit_log_stream_sink', 'audit_log_stream_enabled', 'hook_id',
]); // prettier-ignore

/** `key` is the name of a secret here, and the text of a public key elsewhere. */
const secretNamed = /_secret$/;

function attributesOf(record: JsonObject, action: string, parties: readonly (string | undefined)[]): AttributeList {
  const attributes = new AttributeList();
  const [subject, actor, actorToken] = parties;
  attributes.add('subject_user', subject);
  attributes.add('actor', actor);
  attributes.add('actor_token', actorToken);
  if (secretNamed.test(action)) attributes.add('secret_name', readText(record, 'key'));
  for (const name of Object.keys(record))
    if (keptFields.has(name)) attributes.add(name, readTexts(record, name)?.join(' '));
  return attributes;
}

/** An export of the web interface has what is the action's own in `data`; REST answers and streams have it beside the rest. */
function flat(record: JsonObject): JsonObject {
  const own = readObject(record, 'data');
  return own === undefined ? record : { ...own, ...record };
}

function read(record: JsonObject, context: ParseContext): Result<AuditRecord | undefined, ParseError> {
  if (!isWebhook(record)) return readAudit(flat(record), context);
  const told = auditRecordOf(record);
  return told === undefined ? ok(undefined) : readAudit(told, context);
}

function readAudit(record: JsonObject, { fingerprinter }: ParseContext): Result<AuditRecord, ParseError> {
  const action = readText(record, 'action');
  if (action === undefined) return refuse(product, '/action', 'The record has no action.', mend);
  const timeMs = readMoment(record, '@timestamp') ?? readMoment(record, 'created_at');
  if (timeMs === undefined) {
    return refuse(product, '/@timestamp', 'The record has neither @timestamp nor created_at that is a time.', mend);
  }
  const named = readGithubToken(record, action, fingerprinter);
  const meaning = meaningOfAction(action, named !== undefined);
  const status = readCount(record, 'status_code');
  const told = status === undefined ? undefined : httpOutcome(status, true);
  const repository = readText(record, 'repository') ?? readText(record, 'repo');
  const urlPath = readText(record, 'url_path');
  const user = readText(record, 'user');
  const isUse = meaning.action === 'use';
  const actor = actorOf(record, fingerprinter);
  const owner = ownerOf(record, named, fingerprinter);
  const subject = owner === undefined && user !== readText(record, 'actor') ? user : undefined;
  return ok({
    id: readText(record, '_document_id'),
    timeMs,
    recordType: action,
    action: named?.acting === true ? actionOfActing(meaning.action, 'issuer') : meaning.action,
    outcome: meaning.outcome ?? told?.outcome ?? 'success',
    reason: meaning.reason ?? told?.reason,
    detail: [readText(record, 'reason'), readText(record, 'message')],
    token: named?.token,
    principal: owner ?? actor,
    address: readText(record, 'actor_ip'),
    geo: { country: digText(record, 'actor_location', 'country_code') },
    userAgent: readText(record, 'user_agent'),
    target: {
      service: product,
      namespace: readText(record, 'org') ?? readText(record, 'business'),
      method: readText(record, 'request_method') ?? action,
      path: urlPath?.split('?', 1)[0] ?? (isUse && repository !== undefined ? `/${repository}` : undefined),
      route: readText(record, 'route') ?? (isUse && repository !== undefined ? '/{owner}/{repo}' : undefined),
      status,
    },
    requestId: readText(record, 'request_id'),
    exposures: named?.exposed === true ? ['token_in_log'] : undefined,
    attributes: attributesOf(record, action, [subject, owner && actor?.principal_uid, named?.actorToken]),
  });
}

/** The audit log of organisations and enterprises: REST answers, exports, streams; deliveries of webhooks. */
export const githubFactory = auditSourceFactory({
  product,
  kind: 'issuer',
  envelope: {
    lists: ['audit_log', 'records', 'events'],
    inner: ['event', 'detail', 'message', 'data'],
    isRecord: (object) => readText(object, 'action') !== undefined && readValue(object, 'event') === undefined,
  },
  options: z.strictObject({}),
  read,
  recognise(record) {
    if (isWebhook(record)) return { confidence: 1, reason: 'a delivery of a GitHub webhook, as the receiver wraps it' };
    const action = readText(record, 'action');
    if (action === undefined || !/^[a-z_]{2,96}(?:\.[a-z_]{2,96}){1,2}$/.test(action)) return undefined;
    const hasMark = readValue(record, '_document_id') !== undefined || readValue(record, 'actor_ip') !== undefined;
    const hasTime = readValue(record, '@timestamp') !== undefined || readValue(record, 'created_at') !== undefined;
    if (!hasTime) return undefined;
    return hasMark || readValue(record, 'hashed_token') !== undefined
      ? { confidence: 1, reason: 'an action of the form category.verb beside the fields of GitHub’s audit log' }
      : { confidence: 0.6, reason: 'an action of the form category.verb with a time' };
  },
});
