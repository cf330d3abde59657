import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { entraIssuer } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { Action, PrincipalFacts, TokenFacts } from '../../event/token-event.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { AttributeList } from '../shared/facts.js';
import { digText, isObject, type JsonObject, readList, readObject, readText } from '../shared/json-reader.js';
import { auditPrincipal } from '../shared/names.js';
import { refuse } from '../shared/refuse.js';
import type { ParseError } from '../source.js';
import { actionOfActivity } from './activities.js';
import { readObjectId } from './ids.js';
import { entraTime } from './time.js';
import { credentialToken } from './token.js';

const product = 'entra';

export function isAudit(record: JsonObject, properties: JsonObject): boolean {
  return (
    /^(?:CustomSecurityAttribute)?AuditLogs$/.test(readText(record, 'category') ?? '') ||
    readText(properties, 'activityDisplayName') !== undefined
  );
}

/** Whom a consent was given to: the service principal that is the application in this tenant. */
function clientGranted(properties: JsonObject): string | undefined {
  for (const target of (readList(properties, 'targetResources') ?? []).slice(0, 8)) {
    if (isObject(target) && readText(target, 'type') === 'ServicePrincipal') return readText(target, 'id');
  }
  return undefined;
}

/** Of a sign-in at B2C: whom a token was given to, for which application. */
function signedIn(properties: JsonObject, fp: Fingerprinter): PrincipalFacts | undefined {
  const clientId = detailOf(properties, 'ApplicationId');
  for (const target of (readList(properties, 'targetResources') ?? []).slice(0, 8)) {
    if (!isObject(target) || readText(target, 'type') !== 'User') continue;
    const name = readText(target, 'userPrincipalName') ?? readText(target, 'displayName');
    return auditPrincipal(
      { kind: 'user', issuer: entraIssuer, id: readObjectId(target, 'id') ?? name, name, clientId },
      fp,
    );
  }
  return undefined;
}

const signIns: ReadonlySet<Action> = new Set<Action>(['issue', 'exchange', 'login']);

function actorOf(properties: JsonObject, fp: Fingerprinter, granted?: string): PrincipalFacts | undefined {
  const by = readObject(properties, 'initiatedBy') ?? {};
  const user = readObject(by, 'user');
  if (user !== undefined) {
    const name = readText(user, 'userPrincipalName') ?? readText(user, 'displayName');
    return auditPrincipal(
      { kind: 'user', issuer: entraIssuer, id: readObjectId(user, 'id') ?? name, name, clientId: granted },
      fp,
    );
  }
  const app = readObject(by, 'app') ?? {};
  const name = readText(app, 'displayName');
  const clientId = readText(app, 'appId');
  return auditPrincipal(
    {
      kind: 'client',
      issuer: entraIssuer,
      id: readObjectId(app, 'servicePrincipalId') ?? clientId ?? name,
      name,
      clientId,
    },
    fp,
  );
}

/** `[KeyIdentifier=<guid>,KeyType=Password,KeyUsage=Verify,DisplayName=ci]` of a changed credential list. */
const keyForm = /KeyIdentifier=([0-9a-fA-F-]{36})/g;

interface ChangedKey {
  readonly token: TokenFacts;
  /** Made, taken away, or put in another's place. */
  readonly action: 'create' | 'delete' | 'rotate';
  readonly owner: PrincipalFacts | undefined;
}

/** The service principal or application whose credential it is; who changed it only acted. */
function ownerOf(target: JsonObject, properties: JsonObject, fp: Fingerprinter): PrincipalFacts | undefined {
  const isService = readText(target, 'type') === 'ServicePrincipal';
  const clientId = isService ? undefined : detailOf(properties, 'AppId');
  const id = isService ? readText(target, 'id') : (clientId ?? readText(target, 'id'));
  return auditPrincipal(
    { kind: 'client', issuer: entraIssuer, id, name: readText(target, 'displayName'), clientId },
    fp,
  );
}

/** The credential that was added or taken away: what stands in only one of the old and the new list. */
function changedKey(properties: JsonObject, fp: Fingerprinter): ChangedKey | undefined {
  for (const target of (readList(properties, 'targetResources') ?? []).slice(0, 8)) {
    if (!isObject(target)) continue;
    for (const change of (readList(target, 'modifiedProperties') ?? []).slice(0, 32)) {
      if (!isObject(change) || readText(change, 'displayName') !== 'KeyDescription') continue;
      const idsOf = (name: string): string[] =>
        [...(readText(change, name) ?? '').slice(0, 65_536).matchAll(keyForm)].map((match) => match[1] ?? '');
      const [before, after] = [idsOf('oldValue'), idsOf('newValue')];
      const made = after.find((one) => !before.includes(one));
      const ended = before.find((one) => !after.includes(one));
      const id = made ?? ended;
      if (id === undefined) continue;
      const token = credentialToken(id, readText(target, 'displayName'), fp);
      const action = made === undefined ? 'delete' : ended === undefined ? 'create' : 'rotate';
      return { token, action, owner: ownerOf(target, properties, fp) };
    }
  }
  return undefined;
}

/** `[Id: …, ConsentType: AllPrincipals, Scope: Mail.Read offline_access, CreatedDateTime: …]`, one for each resource. */
const consentForm = /(ConsentType|Scope): ([^,\]]{1,1024})/g;

/** What a consent or a grant gave, to whom: names of modified properties → attribute. */
const grantProperties: ReadonlyMap<string, string> = new Map([
  ['DelegatedPermissionGrant.Scope', 'scopes'],
  ['DelegatedPermissionGrant.ConsentType', 'consent_type'],
  ['AppRole.Value', 'app_role'],
  ['Role.DisplayName', 'role'],
  ['ConsentContext.IsAdminConsent', 'admin_consent'],
  ['ConsentContext.OnBehalfOfAll', 'consent_for_all'],
  ['ServicePrincipal.DisplayName', 'granted_to'],
  ['ServicePrincipal.ObjectID', 'granted_to_id'],
]);

/** New values are JSON in a text: `"Mail.Read"` with its quotes. */
const unquoted = (text: string): string => text.replace(/^[\s"]+|[\s"]+$/g, '');

function addGrants(attributes: AttributeList, target: JsonObject): void {
  for (const change of (readList(target, 'modifiedProperties') ?? []).slice(0, 32)) {
    if (!isObject(change)) continue;
    const property = readText(change, 'displayName') ?? '';
    const given = unquoted((readText(change, 'newValue') ?? '').slice(0, 65_536));
    // A grant that ends has its words in the old value alone.
    const value = given === '' ? unquoted((readText(change, 'oldValue') ?? '').slice(0, 65_536)) : given;
    const name = grantProperties.get(property);
    if (name !== undefined && value !== '') attributes.add(name, value);
    if (property !== 'ConsentAction.Permissions') continue;
    // Before the arrow stand the grants as they were.
    const after = value.slice(value.indexOf('=>') + 1);
    for (const [, part, words] of [...after.matchAll(consentForm)].slice(0, 8))
      attributes.add(part === 'Scope' ? 'scopes' : 'consent_type', words?.trim());
  }
}

/** `additionalDetails`: pairs of what else the service knew. */
function detailOf(properties: JsonObject, key: string): string | undefined {
  for (const detail of (readList(properties, 'additionalDetails') ?? []).slice(0, 64)) {
    if (isObject(detail) && readText(detail, 'key') === key) return readText(detail, 'value');
  }
  return undefined;
}

export function readAudit(
  record: JsonObject,
  properties: JsonObject,
  fp: Fingerprinter,
): Result<AuditRecord, ParseError> {
  const timeMs = entraTime([properties, record], ['activityDateTime', 'time', 'createdDateTime']);
  if (timeMs === undefined)
    return refuse(
      product,
      '/activityDateTime',
      'The record has no activityDateTime that is a time.',
      'Send directory audits as Graph or diagnostic settings write them.',
    );
  const activity = readText(properties, 'activityDisplayName') ?? readText(record, 'operationName') ?? 'unknown';
  const result = (readText(properties, 'result') ?? readText(record, 'resultType') ?? '').toLowerCase();
  const isFailure = result === 'failure' || result === 'timeout';
  const attributes = new AttributeList();
  for (const name of ['category', 'loggedByService', 'operationType', 'tenantGeo'] as const)
    attributes.add(name, readText(properties, name));
  attributes.add('app_id', detailOf(properties, 'AppId'));
  for (const target of (readList(properties, 'targetResources') ?? []).slice(0, 4)) {
    if (!isObject(target)) continue;
    const words = [
      readText(target, 'type'),
      readText(target, 'userPrincipalName') ?? readText(target, 'displayName'),
      readText(target, 'id'),
    ];
    attributes.add('target', words.filter((word) => word !== undefined).join(' ') || undefined);
    addGrants(attributes, target);
  }
  const told = actionOfActivity(activity);
  const key = changedKey(properties, fp);
  const actor = actorOf(
    properties,
    fp,
    told === 'grant' && /consent/i.test(activity) ? clientGranted(properties) : undefined,
  );
  const subject = key?.owner ?? (signIns.has(told) ? signedIn(properties, fp) : undefined);
  if (subject !== undefined && subject.principal_uid !== actor?.principal_uid)
    attributes.add('actor', actor?.principal_uid);
  return ok({
    id: readText(properties, 'id'),
    timeMs,
    recordType: activity,
    // `Certificates and secrets management` says not which; the lists of keys do.
    action: key !== undefined && told === 'rotate' ? key.action : told,
    outcome: isFailure ? 'failure' : result === 'success' || result === '0' || result === '' ? 'success' : 'unknown',
    reason: isFailure ? (result === 'timeout' ? 'temporarily_unavailable' : 'other') : undefined,
    detail: isFailure ? [readText(properties, 'resultReason') ?? readText(record, 'resultDescription')] : [],
    token: key?.token,
    principal: subject ?? actor,
    address:
      digText(properties, 'initiatedBy', 'user', 'ipAddress') ??
      detailOf(properties, 'ClientIpAddress') ??
      readText(record, 'callerIpAddress'),
    userAgent:
      readText(properties, 'userAgent') ?? detailOf(properties, 'User-Agent') ?? detailOf(properties, 'Client'),
    target: { service: readText(properties, 'loggedByService') ?? product, method: activity },
    requestId: readText(properties, 'correlationId') ?? readText(record, 'correlationId'),
    attributes,
  });
}
