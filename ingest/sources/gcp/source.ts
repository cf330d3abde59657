import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { canonical, tokenFromCanonical, tokenWith } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { PrincipalFacts, TokenFacts } from '../../event/token-event.js';
import { actionOfActing } from '../shared/acting.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { AttributeList, saneTime, timeText } from '../shared/facts.js';
import {
  digText,
  digValue,
  isObject,
  type JsonObject,
  readCount,
  readList,
  readNumber,
  readObject,
  readText,
  readTexts,
} from '../shared/json-reader.js';
import { auditPrincipal, joinAlias, joinAliases, shownText } from '../shared/names.js';
import { readMoment } from '../shared/moment.js';
import { refuse } from '../shared/refuse.js';
import { reasonOfRpcCode } from '../shared/rpc-code.js';
import type { ParseContext, ParseError } from '../source.js';
import { workspaceEvents } from './activity.js';
import { meaningOfMethod } from './methods.js';

const product = 'gcp';
const mend = 'Send LogEntry records of Cloud Audit Logs, one JSON object each.';

/** `…/serviceAccounts/<account>/keys/<id>`; the id is the `kid` of what the key signs. */
const keyForm = /serviceAccounts\/([^/]{1,256})\/keys\/([A-Za-z0-9_-]{1,128})$/;
const apiKeyForm = /\/keys\/([A-Za-z0-9-]{1,128})$/;

function tokenOfKey(name: string | undefined, fp: Fingerprinter): TokenFacts | undefined {
  const parts = name === undefined ? null : keyForm.exec(name.slice(0, 1024));
  const id =
    parts?.[2] ??
    (name?.includes('serviceAccounts/') === false ? apiKeyForm.exec(name.slice(0, 1024))?.[1] : undefined);
  if (id === undefined) return undefined;
  return tokenFromCanonical(canonical.key('google', id), fp, {
    kind: parts === null ? 'api_key' : 'access_key',
    issuer: 'google',
    aliases: joinAliases(joinAlias('key_id', `google:${id}`)),
    key_id: shownText(id),
    display_name: shownText(parts?.[1]),
  });
}

function accountPrincipal(
  email: string | undefined,
  subject: string | undefined,
  fp: Fingerprinter,
  clientId?: string,
): PrincipalFacts | undefined {
  const id = email ?? subject;
  const isAccount =
    email?.endsWith('gserviceaccount.com') === true ||
    email?.startsWith('system:serviceaccount:') === true ||
    subject?.startsWith('serviceAccount:') === true;
  const isFederated = email === undefined && subject?.startsWith('principal') === true;
  return auditPrincipal(
    {
      kind: isAccount ? 'service_account' : isFederated ? 'workload' : 'user',
      issuer: 'google',
      id,
      name: email,
      clientId,
    },
    fp,
  );
}

/** Who stood behind the account, the first caller first. */
function chainOf(info: JsonObject): string | undefined {
  const links = (readList(info, 'serviceAccountDelegationInfo') ?? []).slice(0, 8).map((link) =>
    isObject(link) ? (digText(link, 'firstPartyPrincipal', 'principalEmail') ?? readText(link, 'principalSubject') ?? digText(link, 'thirdPartyPrincipal', 'thirdPartyClaims', 'sub')) : undefined,
  );
  const names = links.filter((name) => name !== undefined);
  return names.length === 0 ? undefined : names.join(' > ');
} // prettier-ignore

/** A key that never ends is written as one that ends with the year 9999. */
const NEVER_MS = 253_402_300_799_000;

function keyEnd(response: JsonObject): string | undefined {
  const seconds = readNumber(readObject(response, 'valid_before_time') ?? {}, 'seconds');
  const ms = seconds === undefined ? readMoment(response, 'validBeforeTime') : saneTime(seconds * 1000);
  return ms === undefined || ms >= NEVER_MS ? undefined : timeText(ms);
}

/** What a token was asked for: of the request only the words that name no secret. */
function addAsked(attributes: AttributeList, payload: JsonObject): void {
  const request = readObject(payload, 'request') ?? {};
  attributes.add('scopes', readTexts(request, 'scope')?.slice(0, 16).join(' '));
  attributes.add('delegates', readTexts(request, 'delegates')?.slice(0, 8).join(' '));
  for (const name of ['lifetime', 'audience', 'grantType', 'subjectTokenType'] as const)
    attributes.add(name, readText(request, name));
  attributes.add('mapped_principal', digText(payload, 'metadata', 'mapped_principal'));
}

/** The account that a call makes a token or a key for: `…/serviceAccounts/<email or unique id>`. */
const accountForm = /serviceAccounts\/([^/:]{1,256})/;

function idOf(record: JsonObject): string | undefined {
  const own = readText(record, 'insertId');
  return own === undefined
    ? undefined
    : `${readText(record, 'logName') ?? ''}|${readText(record, 'timestamp') ?? ''}|${own}`;
}

/** What Workspace tells, under the names of Cloud Logging. */
function asEntry(
  said: AuditRecord,
  index: number,
  record: JsonObject,
  payload: JsonObject,
  method: string,
): AuditRecord {
  const { attributes } = said;
  attributes?.add('resource_name', readText(payload, 'resourceName'));
  attributes?.add('log_name', readText(record, 'logName'));
  const id = idOf(record);
  const code = readCount(readObject(payload, 'status') ?? {}, 'code') ?? 0;
  const isRefused = code !== 0 && said.outcome === 'success';
  return {
    ...said,
    id: id === undefined || index === 0 ? id : `${id}|${index}`,
    recordType: method,
    outcome: isRefused ? 'failure' : said.outcome,
    reason: isRefused ? (reasonOfRpcCode(code) ?? 'other') : said.reason,
    userAgent: digText(payload, 'requestMetadata', 'callerSuppliedUserAgent'),
    target: { service: readText(payload, 'serviceName') ?? product, method },
    traceId: readText(record, 'trace')?.split('/').pop(),
  };
}

function read(record: JsonObject, context: ParseContext): Result<AuditRecord | readonly AuditRecord[], ParseError> {
  const { fingerprinter: fp } = context;
  const payload = readObject(record, 'protoPayload');
  if (payload === undefined) return refuse(product, '/protoPayload', 'The record has no protoPayload.', mend);
  const timeMs = readMoment(record, 'timestamp') ?? readMoment(record, 'receiveTimestamp');
  if (timeMs === undefined) return refuse(product, '/timestamp', 'The record has no timestamp that is a time.', mend);
  const method = readText(payload, 'methodName');
  if (method === undefined) return refuse(product, '/protoPayload/methodName', 'The record has no methodName.', mend);
  const shared = workspaceEvents(payload, method, timeMs, fp);
  if (shared !== undefined) return ok(shared.map((said, index) => asEntry(said, index, record, payload, method)));
  const service = readText(payload, 'serviceName') ?? '';
  const info = readObject(payload, 'authenticationInfo') ?? {};
  const email = readText(info, 'principalEmail');
  const subject = readText(info, 'principalSubject');
  const { action, outcome: toldOutcome, reason: toldReason } = meaningOfMethod(service, method, email !== undefined || subject !== undefined);
  const status = readObject(payload, 'status') ?? {};
  const code = readCount(status, 'code') ?? 0;
  const grants = readList(payload, 'authorizationInfo') ?? [];
  const isDenied = grants.some((grant) => isObject(grant) && digValue(grant, 'granted') === false);
  // A refused sign-in has no status of its own.
  const isFailure = code !== 0 || isDenied || toldOutcome === 'failure';
  const caller = accountPrincipal(email, subject, fp, digText(info, 'oauthInfo', 'oauthClientId'));
  const signedWith = tokenOfKey(readText(info, 'serviceAccountKeyName'), fp);
  const resource = readText(payload, 'resourceName');
  const isAboutKey = /ServiceAccountKey|(?:Create|Delete|Undelete|Update|Lookup)Key$|GetKeyString/.test(method);
  const subjectKey = isAboutKey ? (tokenOfKey(digText(payload, 'response', 'name'), fp) ?? tokenOfKey(digText(payload, 'request', 'name') ?? resource, fp)) : undefined;
  const isIssue = action === 'issue' || (isAboutKey && service === 'iam.googleapis.com');
  const account = isIssue ? accountForm.exec((digText(payload, 'request', 'name') ?? resource ?? '').slice(0, 1024))?.[1] : undefined;
  const owner = account?.includes('@') === true ? accountPrincipal(account, undefined, fp) : undefined;
  const attributes = new AttributeList();
  if (owner !== undefined && owner.principal_uid !== caller?.principal_uid) attributes.add('actor', caller?.principal_uid);
  const gives = action === 'issue' || action === 'exchange';
  if (subjectKey !== undefined || gives) attributes.add('actor_key', signedWith?.key_id);
  if (gives) addAsked(attributes, payload);
  attributes.add('delegation_chain', chainOf(info));
  attributes.add('principal_subject', subject);
  attributes.add('resource_name', resource);
  attributes.add('log_name', readText(record, 'logName'));
  attributes.add('project_id', digText(record, 'resource', 'labels', 'project_id'));
  attributes.add('caller_network', digText(payload, 'requestMetadata', 'callerNetwork'));
  attributes.add('location', digText(record, 'resource', 'labels', 'location'));
  for (const grant of grants.slice(0, 8)) if (isObject(grant)) attributes.add('permission', readText(grant, 'permission'));
  // What the call made has no name in the log; the key that signed the call is then its parent only.
  const made = subjectKey === undefined ? undefined : tokenWith(subjectKey, { expires_at: keyEnd(readObject(payload, 'response') ?? {}) });
  const token = made ?? (gives ? undefined : signedWith);
  const agent = digText(payload, 'requestMetadata', 'callerSuppliedUserAgent');
  return ok({
    id: idOf(record),
    timeMs,
    recordType: method,
    action: token !== undefined && subjectKey === undefined ? actionOfActing(action, 'cloud') : action,
    outcome: isFailure ? 'failure' : 'success',
    reason: isFailure ? (isDenied ? 'access_denied' : (reasonOfRpcCode(code) ?? toldReason ?? 'other')) : undefined,
    detail: isFailure ? [readText(status, 'message')] : [],
    token,
    principal: owner ?? caller,
    address: digText(payload, 'requestMetadata', 'callerIp'),
    userAgent: agent,
    target: { service: service === '' ? product : service, namespace: digText(record, 'resource', 'labels', 'project_id'), method },
    requestId: readText(readObject(record, 'operation') ?? {}, 'id'),
    traceId: readText(record, 'trace')?.split('/').pop(),
    attributes,
  });
} // prettier-ignore

/** Google Cloud Audit Logs: sinks to files, Pub/Sub messages taken out of their envelope, `gcloud logging read`. */
export const gcpFactory = auditSourceFactory({
  product,
  kind: 'cloud',
  envelope: {
    lists: ['entries', 'records'],
    inner: ['message', 'data', 'jsonPayload', 'event'],
    isRecord: (object) => readObject(object, 'protoPayload') !== undefined,
  },
  options: z.strictObject({}),
  read,
  recognise: (record) =>
    readObject(record, 'protoPayload') !== undefined &&
    (readText(record, 'logName') !== undefined || readText(record, 'insertId') !== undefined)
      ? { confidence: 1, reason: 'a LogEntry with protoPayload' }
      : undefined,
});
