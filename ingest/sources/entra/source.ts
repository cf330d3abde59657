import { z } from 'zod';
import { ok } from '../../core/result.js';
import { auditSourceFactory } from '../shared/audit-source.js';
import { type JsonObject, readObject, readText, readValue } from '../shared/json-reader.js';
import { refuse } from '../shared/refuse.js';
import { isAudit, readAudit } from './audit.js';
import { isGraphActivity, readGraphActivity } from './graph-activity.js';
import { isRisk, readRisk } from './risk.js';
import { isSignIn, readSignIn } from './sign-in.js';

const product = 'entra';

/** Diagnostic records hold what Graph writes flat in `properties`. */
function partsOf(record: JsonObject): JsonObject {
  return readObject(record, 'properties') ?? record;
}

/** Categories of the same diagnostic settings that tell of no credential. */
const otherCategories =
  /^(?:ProvisioningLogs|NetworkAccess[A-Za-z]*|RemoteNetworkHealthLogs|EnrichedOffice365AuditLogs|B2CRequestLogs)$/;

/** Diagnostic records name the directory that they are of. */
const isOfDirectory = (record: JsonObject): boolean =>
  /\/providers\/microsoft\.aadiam$/i.test((readText(record, 'resourceId') ?? '').slice(0, 512));

/** Microsoft Entra ID: sign-ins of all four kinds, directory audits, requests to Graph and risk detections, of Graph, Event Hubs and diagnostic settings. */
export const entraFactory = auditSourceFactory({
  product,
  kind: 'issuer',
  envelope: {
    lists: ['records', 'value'],
    inner: ['event', 'message', 'data'],
    isRecord: (object) =>
      isSignIn(object, partsOf(object)) ||
      isAudit(object, partsOf(object)) ||
      readText(object, 'category') !== undefined,
  },
  options: z.strictObject({}),
  read(record, { fingerprinter }) {
    const properties = partsOf(record);
    if (isGraphActivity(record)) return readGraphActivity(record, properties, fingerprinter);
    if (isRisk(record)) return readRisk(record, properties, fingerprinter);
    if (isAudit(record, properties)) return readAudit(record, properties, fingerprinter);
    if (isSignIn(record, properties)) return readSignIn(record, properties, fingerprinter);
    if (otherCategories.test(readText(record, 'category') ?? '')) return ok(undefined);
    return refuse(
      product,
      '/category',
      'The record is no sign-in, directory audit, request to Graph or risk detection.',
      'Send the categories SignInLogs, NonInteractiveUserSignInLogs, ServicePrincipalSignInLogs, ManagedIdentitySignInLogs, AuditLogs and MicrosoftGraphActivityLogs.',
    );
  },
  recognise(record) {
    const properties = partsOf(record);
    const isOurs = isOfDirectory(record);
    if (isGraphActivity(record)) return { confidence: 1, reason: 'a request to Microsoft Graph' };
    if (isRisk(record)) return { confidence: isOurs ? 1 : 0.8, reason: 'a risk detection of Entra ID' };
    // Other products of Microsoft have a category AuditLogs too.
    if (isAudit(record, properties) && (isOurs || readText(properties, 'activityDisplayName') !== undefined))
      return { confidence: 1, reason: 'a directory audit of Entra ID' };
    return isSignIn(record, properties) &&
      (isOurs ||
        readValue(properties, 'appId') !== undefined ||
        readValue(properties, 'servicePrincipalId') !== undefined)
      ? { confidence: 1, reason: 'a sign-in of Entra ID' }
      : undefined;
  },
});
