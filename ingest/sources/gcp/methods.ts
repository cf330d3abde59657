import { meaningRows, type EventMeaning } from '../shared/event-meanings.js';

/** Last word of methodName → meaning, for the services that make and govern credentials. */
export const methodMeanings: ReadonlyMap<string, EventMeaning> = new Map([
  ...meaningRows('issue', 'GenerateAccessToken GenerateIdToken SignJwt SignBlob'),
  ...meaningRows('exchange', 'ExchangeToken ExchangeOauthToken'),
  ...meaningRows('introspect', 'IntrospectToken GetKeyString LookupKey GetServiceAccountKey'),
  ...meaningRows('create', 'CreateServiceAccountKey UploadServiceAccountKey CreateServiceAccount UndeleteServiceAccount CreateKey UndeleteKey CreateHmacKey CreateOAuthClientCredential CreateWorkloadIdentityPoolProviderKey'),
  ...meaningRows('delete', 'DeleteServiceAccountKey DeleteServiceAccount DeleteKey DeleteHmacKey DeleteOAuthClientCredential DeleteWorkloadIdentityPoolProviderKey'),
  ...meaningRows('revoke', 'DisableServiceAccountKey DisableServiceAccount RevokeToken'),
  ...meaningRows('grant', 'EnableServiceAccountKey EnableServiceAccount SetIamPolicy SetIAMPolicy SetIamPermissions'),
  ...meaningRows('policy_change', 'CreateRole UpdateRole DeleteRole UndeleteRole CreateWorkloadIdentityPool UpdateWorkloadIdentityPool DeleteWorkloadIdentityPool CreateWorkloadIdentityPoolProvider UpdateWorkloadIdentityPoolProvider DeleteWorkloadIdentityPoolProvider SetOrgPolicy CreatePolicy UpdatePolicy DeletePolicy UpdateKey PatchServiceAccount UpdateServiceAccount CreateOAuthClient UpdateOAuthClient DeleteOAuthClient'),
  ...meaningRows('login', 'loginSuccess loginFailure loginVerification loginChallenge'),
  ...meaningRows('logout', 'logout'),
]); // prettier-ignore

/** Words that mean this only where the service is one of these: `CreateKey` of KMS makes no credential. */
const credentialServices =
  /^(?:iam|iamcredentials|sts|apikeys|cloudresourcemanager|login|serviceusage|storage|secretmanager|orgpolicy)\.googleapis\.com$/;

/** @returns `use` for every other call of an authenticated caller. */
export function meaningOfMethod(service: string, method: string, isAuthenticated: boolean): EventMeaning {
  const word = method.slice(Math.max(method.lastIndexOf('.'), method.lastIndexOf('/')) + 1);
  const capital = word.charAt(0).toUpperCase() + word.slice(1);
  const row = methodMeanings.get(word) ?? methodMeanings.get(capital);
  if (row !== undefined && (credentialServices.test(service) || /^SetI[aA][mM]P/.test(capital))) return row;
  return { action: isAuthenticated ? 'use' : 'other' };
}
