import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { entraIssuer } from '../../event/canonical.js';
import type { Fingerprinter } from '../../event/fingerprint.js';
import type { Action, PrincipalFacts } from '../../event/token-event.js';
import type { AuditRecord } from '../shared/audit-event.js';
import { AttributeList } from '../shared/facts.js';
import {
  digText,
  isObject,
  type JsonObject,
  readBoolean,
  readList,
  readNumber,
  readObject,
  readText,
  readTexts,
} from '../shared/json-reader.js';
import { auditPrincipal } from '../shared/names.js';
import { refuse } from '../shared/refuse.js';
import type { ParseError } from '../source.js';
import { outcomeOfCode, outcomeOfResult } from './errors.js';
import { readObjectId } from './ids.js';
import { placeOf } from './place.js';
import { entraTime } from './time.js';
import { credentialToken, signInToken } from './token.js';

const product = 'entra';

const categories =
  /^(?:NonInteractiveUser|ServicePrincipal|ManagedIdentity|MicrosoftServicePrincipal|ADFS)?SignInLogs$/i;

export function isSignIn(record: JsonObject, properties: JsonObject): boolean {
  const category = readText(record, 'category');
  if (category !== undefined && categories.test(category)) return true;
  return readObject(properties, 'status') !== undefined && readText(properties, 'createdDateTime') !== undefined;
}

type Kind = 'interactive' | 'non_interactive' | 'service_principal' | 'managed_identity';

function kindOf(record: JsonObject, properties: JsonObject): Kind {
  const category = readText(record, 'category') ?? '';
  const types = (readTexts(properties, 'signInEventTypes') ?? []).join(' ');
  if (category.startsWith('ManagedIdentity') || types.includes('managedIdentity')) return 'managed_identity';
  if (category.includes('ServicePrincipal') || types.includes('servicePrincipal')) return 'service_principal';
  if (category.startsWith('NonInteractive') || types.includes('nonInteractive')) return 'non_interactive';
  const user = readText(properties, 'userId');
  if (user === undefined && readText(properties, 'servicePrincipalId') !== undefined) return 'service_principal';
  return readBoolean(properties, 'isInteractive') === false ? 'non_interactive' : 'interactive';
}

function principalOf(kind: Kind, properties: JsonObject, fp: Fingerprinter): PrincipalFacts | undefined {
  const clientId = readText(properties, 'appId');
  if (kind === 'service_principal' || kind === 'managed_identity') {
    const id = readObjectId(properties, 'servicePrincipalId') ?? clientId;
    const name = readText(properties, 'servicePrincipalName') ?? readText(properties, 'appDisplayName');
    return auditPrincipal(
      { kind: kind === 'managed_identity' ? 'workload' : 'client', issuer: entraIssuer, id, name, clientId },
      fp,
    );
  }
  const name = readText(properties, 'userPrincipalName') ?? readText(properties, 'userDisplayName');
  return auditPrincipal(
    { kind: 'user', issuer: entraIssuer, id: readObjectId(properties, 'userId') ?? name, name, clientId },
    fp,
  );
}

/** A sign-in of a person at a screen is a login; the others give a token, for a refresh token or for a credential. */
function actionOf(kind: Kind, properties: JsonObject): Action {
  if (kind === 'interactive') return 'login';
  return /refreshToken/i.test(readText(properties, 'incomingTokenType') ?? '') ? 'refresh' : 'issue';
}

const keptFields = [
  'appDisplayName', 'clientAppUsed', 'resourceDisplayName', 'authenticationRequirement', 'conditionalAccessStatus', 'incomingTokenType',
  'authenticationProtocol', 'originalTransferMethod', 'clientCredentialType', 'riskLevelDuringSignIn', 'riskState', 'riskDetail',
  'crossTenantAccessType', 'homeTenantId', 'resourceTenantId', 'userType', 'servicePrincipalCredentialThumbprint',
  'federatedCredentialId', 'signInTokenProtectionStatus', 'appTokenProtectionStatus', 'ipAddressFromResourceProvider',
  'globalSecureAccessIpAddress', 'tokenIssuerType', 'flaggedForReview', 'sourceAppClientId',
] as const; // prettier-ignore

/** Words of these fields for nothing to tell; most records are full of them. */
const nothing: ReadonlySet<string> = new Set(['none', 'hidden', 'false', 'notAgentic']);
const told = (text: string | undefined): string | undefined =>
  text === undefined || nothing.has(text) ? undefined : text;

const objectsOf = (properties: JsonObject, name: string): readonly JsonObject[] =>
  (readList(properties, name) ?? []).slice(0, 32).filter(isObject);

/** How the person proved who it is, which policies stood against it, and from which known network. */
function addLists(attributes: AttributeList, properties: JsonObject): void {
  for (const step of objectsOf(properties, 'authenticationDetails').slice(0, 3)) {
    const method = readText(step, 'authenticationMethod');
    const failed = readBoolean(step, 'succeeded') === false;
    attributes.add(failed ? 'auth_method_failed' : 'auth_method', method);
  }
  const policies = objectsOf(properties, 'appliedConditionalAccessPolicies');
  for (const policy of policies.filter((one) => readText(one, 'result') === 'failure').slice(0, 3))
    attributes.add('conditional_access_failed', readText(policy, 'displayName') ?? readText(policy, 'id'));
  for (const network of objectsOf(properties, 'networkLocationDetails').slice(0, 2))
    attributes.add('network_location', readTexts(network, 'networkNames')?.[0] ?? readText(network, 'networkType'));
  for (const type of (readTexts(properties, 'riskEventTypes_v2') ?? []).slice(0, 4)) attributes.add('risk_event', type);
}

function attributesOf(properties: JsonObject, code: number | undefined): AttributeList {
  const attributes = new AttributeList();
  attributes.add('error_code', code === 0 ? undefined : code);
  attributes.add('agent_type', told(digText(properties, 'agent', 'agentType')));
  attributes.add('agent_parent_app', digText(properties, 'agent', 'parentAppId'));
  for (const name of keptFields) attributes.add(name, told(readText(properties, name)));
  attributes.add('device_id', digText(properties, 'deviceDetail', 'deviceId'));
  attributes.add('device_os', digText(properties, 'deviceDetail', 'operatingSystem'));
  attributes.add('device_trust', digText(properties, 'deviceDetail', 'trustType'));
  attributes.add('device_compliant', digText(properties, 'deviceDetail', 'isCompliant'));
  attributes.add('device_managed', digText(properties, 'deviceDetail', 'isManaged'));
  attributes.add('token_protection', told(digText(properties, 'tokenProtectionStatusDetails', 'signInSessionStatus')));
  const identity = readObject(properties, 'managedServiceIdentity') ?? {};
  attributes.add('managed_identity_resource', readText(identity, 'associatedResourceId'));
  attributes.add('managed_identity_type', told(readText(identity, 'msiType')));
  attributes.add('federated_token_issuer', readText(identity, 'federatedTokenIssuer'));
  addLists(attributes, properties);
  return attributes;
}

export function readSignIn(
  record: JsonObject,
  properties: JsonObject,
  fp: Fingerprinter,
): Result<readonly AuditRecord[], ParseError> {
  const timeMs = entraTime([properties, record], ['createdDateTime', 'time', 'activityDateTime']);
  if (timeMs === undefined)
    return refuse(
      product,
      '/createdDateTime',
      'The record has no createdDateTime that is a time.',
      'Send sign-ins as Graph or diagnostic settings write them.',
    );
  const status = readObject(properties, 'status') ?? {};
  const code = readNumber(status, 'errorCode') ?? readNumber(record, 'resultType');
  const { outcome, reason } =
    code === undefined ? outcomeOfResult(readText(record, 'resultType') ?? '') : outcomeOfCode(code);
  const isUntold = code === undefined && outcome === 'unknown';
  const kind = kindOf(record, properties);
  const signIn: AuditRecord = {
    id: readText(properties, 'id'),
    timeMs,
    recordType: `sign_in ${kind}`,
    action: actionOf(kind, properties),
    outcome,
    reason,
    detail:
      outcome === 'success'
        ? []
        : [
            code === undefined ? undefined : `AADSTS${code}`,
            readText(status, 'failureReason') ?? readText(record, 'resultDescription'),
          ],
    // One that failed or stopped for a question has an identifier too, and gave no token.
    token: outcome === 'success' || isUntold ? signInToken(properties, fp) : undefined,
    principal: principalOf(kind, properties, fp),
    address: readText(properties, 'ipAddress') ?? readText(record, 'callerIpAddress'),
    geo: placeOf(properties),
    userAgent: readText(properties, 'userAgent'),
    target: {
      service: readText(properties, 'resourceDisplayName') ?? product,
      method: told(readText(properties, 'authenticationProtocol')),
    },
    sessionId: readText(properties, 'sessionId'),
    requestId:
      readText(properties, 'originalRequestId') ??
      readText(properties, 'correlationId') ??
      readText(record, 'correlationId'),
    attributes: attributesOf(properties, code),
  };
  const use = kind === 'service_principal' ? credentialUse(signIn, properties, fp) : undefined;
  return ok(use === undefined ? [signIn] : [signIn, use]);
}

/**
 * The same sign-in as a use of the secret or certificate that was shown, beside the token that it gave: else what an application signs in with
 * would never be used, nor would one that was added and is used elsewhere be seen.
 */
function credentialUse(signIn: AuditRecord, properties: JsonObject, fp: Fingerprinter): AuditRecord | undefined {
  const id = readObjectId(properties, 'servicePrincipalCredentialKeyId');
  if (id === undefined) return undefined;
  return {
    ...signIn,
    id: signIn.id === undefined ? undefined : `${signIn.id}#credential`,
    action: 'use',
    token: credentialToken(id, readText(properties, 'servicePrincipalName'), fp),
  };
}
