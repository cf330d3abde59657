import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { templateRoute } from '../../enrich/route-template.js';
import { canonical, entraIssuer, tokenFromCanonical } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { PrincipalFacts, TokenFacts } from '../../event/token-event.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { AttributeList, timeText } from '../shared/facts.js';
import { httpOutcome } from '../shared/http-outcome.js';
import { type JsonObject, readCount, readText, readTexts } from '../shared/json-reader.js';
import { readMoment } from '../shared/moment.js';
import { auditPrincipal, joinAlias, joinAliases, scopeList, shownText } from '../shared/names.js';
import { refuse } from '../shared/refuse.js';
import type { ParseError } from '../source.js';
import { readObjectId } from './ids.js';
import { entraTime } from './time.js';

const product = 'entra';

export const isGraphActivity = (record: JsonObject): boolean =>
  /^(?:MicrosoftGraph|AzureADGraph)ActivityLogs$/.test(readText(record, 'category') ?? '');

/** `signInActivityId` is the `uti` of the token that was shown, and `uniqueTokenIdentifier` of the sign-in that gave it. */
function tokenOf(properties: JsonObject, fp: Fingerprinter): TokenFacts | undefined {
  const uti = readText(properties, 'signInActivityId');
  if (uti === undefined) return undefined;
  return tokenFromCanonical(canonical.jwt(entraIssuer, uti), fp, {
    kind: 'access_token',
    issuer: entraIssuer,
    aliases: joinAliases(joinAlias('jti', uti)),
    jti: shownText(uti),
    // Of a user's token the scopes count, of an app's own token its roles.
    scopes: scopeList(readTexts(properties, 'scopes') ?? readTexts(properties, 'roles')),
    issued_at: timeText(readMoment(properties, 'tokenIssuedAt')),
  });
}

function principalOf(properties: JsonObject, fp: Fingerprinter): PrincipalFacts | undefined {
  const clientId = readText(properties, 'appId');
  const user = readObjectId(properties, 'userId') ?? readObjectId(properties, 'UserPrincipalObjectID');
  const isApp = readText(properties, 'C_Idtyp') === 'app' || user === undefined;
  const id = isApp ? (readObjectId(properties, 'servicePrincipalId') ?? clientId) : user;
  return auditPrincipal({ kind: isApp ? 'client' : 'user', issuer: entraIssuer, id, name: undefined, clientId }, fp);
}

const uriForm = /^https?:\/\/([^/?#\s]{1,256})(\/[^?#\s]*)?/i;

/** ClientAuthMethod by number. */
const clientAuthMethods = ['public', 'secret', 'certificate'] as const;

/** A request to Microsoft Graph: the token's use at Microsoft's own resource server. */
export function readGraphActivity(
  record: JsonObject,
  properties: JsonObject,
  fp: Fingerprinter,
): Result<AuditRecord, ParseError> {
  const timeMs = entraTime([properties, record], ['timeGenerated', 'time']);
  if (timeMs === undefined) {
    const mend = 'Send the records as diagnostic settings write them.';
    return refuse(product, '/time', 'The record has no time.', mend);
  }
  const status = readCount(properties, 'responseStatusCode') ?? readCount(record, 'resultSignature');
  const uri = uriForm.exec((readText(properties, 'requestUri') ?? '').slice(0, 4096));
  const path = uri?.[2];
  const attributes = new AttributeList();
  attributes.add('client_auth', clientAuthMethods[readCount(properties, 'clientAuthMethod') ?? -1]);
  attributes.add('device_id', readText(properties, 'deviceId') ?? readText(properties, 'C_DeviceId'));
  attributes.add('directory_roles', readTexts(properties, 'wids')?.slice(0, 16).join(' '));
  for (const name of ['apiVersion', 'identityProvider', 'operationId', 'clientRequestId'] as const)
    attributes.add(name, readText(properties, name));
  const { outcome, reason } = httpOutcome(status, true);
  return ok({
    id: readText(properties, 'requestId'),
    timeMs,
    recordType: readText(record, 'category'),
    action: 'use',
    outcome,
    reason,
    token: tokenOf(properties, fp),
    principal: principalOf(properties, fp),
    address: readText(properties, 'ipAddress') ?? readText(record, 'callerIpAddress'),
    userAgent: readText(properties, 'userAgent'),
    target: {
      service: 'Microsoft Graph',
      address: uri?.[1],
      method: readText(properties, 'requestMethod'),
      path,
      route: path === undefined ? undefined : templateRoute(path),
      status,
    },
    sessionId: readText(properties, 'sessionId') ?? readText(properties, 'C_Sid'),
    requestId: readText(properties, 'requestId'),
    attributes,
  });
}
