import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { entraIssuer } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { AttributeList } from '../shared/facts.js';
import { type JsonObject, readText } from '../shared/json-reader.js';
import { auditPrincipal } from '../shared/names.js';
import { refuse } from '../shared/refuse.js';
import type { ParseError } from '../source.js';
import { readObjectId } from './ids.js';
import { placeOf } from './place.js';
import { entraTime } from './time.js';

const product = 'entra';

export const isRisk = (record: JsonObject): boolean =>
  /^(?:UserRiskEvents|RiskyUsers|ServicePrincipalRiskEvents|RiskyServicePrincipals)$/.test(
    readText(record, 'category') ?? '',
  );

/** What ID Protection says of a user or service principal, and of the sign-in that made it say so. */
export function readRisk(
  record: JsonObject,
  properties: JsonObject,
  fp: Fingerprinter,
): Result<AuditRecord, ParseError> {
  const names = ['activityDateTime', 'detectedDateTime', 'riskLastUpdatedDateTime', 'time'];
  const timeMs = entraTime([properties, record], names);
  if (timeMs === undefined) {
    const mend = 'Send the records as diagnostic settings write them.';
    return refuse(product, '/activityDateTime', 'The record has no time.', mend);
  }
  const category = readText(record, 'category') ?? '';
  const type = readText(properties, 'riskEventType') ?? readText(properties, 'riskType');
  const isUser = category === 'UserRiskEvents' || category === 'RiskyUsers';
  // The record of a user under risk has that user's id, and comes again with each change.
  const own = readText(properties, 'id');
  const user = readObjectId(properties, 'userId') ?? (category === 'RiskyUsers' ? own : undefined);
  const app = readText(properties, 'servicePrincipalId') ?? (category === 'RiskyServicePrincipals' ? own : undefined);
  const name = readText(properties, isUser ? 'userPrincipalName' : 'servicePrincipalDisplayName');
  const changed = readText(properties, 'riskLastUpdatedDateTime') ?? readText(properties, 'lastUpdatedDateTime');
  const attributes = new AttributeList();
  for (const kept of ['riskState', 'riskLevel', 'riskDetail', 'detectionTimingType', 'activity', 'source', 'tokenIssuerType'] as const)
    attributes.add(kept, readText(properties, kept)); // prettier-ignore
  return ok({
    id: own === undefined ? undefined : `${category}|${own}|${changed ?? String(timeMs)}`,
    timeMs,
    recordType: type === undefined ? category : `${category}/${type}`,
    action: 'other',
    outcome: 'unknown',
    principal: isUser
      ? auditPrincipal({ kind: 'user', issuer: entraIssuer, id: user ?? name, name }, fp)
      : auditPrincipal({ kind: 'client', issuer: entraIssuer, id: app, name, clientId: readText(properties, 'appId') }, fp),
    address: readText(properties, 'ipAddress'),
    geo: placeOf(properties),
    requestId: readText(properties, 'requestId') ?? readText(properties, 'correlationId'),
    attributes,
  }); // prettier-ignore
}
