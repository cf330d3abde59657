import type { Action } from '../../event/token-event.js';

/** Where the credential of a CloudTrail event stands. */
export type KeySubject =
  /** userIdentity.accessKeyId: the key that signed the call */
  | 'caller'
  /** responseElements.credentials (STS) or roleCredentials: a temporary key that the call made */
  | 'credentials'
  /** responseElements.accessKey: a long-term key that the call made */
  | 'accessKey'
  /** requestParameters.accessKeyId: the key that the call is about */
  | 'named';

export interface NameMeaning {
  readonly action: Action;
  readonly subject: KeySubject;
}

const meaning = (action: Action, subject: KeySubject = 'caller'): NameMeaning => ({ action, subject });

const sts = 'sts.amazonaws.com';
const iam = 'iam.amazonaws.com';
const signin = 'signin.amazonaws.com';
const sso = 'sso.amazonaws.com';
const oidc = 'sso-oauth.amazonaws.com';
const cognito = 'cognito-idp.amazonaws.com';

const of = (
  source: string,
  action: Action,
  subject: KeySubject,
  names: string,
): readonly (readonly [string, NameMeaning])[] =>
  names.split(' ').map((name) => [`${source}/${name}`, meaning(action, subject)] as const);

/** eventSource/eventName → meaning. An API call that is not here is a `use` of the key that signed it. */
export const nameMeanings: ReadonlyMap<string, NameMeaning> = new Map([
  ...of(sts, 'issue', 'credentials', 'AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot GetSessionToken GetFederationToken GetDelegatedAccessToken GetScopedCredentials'),
  ...of(sts, 'issue', 'caller', 'GetWebIdentityToken'),
  ...of(sts, 'introspect', 'caller', 'GetCallerIdentity DecodeAuthorizationMessage'),
  ...of(sts, 'introspect', 'named', 'GetAccessKeyInfo'),
  ...of(iam, 'create', 'accessKey', 'CreateAccessKey'),
  ...of(iam, 'delete', 'named', 'DeleteAccessKey'),
  ...of(iam, 'revoke', 'named', 'UpdateAccessKey'),
  ...of(iam, 'introspect', 'named', 'GetAccessKeyLastUsed'),
  ...of(iam, 'create', 'caller', 'CreateUser CreateRole CreateLoginProfile CreateServiceSpecificCredential CreateVirtualMFADevice UploadSigningCertificate UploadSSHPublicKey UploadServerCertificate CreateInstanceProfile CreateServiceLinkedRole'),
  ...of(iam, 'rotate', 'caller', 'UpdateLoginProfile ChangePassword ResetServiceSpecificCredential'),
  ...of(iam, 'delete', 'caller', 'DeleteUser DeleteRole DeleteLoginProfile DeleteServiceSpecificCredential DeleteSigningCertificate DeleteSSHPublicKey DeleteServerCertificate DeleteVirtualMFADevice DeleteInstanceProfile DeleteServiceLinkedRole'),
  ...of(iam, 'grant', 'caller', 'AttachUserPolicy AttachRolePolicy AttachGroupPolicy PutUserPolicy PutRolePolicy PutGroupPolicy AddUserToGroup AddRoleToInstanceProfile AcceptDelegationRequest'),
  ...of(iam, 'issue', 'caller', 'SendDelegationToken'),
  ...of(iam, 'policy_change', 'caller', 'DetachUserPolicy DetachRolePolicy DetachGroupPolicy DeleteUserPolicy DeleteRolePolicy DeleteGroupPolicy RemoveUserFromGroup RemoveRoleFromInstanceProfile CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion SetDefaultPolicyVersion UpdateAssumeRolePolicy PutUserPermissionsBoundary PutRolePermissionsBoundary DeleteUserPermissionsBoundary DeleteRolePermissionsBoundary CreateGroup DeleteGroup UpdateGroup UpdateUser UpdateRole UpdateAccountPasswordPolicy DeleteAccountPasswordPolicy EnableMFADevice DeactivateMFADevice ResyncMFADevice UpdateServiceSpecificCredential UpdateSigningCertificate UpdateSSHPublicKey CreateSAMLProvider UpdateSAMLProvider DeleteSAMLProvider CreateOpenIDConnectProvider DeleteOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider CreateAccountAlias DeleteAccountAlias SetSecurityTokenServicePreferences UpdateOpenIDConnectProvider UpdateRoleDescription UpdateServerCertificate EnableOrganizationsRootCredentialsManagement DisableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions DisableOrganizationsRootSessions EnableOutboundWebIdentityFederation DisableOutboundWebIdentityFederation PutAccountProperties CreateDelegationRequest AssociateDelegationRequest UpdateDelegationRequest RejectDelegationRequest'),
  ...of(signin, 'login', 'caller', 'ConsoleLogin SwitchRole CheckMfa'),
  ...of(signin, 'logout', 'caller', 'Logout ExitRole'),
  ...of(signin, 'refresh', 'caller', 'RenewRole'),
  ...of(signin, 'issue', 'caller', 'GetSigninToken CreateOAuth2Token CreateOAuth2TokenWithIAM CreateBearerToken'),
  ...of(signin, 'exchange', 'caller', 'CreateOAuth2TokenWithTokenExchange'),
  ...of(signin, 'introspect', 'caller', 'IntrospectOAuth2TokenWithIAM'),
  ...of(signin, 'revoke', 'caller', 'RevokeOAuth2TokenWithIAM BatchRevokeSessions'),
  ...of(signin, 'policy_change', 'caller', 'PutConsoleAuthorizationConfiguration DeleteConsoleAuthorizationConfiguration PutResourcePermissionStatement DeleteResourcePermissionStatement'),
  ...of(signin, 'rotate', 'caller', 'PasswordRecoveryCompleted PasswordUpdated'),
  ...of(signin, 'other', 'caller', 'PasswordRecoveryRequested EmailUpdated MobileNumberUpdated'),
  ...of(signin, 'login', 'caller', 'UserAuthentication CredentialChallenge CredentialVerification'),
  ...of(sso, 'login', 'caller', 'Authenticate UserAuthentication Federate'),
  ...of(sso, 'logout', 'caller', 'Logout SignOut'),
  ...of(sso, 'issue', 'credentials', 'GetRoleCredentials'),
  ...of(sso, 'grant', 'caller', 'CreateAccountAssignment CreateApplicationAssignment PutApplicationGrant PutApplicationAccessScope AttachManagedPolicyToPermissionSet AttachCustomerManagedPolicyReferenceToPermissionSet PutInlinePolicyToPermissionSet'),
  ...of(sso, 'policy_change', 'caller', 'DeleteAccountAssignment DeleteApplicationAssignment DeleteApplicationGrant DeleteApplicationAccessScope PutApplicationAuthenticationMethod DeleteApplicationAuthenticationMethod PutApplicationSessionConfiguration CreatePermissionSet UpdatePermissionSet DeletePermissionSet DetachManagedPolicyFromPermissionSet DetachCustomerManagedPolicyReferenceFromPermissionSet DeleteInlinePolicyFromPermissionSet PutPermissionsBoundaryToPermissionSet DeletePermissionsBoundaryFromPermissionSet CreateTrustedTokenIssuer UpdateTrustedTokenIssuer DeleteTrustedTokenIssuer'),
  ...of(oidc, 'issue', 'caller', 'CreateToken CreateTokenWithIAM'),
  ...of(sso, 'issue', 'caller', 'CreateToken'),
  ...of(oidc, 'grant', 'caller', 'StartDeviceAuthorization'),
  ...of(oidc, 'create', 'caller', 'RegisterClient'),
  ...of('cognito-identity.amazonaws.com', 'issue', 'credentials', 'GetCredentialsForIdentity'),
  ...of('cognito-identity.amazonaws.com', 'issue', 'caller', 'GetOpenIdToken GetOpenIdTokenForDeveloperIdentity'),
  ...of('cognito-identity.amazonaws.com', 'policy_change', 'caller', 'CreateIdentityPool UpdateIdentityPool DeleteIdentityPool SetIdentityPoolRoles SetPrincipalTagAttributeMap'),
  ...of(cognito, 'login', 'caller', 'InitiateAuth AdminInitiateAuth RespondToAuthChallenge AdminRespondToAuthChallenge'),
  ...of(cognito, 'refresh', 'caller', 'GetTokensFromRefreshToken'),
  ...of(cognito, 'revoke', 'caller', 'RevokeToken GlobalSignOut AdminUserGlobalSignOut AdminDisableUser'),
  ...of(cognito, 'create', 'caller', 'SignUp AdminCreateUser CreateUserPoolClient AddUserPoolClientSecret'),
  ...of(cognito, 'delete', 'caller', 'DeleteUser AdminDeleteUser DeleteUserPoolClient DeleteUserPoolClientSecret DeleteWebAuthnCredential'),
  ...of(cognito, 'rotate', 'caller', 'ChangePassword ConfirmForgotPassword AdminSetUserPassword AdminResetUserPassword'),
  ...of(cognito, 'policy_change', 'caller', 'UpdateUserPoolClient SetUserPoolMfaConfig SetUserPoolClientSessionConfiguration'),
  ...of('rolesanywhere.amazonaws.com', 'issue', 'credentials', 'CreateSession'),
  ...of('rolesanywhere.amazonaws.com', 'policy_change', 'caller', 'CreateProfile UpdateProfile DeleteProfile EnableProfile DisableProfile CreateTrustAnchor UpdateTrustAnchor DeleteTrustAnchor EnableTrustAnchor DisableTrustAnchor ImportCrl UpdateCrl DeleteCrl EnableCrl DisableCrl PutAttributeMapping DeleteAttributeMapping'),
  ...of('secretsmanager.amazonaws.com', 'policy_change', 'caller', 'PutResourcePolicy DeleteResourcePolicy'),
  ...of('kms.amazonaws.com', 'grant', 'caller', 'CreateGrant'),
  ...of('kms.amazonaws.com', 'policy_change', 'caller', 'RevokeGrant RetireGrant PutKeyPolicy'),
  ...of('secretsmanager.amazonaws.com', 'rotate', 'caller', 'RotateSecret RotationStarted RotationSucceeded RotationFailed'),
  ...of('kms.amazonaws.com', 'rotate', 'caller', 'RotateKey RotateKeyOnDemand'),
]); // prettier-ignore

/** eventType → what an event of an unlisted name is. */
export function meaningOf(eventSource: string, eventName: string, eventType: string | undefined): NameMeaning {
  const found = nameMeanings.get(`${eventSource}/${eventName}`);
  if (found !== undefined) return found;
  switch (eventType) {
    case undefined:
    case 'AwsApiCall':
    case 'AwsConsoleAction':
    case 'AwsVpceEvent':
      return meaning('use');
    case 'AwsConsoleSignIn':
      return meaning('login');
    default:
      return meaning('other');
  }
}
