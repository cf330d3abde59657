import { z } from 'zod';
import { auditSourceFactory } from '../shared/audit-source.js';
import { type JsonObject, readObject, readText, readValue } from '../shared/json-reader.js';
import { refuse } from '../shared/refuse.js';
import { isAudit, readAudit } from './audit.js';
import { isSignIn, readSignIn } from './sign-in.js';

const product = 'entra';

/** Diagnostic records hold what Graph writes flat in `properties`. */
function partsOf(record: JsonObject): JsonObject {
  return readObject(record, 'properties') ?? record;
}

/** Microsoft Entra ID: sign-ins of all four kinds and directory audits, of Graph, Event Hubs and diagnostic settings. */
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
    if (isAudit(record, properties)) return readAudit(record, properties, fingerprinter);
    if (isSignIn(record, properties)) return readSignIn(record, properties, fingerprinter);
    return refuse(
      product,
      '/category',
      'The record is neither a sign-in nor a directory audit.',
      'Send the categories SignInLogs, NonInteractiveUserSignInLogs, ServicePrincipalSignInLogs, ManagedIdentitySignInLogs and AuditLogs.',
    );
  },
  recognise(record) {
    const properties = partsOf(record);
    if (isAudit(record, properties)) return { confidence: 1, reason: 'a directory audit of Entra ID' };
    return isSignIn(record, properties) &&
      (readValue(properties, 'appId') !== undefined || readValue(properties, 'servicePrincipalId') !== undefined)
      ? { confidence: 1, reason: 'a sign-in of Entra ID' }
      : undefined;
  },
});
