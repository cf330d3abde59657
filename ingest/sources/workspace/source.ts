import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { canonical, tokenFromCanonical } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { Outcome, PrincipalFacts, Reason, TokenFacts } from '../../event/token-event.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { AttributeList } from '../shared/facts.js';
import {
  asNumber,
  digText,
  isObject,
  type JsonObject,
  readList,
  readObject,
  readText,
  readValue,
} from '../shared/json-reader.js';
import { auditPrincipal, joinAlias, joinAliases, scopeList, shownText } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError } from '../source.js';
import { meaningOfName } from './event-names.js';
import { parametersOf, type Parameters } from './parameters.js';

const product = 'workspace';
const mend = 'Send activities of the Reports API (login, token, admin), one JSON object each.';

/** Stands for actors that are no users of Workspace, many of them. */
const placeholderProfile = '105250506097979753968';

const one = (parameters: Parameters, name: string): string | undefined => parameters.get(name)?.[0];

const profileOf = (actor: JsonObject): string | undefined => {
  const id = readText(actor, 'profileId');
  return id === placeholderProfile ? undefined : id;
};

/** @param affected the account that a warning is about, where no actor is named. */
function principalOf(actor: JsonObject, affected: string | undefined, fp: Fingerprinter): PrincipalFacts | undefined {
  const email = readText(actor, 'email');
  const isKey = readText(actor, 'callerType') === 'KEY' && affected === undefined;
  const kind = isKey || email?.endsWith('gserviceaccount.com') === true ? 'service_account' : 'user';
  const id = email ?? profileOf(actor) ?? affected ?? readText(actor, 'key');
  const clientId = digText(actor, 'applicationInfo', 'oauthClientId');
  return auditPrincipal({ kind, issuer: 'google', id, name: email ?? affected, clientId }, fp);
}

/** Google names no token in this log; what it names is the grant, one user's consent to one client. */
function grantOf(
  client: string | undefined,
  user: string | undefined,
  parameters: Parameters,
  fp: Fingerprinter,
): TokenFacts | undefined {
  if (client === undefined || user === undefined) return undefined;
  return tokenFromCanonical(canonical.key('google', `${client}|${user}`), fp, {
    kind: 'refresh_token',
    issuer: 'google',
    aliases: joinAliases(joinAlias('key_id', `google:${client}|${user}`)),
    key_id: shownText(client),
    display_name: shownText(one(parameters, 'app_name')),
    scopes: scopeList(parameters.get('scope') ?? parameters.get('scope_data.scope_name')),
  });
}

/** What `login_failure_type` (deprecated) and SAML's `failure_type` say. */
const failureReasons: Readonly<Record<string, Reason>> = {
  login_failure_access_code_disallowed: 'policy_denied',
  login_failure_account_disabled: 'user_disabled',
  login_failure_invalid_password: 'invalid_credentials',
  login_failure_unknown: 'other',
  failure_app_not_configured_for_user: 'policy_denied',
  failure_app_not_enabled_for_user: 'policy_denied',
  failure_invalid_sp_id: 'invalid_client',
  failure_invalid_user_id_mapping: 'invalid_request',
  failure_malformed_request: 'invalid_request',
  failure_no_passive: 'insufficient_user_authentication',
  failure_request_denied: 'access_denied',
  failure_user_id_mapping_unavailable: 'user_not_found',
};

const isChallenge = (name: string): boolean => name === 'login_challenge' || name === 'login_verification';

/** Its type and a challenge say more than the name. */
function reasonOf(parameters: Parameters, name: string): Reason | undefined {
  const type = one(parameters, 'login_failure_type') ?? one(parameters, 'failure_type') ?? '';
  if (Object.hasOwn(failureReasons, type)) return failureReasons[type];
  return isChallenge(name) ? 'mfa_failed' : undefined;
}

/** A challenge without a status is one of which the end is not known. */
function outcomeOf(parameters: Parameters, name: string): Outcome {
  const status = one(parameters, 'login_challenge_status');
  if (status === undefined) return isChallenge(name) ? 'unknown' : 'success';
  return /fail|incorrect/i.test(status) ? 'failure' : 'success';
}

/** Parameters that become attributes of the same name, in lower case. */
const keptParameters = [
  'login_type', 'login_challenge_method', 'login_challenge_status', 'login_failure_type', 'is_suspicious', 'is_second_factor', 'app_name',
  'client_id', 'client_type', 'api_name', 'method_name', 'product_bucket', 'num_response_bytes', 'affected_email_address',
  'sensitive_action_name', 'dusi', 'rejection_type', 'requester_email', 'app_request_info', 'email_forwarding_destination_address',
  'failure_type', 'initiated_by', 'application_name', 'device_id', 'orgunit_path', 'saml_status_code', 'saml_second_level_status_code',
  'configuration_source', 'service_account', 'scopes_requested', 'ldap_audit_application_name', 'result_code',
  'CAA_APPLICATION', 'CAA_ACCESS_LEVEL_UNSATISFIED', 'CAA_DEVICE_ID', 'CAA_DEVICE_STATE', 'BLOCKED_API_ACCESS',
  'USER_EMAIL', 'API_CLIENT_NAME', 'API_SCOPES', 'DOMAIN_NAME', 'APP_ID', 'APPLICATION_NAME', 'OAUTH2_APP_ID', 'OAUTH2_APP_NAME',
  'OAUTH2_APP_TYPE', 'OAUTH2_SERVICE_NAME', 'ORG_UNIT_NAME', 'ROLE_NAME', 'PRIVILEGE_NAME', 'GROUP_EMAIL', 'ASP_ID', 'DEVICE_ID',
  'DEVICE_TYPE', 'SETTING_NAME', 'OLD_VALUE', 'NEW_VALUE',
].map((key) => [key, key.toLowerCase()] as const); // prettier-ignore

function attributesOf(record: JsonObject, event: JsonObject, parameters: Parameters): AttributeList {
  const attributes = new AttributeList();
  for (const [key, name] of keptParameters) attributes.add(name, parameters.get(key)?.slice(0, 16).join(' '));
  attributes.add('event_type', readText(event, 'type'));
  attributes.add('impersonation', digText(record, 'actor', 'applicationInfo', 'impersonation'));
  attributes.add('customer_id', digText(record, 'id', 'customerId'));
  attributes.add('owner_domain', readText(record, 'ownerDomain'));
  return attributes;
}

/** The grant that an event is about, and whose it is where that is not who acted. */
function subjectOf(
  application: string,
  name: string,
  actor: JsonObject,
  parameters: Parameters,
  fp: Fingerprinter,
): { readonly token?: TokenFacts | undefined; readonly owner?: PrincipalFacts | undefined } {
  if (application === 'token') {
    const user = readText(actor, 'email') ?? profileOf(actor);
    return { token: grantOf(one(parameters, 'client_id'), user, parameters, fp) };
  }
  if (application !== 'admin' || name !== 'REVOKE_3LO_TOKEN') return {};
  const user = one(parameters, 'USER_EMAIL');
  return {
    token: grantOf(one(parameters, 'APP_ID'), user, parameters, fp),
    owner: auditPrincipal({ kind: 'user', issuer: 'google', id: user, name: user }, fp),
  };
}

function readEvent(
  record: JsonObject,
  event: JsonObject,
  index: number,
  timeMs: number,
  fp: Fingerprinter,
): AuditRecord {
  const id = readObject(record, 'id') ?? {};
  const actor = readObject(record, 'actor') ?? {};
  const application = readText(id, 'applicationName') ?? '';
  const name = readText(event, 'name') ?? '';
  const parameters = parametersOf(event);
  const meaning = meaningOfName(application, name);
  const outcome = meaning.outcome ?? outcomeOf(parameters, name);
  const attributes = attributesOf(record, event, parameters);
  // The address that a user blocked is somebody else's.
  const affected = name === 'blocked_sender' ? undefined : one(parameters, 'affected_email_address');
  const acted = principalOf(actor, affected, fp);
  const { token, owner } = subjectOf(application, name, actor, parameters, fp);
  if (owner !== undefined && owner.principal_uid !== acted?.principal_uid) attributes.add('actor', acted?.principal_uid);
  const qualifier = readText(id, 'uniqueQualifier');
  const service = one(parameters, 'api_name') ?? one(parameters, 'application_name') ?? one(parameters, 'CAA_APPLICATION');
  return {
    id: qualifier === undefined ? undefined : `${application}|${readText(id, 'time') ?? ''}|${qualifier}|${index}`,
    timeMs,
    recordType: application === '' ? name : `${application}/${name}`,
    action: meaning.action,
    outcome,
    reason: outcome !== 'failure' ? undefined : (reasonOf(parameters, name) ?? meaning.reason),
    detail: outcome === 'failure' ? [detailOf(parameters)] : [],
    token,
    principal: owner ?? acted,
    address: readText(record, 'ipAddress'),
    geo: { country: digText(record, 'networkInfo', 'regionCode'), asn: asnOf(record) },
    target: { service: service ?? product, method: one(parameters, 'method_name') ?? name },
    attributes,
  };
} // prettier-ignore

const detailNames = [
  'login_failure_type',
  'failure_type',
  'login_challenge_status',
  'rejection_type',
  'result_code',
] as const;

function detailOf(parameters: Parameters): string | undefined {
  const name = detailNames.find((each) => parameters.has(each));
  return name === undefined ? undefined : one(parameters, name);
}

function asnOf(record: JsonObject): number | undefined {
  const first = readList(readObject(record, 'networkInfo') ?? {}, 'ipAsn')?.[0];
  return asNumber(first);
}

function read(record: JsonObject, { fingerprinter }: ParseContext): Result<readonly AuditRecord[], ParseError> {
  const timeMs = readMoment(readObject(record, 'id') ?? {}, 'time');
  if (timeMs === undefined) return refuse(product, '/id/time', 'The record has no id.time that is a time.', mend);
  const value = readValue(record, 'events');
  const events = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter(isObject);
  if (events.length === 0) return refuse(product, '/events', 'The record has no events.', mend);
  const nameless = events.findIndex((event) => readText(event, 'name') === undefined);
  if (nameless >= 0) return refuse(product, `/events/${nameless}/name`, 'The event has no name.', mend);
  return ok(readActivity(record, events, timeMs, fingerprinter));
}

/** What an activity says, once for each of its events, which have names. */
export const readActivity = (
  record: JsonObject,
  events: readonly JsonObject[],
  timeMs: number,
  fp: Fingerprinter,
): readonly AuditRecord[] => events.slice(0, 256).map((event, index) => readEvent(record, event, index, timeMs, fp));

const isActivity = (object: JsonObject): boolean =>
  digText(object, 'id', 'applicationName') !== undefined ||
  (readObject(object, 'id') !== undefined && readList(object, 'events') !== undefined);

/** Google Workspace activities of the Reports API: login, OAuth token and admin audits. */
export const workspaceFactory = auditSourceFactory({
  product,
  kind: 'issuer',
  envelope: { lists: ['items', 'records'], inner: ['event', 'message', 'data'], isRecord: isActivity },
  options: z.strictObject({}),
  read,
  recognise: (record) =>
    isActivity(record) &&
    (readText(record, 'kind') === 'admin#reports#activity' || readValue(record, 'events') !== undefined)
      ? { confidence: 1, reason: 'an activity of the Google Workspace Reports API' }
      : undefined,
});
