import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { canonical, entraIssuer, tokenFromCanonical } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { PrincipalFacts, TokenFacts } from '../../event/token-event.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { AttributeList } from '../shared/facts.js';
import { digText, isObject, type JsonObject, readList, readObject, readText } from '../shared/json-reader.js';
import { auditPrincipal, joinAlias, joinAliases, shownText } from '../shared/names.js';
import { refuse } from '../shared/refuse.js';
import type { ParseError } from '../source.js';
import { actionOfActivity } from './activities.js';
import { entraTime } from './time.js';

const product = 'entra';

export function isAudit(record: JsonObject, properties: JsonObject): boolean {
  return readText(record, 'category') === 'AuditLogs' || readText(properties, 'activityDisplayName') !== undefined;
}

function actorOf(properties: JsonObject, fp: Fingerprinter): PrincipalFacts | undefined {
  const by = readObject(properties, 'initiatedBy') ?? {};
  const user = readObject(by, 'user');
  if (user !== undefined) {
    const name = readText(user, 'userPrincipalName') ?? readText(user, 'displayName');
    return auditPrincipal({ kind: 'user', issuer: entraIssuer, id: readText(user, 'id') ?? name, name }, fp);
  }
  const app = readObject(by, 'app') ?? {};
  const name = readText(app, 'displayName');
  const clientId = readText(app, 'appId');
  return auditPrincipal(
    {
      kind: 'client',
      issuer: entraIssuer,
      id: readText(app, 'servicePrincipalId') ?? clientId ?? name,
      name,
      clientId,
    },
    fp,
  );
}

/** `[KeyIdentifier=<guid>,KeyType=Password,KeyUsage=Verify,DisplayName=ci]` of a changed credential list. */
const keyForm = /KeyIdentifier=([0-9a-fA-F-]{36})/g;

/** The credential that was added or taken away: what stands in only one of the old and the new list. */
function changedKey(properties: JsonObject, fp: Fingerprinter): TokenFacts | undefined {
  for (const target of (readList(properties, 'targetResources') ?? []).slice(0, 8)) {
    if (!isObject(target)) continue;
    for (const change of (readList(target, 'modifiedProperties') ?? []).slice(0, 32)) {
      if (!isObject(change) || readText(change, 'displayName') !== 'KeyDescription') continue;
      const idsOf = (name: string): string[] =>
        [...(readText(change, name) ?? '').slice(0, 65_536).matchAll(keyForm)].map((match) => match[1] ?? '');
      const [before, after] = [idsOf('oldValue'), idsOf('newValue')];
      const id = after.find((one) => !before.includes(one)) ?? before.find((one) => !after.includes(one));
      if (id === undefined) continue;
      return tokenFromCanonical(canonical.key('entra', id), fp, {
        kind: 'api_key',
        issuer: entraIssuer,
        aliases: joinAliases(joinAlias('key_id', `entra:${id}`)),
        key_id: shownText(id),
        display_name: shownText(readText(target, 'displayName')),
      });
    }
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
  for (const target of (readList(properties, 'targetResources') ?? []).slice(0, 4)) {
    if (!isObject(target)) continue;
    const words = [
      readText(target, 'type'),
      readText(target, 'userPrincipalName') ?? readText(target, 'displayName'),
      readText(target, 'id'),
    ];
    attributes.add('target', words.filter((word) => word !== undefined).join(' ') || undefined);
  }
  return ok({
    id: readText(properties, 'id'),
    timeMs,
    recordType: activity,
    action: actionOfActivity(activity),
    outcome: isFailure ? 'failure' : result === 'success' || result === '0' || result === '' ? 'success' : 'unknown',
    reason: isFailure ? (result === 'timeout' ? 'temporarily_unavailable' : 'other') : undefined,
    detail: isFailure ? [readText(properties, 'resultReason') ?? readText(record, 'resultDescription')] : [],
    token: changedKey(properties, fp),
    principal: actorOf(properties, fp),
    address: digText(properties, 'initiatedBy', 'user', 'ipAddress') ?? readText(record, 'callerIpAddress'),
    userAgent: readText(properties, 'userAgent'),
    target: { service: readText(properties, 'loggedByService') ?? product, method: activity },
    requestId: readText(properties, 'correlationId') ?? readText(record, 'correlationId'),
    attributes,
  });
}
