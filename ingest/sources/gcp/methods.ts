import { actionOf } from '../kubernetes/meanings.js';
import { meaningRows, type EventMeaning } from '../shared/event-meanings.js';
import { meaningOfName } from '../workspace/event-names.js';

/** Last word of methodName → meaning, for the services that make and govern credentials. */
export const methodMeanings: ReadonlyMap<string, EventMeaning> = new Map([
  ...meaningRows('issue', 'GenerateAccessToken GenerateIdToken SignJwt SignBlob'),
  ...meaningRows('exchange', 'ExchangeToken ExchangeOauthToken'),
  ...meaningRows('introspect', 'IntrospectToken GetKeyString LookupKey GetServiceAccountKey'),
  ...meaningRows('create', 'CreateServiceAccountKey UploadServiceAccountKey CreateServiceAccount UndeleteServiceAccount CreateKey UndeleteKey CreateHmacKey CreateOauthClientCredential CreateWorkloadIdentityPoolProviderKey CreateWorkforcePoolProviderKey'),
  ...meaningRows('delete', 'DeleteServiceAccountKey DeleteServiceAccount DeleteKey DeleteHmacKey DeleteOauthClientCredential DeleteWorkloadIdentityPoolProviderKey DeleteWorkforcePoolProviderKey'),
  ...meaningRows('revoke', 'DisableServiceAccountKey DisableServiceAccount RevokeToken'),
  ...meaningRows('login', 'WebSignIn'),
  ...meaningRows('logout', 'WebSignOut'),
  ...meaningRows('grant', 'EnableServiceAccountKey EnableServiceAccount SetIamPolicy SetIAMPolicy SetIamPermissions InsertProjectOwnershipInvite'),
  ...meaningRows('policy_change', 'CreateRole UpdateRole DeleteRole UndeleteRole CreateWorkloadIdentityPool UpdateWorkloadIdentityPool DeleteWorkloadIdentityPool CreateWorkloadIdentityPoolProvider UpdateWorkloadIdentityPoolProvider DeleteWorkloadIdentityPoolProvider SetOrgPolicy CreatePolicy UpdatePolicy DeletePolicy UpdateKey PatchServiceAccount UpdateServiceAccount CreateOauthClient UpdateOauthClient DeleteOauthClient UndeleteOauthClient UpdateOauthClientCredential CreateWorkforcePool UpdateWorkforcePool DeleteWorkforcePool UndeleteWorkforcePool CreateWorkforcePoolProvider UpdateWorkforcePoolProvider DeleteWorkforcePoolProvider UndeleteWorkforcePoolProvider UndeleteWorkloadIdentityPool UndeleteWorkloadIdentityPoolProvider'),
]); // prettier-ignore

/**
 * Workspace shares its login audit with Cloud Logging under the names of its own in another spelling:
 * `google.login.LoginService.accountDisabledPasswordLeak` is `account_disabled_password_leak`.
 */
function meaningOfLogin(method: string): EventMeaning | undefined {
  const word = /^google\.login\.LoginService\.([A-Za-z0-9]{1,64})$/.exec(method)?.[1];
  if (word === undefined) return undefined;
  return meaningOfName(
    'login',
    word.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
  );
}

/**
 * Calls of a GKE cluster's API server: `io.k8s.core.v1.serviceaccounts.token.create`, group and version before the resource and
 * the verb at the end.
 */
function meaningOfCluster(method: string): EventMeaning | undefined {
  const parts =
    /^io\.k8s\.(?:[a-z0-9-]{1,63}\.){0,8}v\d[a-z0-9]{0,15}\.([a-z]{1,63})(?:\.([a-z]{1,63}))?\.([a-z]{1,63})$/.exec(
      method,
    );
  if (parts === null) return undefined;
  return { action: actionOf(parts[3] ?? '', parts[1] ?? '', parts[2] ?? '') };
}

/** Words that mean this only where the service is one of these: `CreateKey` of KMS makes no credential. */
const credentialServices =
  /^(?:iam|iamcredentials|sts|apikeys|cloudresourcemanager|serviceusage|storage|secretmanager|orgpolicy)\.googleapis\.com$/;

/** @returns `use` for every other call of an authenticated caller. */
export function meaningOfMethod(service: string, method: string, isAuthenticated: boolean): EventMeaning {
  const login = meaningOfLogin(method);
  if (login !== undefined) return login;
  if (service === 'k8s.io' && isAuthenticated) {
    const cluster = meaningOfCluster(method);
    if (cluster !== undefined) return cluster;
  }
  const word = method.slice(Math.max(method.lastIndexOf('.'), method.lastIndexOf('/')) + 1);
  const capital = word.charAt(0).toUpperCase() + word.slice(1);
  const row = methodMeanings.get(word) ?? methodMeanings.get(capital);
  if (row !== undefined && (credentialServices.test(service) || /^SetI[aA][mM]P/.test(capital))) return row;
  return { action: isAuthenticated ? 'use' : 'other' };
}
