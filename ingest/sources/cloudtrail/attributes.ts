import type { TokenEvent } from '../../event/token-event.js';
import { AttributeList } from '../shared/facts.js';
import {
  digText,
  isObject,
  type JsonObject,
  readList,
  readObject,
  readText,
  readTexts,
} from '../shared/json-reader.js';
import { sessionNameOf } from './identity.js';
import { isDryRun } from './outcome.js';

/** Request parameters that name what was touched; all others stay out, some of them hold passwords. */
const keptParameters = [
  'roleArn', 'roleSessionName', 'sourceIdentity', 'userName', 'roleName', 'groupName', 'policyArn', 'policyName',
  'bucketName', 'secretId', 'keyId', 'functionName', 'serialNumber', 'providerId', 'principalArn', 'durationSeconds',
  'clientId', 'grantType', 'role_name',
] as const; // prettier-ignore

/** Who the provider of a web identity says it is, and for which application: keys such as `accounts.google.com:aud`. */
function addFederation(attributes: AttributeList, context: JsonObject): void {
  const federation = readObject(context, 'webIdFederationData') ?? {};
  attributes.add('federated_provider', readText(federation, 'federatedProvider'));
  const told = readObject(federation, 'attributes') ?? {};
  for (const key of Object.keys(told).slice(0, 8)) {
    if (/(?:^|:)(?:sub|user_id)$/.test(key)) attributes.add('federated_user', readText(told, key));
    if (/(?:^|:)(?:aud|app_id)$/.test(key)) attributes.add('federated_app', readText(told, key));
  }
}

/** Session tags that EKS Pod Identity sets. */
const podTags: ReadonlyMap<string, string> = new Map([
  ['eks-cluster-name', 'kubernetes_cluster'],
  ['kubernetes-namespace', 'kubernetes_namespace'],
  ['kubernetes-service-account', 'kubernetes_service_account'],
  ['kubernetes-pod-name', 'kubernetes_pod'],
]);

/** The workload that a role was assumed for: EKS tells it in its own answer, and in the session tags of the call to STS. */
function addPod(attributes: AttributeList, record: JsonObject): void {
  if (readText(record, 'eventSource') === 'eks-auth.amazonaws.com') {
    const subject = digText(record, 'responseElements', 'subject', 'serviceAccount');
    attributes.add('kubernetes_cluster', digText(record, 'requestParameters', 'clusterName'));
    attributes.add('kubernetes_namespace', digText(record, 'responseElements', 'subject', 'namespace'));
    attributes.add('kubernetes_service_account', subject);
    return;
  }
  const tags = readList(readObject(record, 'requestParameters') ?? {}, 'tags') ?? [];
  for (const tag of tags.slice(0, 50)) {
    const name = isObject(tag) ? podTags.get(readText(tag, 'key') ?? '') : undefined;
    if (isObject(tag) && name !== undefined) attributes.add(name, readText(tag, 'value'));
  }
}

/** The person for whom a role's session acts, named as Identity Center's own events name it. */
function onBehalfOf(identity: JsonObject): string | undefined {
  const user = digText(identity, 'onBehalfOf', 'userId');
  const store = digText(identity, 'onBehalfOf', 'identityStoreArn');
  return user === undefined || store === undefined ? user : `${store}|${user}`;
}

export interface Others {
  /** Who called, where the event's principal is another. */
  readonly actor: string | undefined;
  /** Whom the call was about. */
  readonly affected: string | undefined;
}

export function attributesOf(
  record: JsonObject,
  identity: JsonObject,
  { actor, affected }: Others,
): TokenEvent['attributes'] | undefined {
  const attributes = new AttributeList();
  attributes.add('actor', actor);
  attributes.add('target_user', affected);
  attributes.add('aws_region', readText(record, 'awsRegion'));
  attributes.add('account_id', readText(record, 'recipientAccountId') ?? readText(identity, 'accountId'));
  attributes.add('identity_type', readText(identity, 'type'));
  attributes.add('session_name', sessionNameOf(identity));
  attributes.add('source_identity', digText(identity, 'sessionContext', 'sourceIdentity'));
  attributes.add('mfa_authenticated', digText(identity, 'sessionContext', 'attributes', 'mfaAuthenticated'));
  attributes.add('mfa_used', digText(record, 'additionalEventData', 'MFAUsed'));
  attributes.add('ec2_role_delivery', digText(identity, 'sessionContext', 'ec2RoleDelivery'));
  attributes.add('invoked_by', readText(identity, 'invokedBy'));
  addFederation(attributes, readObject(identity, 'sessionContext') ?? {});
  attributes.add('assumed_root', digText(identity, 'sessionContext', 'assumedRoot'));
  attributes.add('on_behalf_of', onBehalfOf(identity));
  attributes.add(
    'in_scope_of',
    digText(identity, 'inScopeOf', 'credentialsIssuedTo') ?? digText(identity, 'inScopeOf', 'sourceArn'),
  );
  attributes.add('invoked_by_delegate', digText(identity, 'invokedByDelegate', 'accountId'));
  attributes.add('console_session', readText(record, 'sessionCredentialFromConsole'));
  attributes.add('dry_run', isDryRun(readText(record, 'errorCode')) || undefined);
  attributes.add('read_only', readText(record, 'readOnly'));
  attributes.add('event_category', readText(record, 'eventCategory'));
  attributes.add('vpc_endpoint_id', readText(record, 'vpcEndpointId'));
  attributes.add('shared_event_id', readText(record, 'sharedEventID'));
  addPod(attributes, record);
  const extra = readObject(record, 'additionalEventData') ?? {};
  const request = readObject(record, 'requestParameters') ?? {};
  for (const name of keptParameters) attributes.add(name, readText(request, name));
  attributes.add('target_account_id', readText(request, 'account_id'));
  attributes.add('secretId', readText(extra, 'SecretId'));
  attributes.add('user_pool', readText(extra, 'userPoolId'));
  attributes.add('client_id', readTexts(readObject(extra, 'requestParameters') ?? {}, 'client_id')?.[0]);
  attributes.add('grant_type', readTexts(readObject(extra, 'requestParameters') ?? {}, 'grant_type')?.[0]);
  for (const name of (readTexts(request, 'names') ?? []).slice(0, 8)) attributes.add('parameter', name);
  for (const resource of (readList(record, 'resources') ?? []).slice(0, 4)) {
    if (isObject(resource)) attributes.add('resource', readText(resource, 'ARN'));
  }
  return attributes.done();
}
