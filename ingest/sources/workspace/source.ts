import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { canonical, tokenFromCanonical } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { PrincipalFacts, Reason, TokenFacts } from '../../event/token-event.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { AttributeList } from '../shared/facts.js';
import {
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
import { parametersOf } from './parameters.js';

const product = 'workspace';
const mend = 'Send activities of the Reports API (login, token, admin), one JSON object each.';

type Parameters = ReadonlyMap<string, readonly string[]>;
const one = (parameters: Parameters, name: string): string | undefined => parameters.get(name)?.[0];

function principalOf(actor: JsonObject, fp: Fingerprinter): PrincipalFacts | undefined {
  const email = readText(actor, 'email');
  const isKey = readText(actor, 'callerType') === 'KEY';
  const kind = isKey || email?.endsWith('gserviceaccount.com') === true ? 'service_account' : 'user';
  return auditPrincipal(
    { kind, issuer: 'google', id: email ?? readText(actor, 'profileId') ?? readText(actor, 'key'), name: email },
    fp,
  );
}

/** Google names no token in this log; what it names is the grant, one user's consent to one client. */
function grantOf(actor: JsonObject, parameters: Parameters, fp: Fingerprinter): TokenFacts | undefined {
  const client = one(parameters, 'client_id');
  const user = readText(actor, 'email') ?? readText(actor, 'profileId');
  if (client === undefined || user === undefined) return undefined;
  return tokenFromCanonical(canonical.key('google', `${client}|${user}`), fp, {
    kind: 'refresh_token',
    issuer: 'google',
    aliases: joinAliases(joinAlias('key_id', `google:${client}|${user}`)),
    key_id: shownText(client),
    display_name: shownText(one(parameters, 'app_name')),
    scopes: scopeList(parameters.get('scope')),
  });
}

/** login_failure_type and login_challenge_status say more than the name. */
function reasonOf(parameters: Parameters, name: string): Reason | undefined {
  const type = one(parameters, 'login_failure_type') ?? '';
  if (type.includes('account_disabled')) return 'user_disabled';
  if (type.includes('access_code')) return 'mfa_failed';
  if (type.includes('invalid_password')) return 'invalid_credentials';
  if (/challenge|verification/.test(name)) return 'mfa_failed';
  return undefined;
}

const keptParameters = [
  'login_type', 'login_challenge_method', 'login_challenge_status', 'login_failure_type', 'is_suspicious', 'is_second_factor', 'app_name',
  'client_id', 'client_type', 'api_name', 'method_name', 'product_bucket', 'num_response_bytes', 'affected_email_address',
  'sensitive_action_name', 'dusi',
] as const; // prettier-ignore

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
  const isChallengeFailed = /fail|incorrect/i.test(one(parameters, 'login_challenge_status') ?? '');
  const outcome = meaning.outcome ?? (isChallengeFailed ? 'failure' : 'success');
  const attributes = new AttributeList();
  for (const key of keptParameters) attributes.add(key, one(parameters, key));
  attributes.add('event_type', readText(event, 'type'));
  attributes.add('customer_id', readText(id, 'customerId'));
  attributes.add('owner_domain', readText(record, 'ownerDomain'));
  const qualifier = readText(id, 'uniqueQualifier');
  return {
    id: qualifier === undefined ? undefined : `${application}|${readText(id, 'time') ?? ''}|${qualifier}|${index}`,
    timeMs,
    recordType: application === '' ? name : `${application}/${name}`,
    action: meaning.action,
    outcome,
    reason: outcome === 'success' ? undefined : (reasonOf(parameters, name) ?? meaning.reason),
    detail:
      outcome === 'failure' ? [one(parameters, 'login_failure_type') ?? one(parameters, 'login_challenge_status')] : [],
    token: application === 'token' ? grantOf(actor, parameters, fp) : undefined,
    principal: principalOf(actor, fp),
    address: readText(record, 'ipAddress'),
    geo: { country: digText(record, 'networkInfo', 'regionCode') },
    target: { service: one(parameters, 'api_name') ?? product, method: one(parameters, 'method_name') ?? name },
    attributes,
  };
}

function read(record: JsonObject, { fingerprinter }: ParseContext): Result<readonly AuditRecord[], ParseError> {
  const timeMs = readMoment(readObject(record, 'id') ?? {}, 'time');
  if (timeMs === undefined) return refuse(product, '/id/time', 'The record has no id.time that is a time.', mend);
  const value = readValue(record, 'events');
  const events = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter(isObject);
  if (events.length === 0) return refuse(product, '/events', 'The record has no events.', mend);
  const nameless = events.findIndex((event) => readText(event, 'name') === undefined);
  if (nameless >= 0) return refuse(product, `/events/${nameless}/name`, 'The event has no name.', mend);
  return ok(events.slice(0, 256).map((event, index) => readEvent(record, event, index, timeMs, fingerprinter)));
}

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
