import type { Action } from '../../event/token-event.js';

/** Where the credential of a CloudTrail event stands. */
export type KeySubject =
  /** userIdentity.accessKeyId: the key that signed the call */
  | 'caller'
  /** the answer's credentials: a temporary key that the call made */
  | 'credentials'
  /** the answer's accessKey, or another long-term credential that the call made */
  | 'made'
  /** requestParameters.accessKeyId, or the id of another credential that the call is about */
  | 'named'
  /** a token that the answer does not name; who called only used another one */
  | 'unnamed';

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
const identities = 'cognito-identity.amazonaws.com';
const anywhere = 'rolesanywhere.amazonaws.com';
const secrets = 'secretsmanager.amazonaws.com';
const kms = 'kms.amazonaws.com';
const ssm = 'ssm.amazonaws.com';
const eks = 'eks.amazonaws.com';
const ec2 = 'ec2.amazonaws.com';

const of = (
  source: string,
  action: Action,
  subject: KeySubject,
  names: string,
): readonly (readonly [string, NameMeaning])[] =>
  names.split(' ').map((name) => [`${source}/${name}`, meaning(action, subject)] as const);

/** The directory of Identity Center: its console, its public API, and SCIM. */
const directory = 'sso-directory.amazonaws.com';
const identitystore = 'identitystore.amazonaws.com';
const scim = 'identitystore-scim.amazonaws.com';

const identityStore = (source: string): readonly (readonly [string, NameMeaning])[] => [
  ...of(source, 'create', 'caller', 'CreateUser'),
  ...of(source, 'delete', 'caller', 'DeleteUser'),
  ...of(source, 'grant', 'caller', 'CreateGroupMembership'),
  ...of(source, 'policy_change', 'caller', 'DeleteGroupMembership CreateGroup UpdateGroup DeleteGroup UpdateUser UpdateIdentityStore'),
]; // prettier-ignore

/** eventSource/eventName → meaning. An API call that is not here is a `use` of the key that signed it. */
export const nameMeanings: ReadonlyMap<string, NameMeaning> = new Map([
  ...of(sts, 'issue', 'credentials', 'AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot GetSessionToken GetFederationToken GetDelegatedAccessToken GetScopedCredentials'),
  ...of(sts, 'issue', 'unnamed', 'GetWebIdentityToken'),
  ...of(sts, 'introspect', 'caller', 'GetCallerIdentity DecodeAuthorizationMessage'),
  ...of(sts, 'introspect', 'named', 'GetAccessKeyInfo'),
  ...of(iam, 'create', 'made', 'CreateAccessKey CreateServiceSpecificCredential UploadSSHPublicKey UploadSigningCertificate'),
  ...of(iam, 'delete', 'named', 'DeleteAccessKey DeleteServiceSpecificCredential DeleteSSHPublicKey DeleteSigningCertificate'),
  ...of(iam, 'revoke', 'named', 'UpdateAccessKey UpdateServiceSpecificCredential UpdateSSHPublicKey UpdateSigningCertificate'),
  ...of(iam, 'rotate', 'named', 'ResetServiceSpecificCredential'),
  ...of(iam, 'introspect', 'named', 'GetAccessKeyLastUsed'),
  ...of(iam, 'create', 'caller', 'CreateUser CreateRole AcquireRole CreateLoginProfile CreateVirtualMFADevice UploadServerCertificate CreateInstanceProfile CreateServiceLinkedRole'),
  ...of(iam, 'rotate', 'caller', 'UpdateLoginProfile ChangePassword'),
  ...of(iam, 'delete', 'caller', 'DeleteUser DeleteRole DeleteLoginProfile DeleteServerCertificate DeleteVirtualMFADevice DeleteInstanceProfile DeleteServiceLinkedRole'),
  ...of(iam, 'grant', 'caller', 'AttachUserPolicy AttachRolePolicy AttachGroupPolicy PutUserPolicy PutRolePolicy PutGroupPolicy AddUserToGroup AddRoleToInstanceProfile AcceptDelegationRequest'),
  ...of(iam, 'issue', 'unnamed', 'SendDelegationToken'),
  ...of(iam, 'policy_change', 'caller', 'DetachUserPolicy DetachRolePolicy DetachGroupPolicy DeleteUserPolicy DeleteRolePolicy DeleteGroupPolicy RemoveUserFromGroup RemoveRoleFromInstanceProfile CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion SetDefaultPolicyVersion UpdateAssumeRolePolicy PutUserPermissionsBoundary PutRolePermissionsBoundary DeleteUserPermissionsBoundary DeleteRolePermissionsBoundary CreateGroup DeleteGroup UpdateGroup UpdateUser UpdateRole UpdateAccountPasswordPolicy DeleteAccountPasswordPolicy EnableMFADevice DeactivateMFADevice ResyncMFADevice CreateSAMLProvider UpdateSAMLProvider DeleteSAMLProvider CreateOpenIDConnectProvider DeleteOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider CreateAccountAlias DeleteAccountAlias SetSecurityTokenServicePreferences UpdateOpenIDConnectProvider UpdateRoleDescription UpdateServerCertificate EnableOrganizationsRootCredentialsManagement DisableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions DisableOrganizationsRootSessions EnableOutboundWebIdentityFederation DisableOutboundWebIdentityFederation PutAccountProperties CreateDelegationRequest AssociateDelegationRequest UpdateDelegationRequest RejectDelegationRequest'),
  ...of(signin, 'login', 'caller', 'ConsoleLogin SwitchRole CheckMfa UserAuthentication CredentialChallenge CredentialVerification'),
  ...of(signin, 'logout', 'caller', 'Logout ExitRole'),
  ...of(signin, 'refresh', 'caller', 'RenewRole'),
  ...of(signin, 'issue', 'unnamed', 'GetSigninToken CreateOAuth2Token CreateOAuth2TokenWithIAM CreateBearerToken'),
  ...of(signin, 'exchange', 'unnamed', 'CreateOAuth2TokenWithTokenExchange'),
  ...of(signin, 'introspect', 'caller', 'IntrospectOAuth2TokenWithIAM'),
  ...of(signin, 'revoke', 'caller', 'RevokeOAuth2TokenWithIAM BatchRevokeSessions'),
  ...of(signin, 'policy_change', 'caller', 'PutConsoleAuthorizationConfiguration DeleteConsoleAuthorizationConfiguration PutResourcePermissionStatement DeleteResourcePermissionStatement'),
  ...of(signin, 'rotate', 'caller', 'PasswordRecoveryCompleted PasswordUpdated'),
  ...of(signin, 'other', 'caller', 'PasswordRecoveryRequested EmailUpdated MobileNumberUpdated'),
  ...of(sso, 'login', 'caller', 'Authenticate UserAuthentication Federate'),
  ...of(sso, 'logout', 'caller', 'Logout SignOut'),
  ...of(sso, 'issue', 'credentials', 'GetRoleCredentials'),
  ...of(sso, 'issue', 'unnamed', 'CreateToken'),
  ...of(sso, 'create', 'caller', 'CreateApplication CreateApplicationInstance CreateApplicationInstanceCertificate'),
  ...of(sso, 'delete', 'caller', 'DeleteApplication DeleteApplicationInstance DeleteApplicationInstanceCertificate'),
  ...of(sso, 'rotate', 'caller', 'UpdateApplicationInstanceActiveCertificate'),
  ...of(sso, 'revoke', 'caller', 'BatchDeleteSession'),
  ...of(sso, 'grant', 'caller', 'CreateAccountAssignment CreateApplicationAssignment PutApplicationGrant PutApplicationAccessScope AttachManagedPolicyToPermissionSet AttachCustomerManagedPolicyReferenceToPermissionSet PutInlinePolicyToPermissionSet PutPermissionsPolicy AssociateProfile'),
  ...of(sso, 'policy_change', 'caller', 'DeleteAccountAssignment DeleteApplicationAssignment DeleteApplicationGrant DeleteApplicationAccessScope PutApplicationAuthenticationMethod DeleteApplicationAuthenticationMethod PutApplicationSessionConfiguration CreatePermissionSet UpdatePermissionSet DeletePermissionSet DetachManagedPolicyFromPermissionSet DetachCustomerManagedPolicyReferenceFromPermissionSet DeleteInlinePolicyFromPermissionSet PutPermissionsBoundaryToPermissionSet DeletePermissionsBoundaryFromPermissionSet CreateTrustedTokenIssuer UpdateTrustedTokenIssuer DeleteTrustedTokenIssuer ProvisionPermissionSet DeletePermissionsPolicy CreateProfile UpdateProfile DeleteProfile DisassociateProfile UpdateApplication PutApplicationAssignmentConfiguration CreateInstanceAccessControlAttributeConfiguration UpdateInstanceAccessControlAttributeConfiguration DeleteInstanceAccessControlAttributeConfiguration StartSSO CreateInstance UpdateInstance DeleteInstance AssociateDirectory DisassociateDirectory UpdateDirectoryAssociation PutMfaDeviceManagementForDirectory UpdateApplicationInstanceStatus UpdateApplicationInstanceSecurityConfiguration UpdateApplicationInstanceServiceProviderConfiguration UpdateApplicationInstanceResponseConfiguration UpdateApplicationInstanceResponseSchemaConfiguration ImportApplicationInstanceServiceProviderMetadata'),
  ...of(oidc, 'issue', 'unnamed', 'CreateToken CreateTokenWithIAM'),
  ...of(oidc, 'grant', 'caller', 'StartDeviceAuthorization'),
  ...of(oidc, 'create', 'caller', 'RegisterClient'),
  ...identityStore(directory),
  ...identityStore(identitystore),
  ...of(directory, 'create', 'caller', 'CompleteVirtualMfaDeviceRegistration CompleteWebAuthnDeviceRegistration CreateBearerToken'),
  ...of(directory, 'delete', 'caller', 'DeleteMfaDeviceForUser'),
  ...of(directory, 'revoke', 'caller', 'DisableUser DeleteBearerToken'),
  ...of(directory, 'rotate', 'caller', 'UpdatePassword'),
  ...of(directory, 'grant', 'caller', 'AddMemberToGroup EnableUser'),
  ...of(directory, 'policy_change', 'caller', 'RemoveMemberFromGroup UpdateMfaDeviceForUser PutMfaDeviceManagementForDirectory CreateExternalIdPConfigurationForDirectory UpdateExternalIdPConfigurationForDirectory EnableExternalIdPConfigurationForDirectory DisableExternalIdPConfigurationForDirectory DeleteExternalIdPConfigurationForDirectory DeleteExternalIdPCertificate CreateProvisioningTenant DeleteProvisioningTenant'),
  ...of(directory, 'admin', 'caller', 'StartVirtualMfaDeviceRegistration StartWebAuthnDeviceRegistration VerifyEmail CreateAlias'),
  ...of(scim, 'create', 'caller', 'CreateUser'),
  ...of(scim, 'delete', 'caller', 'DeleteUser'),
  ...of(scim, 'policy_change', 'caller', 'PatchUser PutUser CreateGroup PatchGroup DeleteGroup'),
  ...of(identities, 'issue', 'credentials', 'GetCredentialsForIdentity'),
  ...of(identities, 'issue', 'unnamed', 'GetOpenIdToken GetOpenIdTokenForDeveloperIdentity'),
  ...of(identities, 'delete', 'caller', 'DeleteIdentities'),
  ...of(identities, 'policy_change', 'caller', 'CreateIdentityPool UpdateIdentityPool DeleteIdentityPool SetIdentityPoolRoles SetPrincipalTagAttributeMap UnlinkIdentity UnlinkDeveloperIdentity MergeDeveloperIdentities'),
  ...of(cognito, 'login', 'unnamed', 'InitiateAuth AdminInitiateAuth RespondToAuthChallenge AdminRespondToAuthChallenge'),
  ...of(cognito, 'refresh', 'unnamed', 'GetTokensFromRefreshToken'),
  ...of(cognito, 'introspect', 'caller', 'GetUser'),
  ...of(cognito, 'revoke', 'caller', 'RevokeToken GlobalSignOut AdminUserGlobalSignOut AdminDisableUser RevokeUserSession AdminRevokeUserSession ForgetDevice AdminForgetDevice'),
  ...of(cognito, 'create', 'caller', 'SignUp AdminCreateUser CreateUserPoolClient AddUserPoolClientSecret VerifySoftwareToken CompleteWebAuthnRegistration ConfirmDevice'),
  ...of(cognito, 'delete', 'caller', 'DeleteUser AdminDeleteUser DeleteUserPoolClient DeleteUserPoolClientSecret DeleteWebAuthnCredential AdminDeleteSoftwareToken'),
  ...of(cognito, 'rotate', 'caller', 'ChangePassword ConfirmForgotPassword AdminSetUserPassword AdminResetUserPassword'),
  ...of(cognito, 'grant', 'caller', 'AdminAddUserToGroup AdminEnableUser AdminLinkProviderForUser'),
  ...of(cognito, 'policy_change', 'caller', 'UpdateUserPoolClient SetUserPoolMfaConfig SetUserPoolClientSessionConfiguration SetUserPoolSessionConfiguration CreateUserPool UpdateUserPool DeleteUserPool CreateUserPoolDomain UpdateUserPoolDomain DeleteUserPoolDomain CreateResourceServer UpdateResourceServer DeleteResourceServer CreateIdentityProvider UpdateIdentityProvider DeleteIdentityProvider CreateGroup UpdateGroup DeleteGroup AdminRemoveUserFromGroup AdminDisableProviderForUser SetRiskConfiguration CreateCIMDPolicy UpdateCIMDPolicy DeleteCIMDPolicy UpdateClientMetadataURLState SetUserMFAPreference AdminSetUserMFAPreference SetUserSettings AdminSetUserSettings UpdateUserAttributes AdminUpdateUserAttributes DeleteUserAttributes AdminDeleteUserAttributes UpdateDeviceStatus AdminUpdateDeviceStatus'),
  ...of(cognito, 'admin', 'caller', 'ConfirmSignUp AdminConfirmSignUp ResendConfirmationCode ForgotPassword VerifyUserAttribute AssociateSoftwareToken StartWebAuthnRegistration UpdateAuthEventFeedback AdminUpdateAuthEventFeedback'),
  // Managed login, which no operation of the API stands for.
  ...of(cognito, 'login', 'unnamed', 'CognitoAuthentication Login_POST OAuth2Response_GET OAuth2Response_POST SAML2Response_POST Mfa_POST'),
  ...of(cognito, 'issue', 'unnamed', 'Token_POST'),
  ...of(cognito, 'use', 'caller', 'UserInfo_GET UserInfo_POST'),
  ...of(cognito, 'logout', 'caller', 'Logout SAML2Logout_POST'),
  ...of(cognito, 'create', 'caller', 'Signup_POST'),
  ...of(cognito, 'rotate', 'caller', 'ConfirmForgotPassword_POST ResetPassword_POST'),
  ...of(cognito, 'admin', 'caller', 'Confirm_POST Confirm_With_Link_GET ResendCode_POST ForgotPassword_POST MfaOption_POST Event_Feedback_GET'),
  ...of(cognito, 'other', 'caller', 'Login_GET Login_OIDC_SAML_POST OAuth2_Authorize_GET Signup_GET Confirm_GET ForgotPassword_GET ConfirmForgotPassword_GET ResetPassword_GET Mfa_GET MfaOption_GET Error_GET'),
  ...of(anywhere, 'issue', 'credentials', 'CreateSession'),
  ...of(anywhere, 'policy_change', 'caller', 'CreateProfile UpdateProfile DeleteProfile EnableProfile DisableProfile CreateTrustAnchor UpdateTrustAnchor DeleteTrustAnchor EnableTrustAnchor DisableTrustAnchor ImportCrl UpdateCrl DeleteCrl EnableCrl DisableCrl PutAttributeMapping DeleteAttributeMapping'),
  ...of('eks-auth.amazonaws.com', 'issue', 'credentials', 'AssumeRoleForPodIdentity'),
  ...of(eks, 'grant', 'caller', 'CreateAccessEntry AssociateAccessPolicy CreatePodIdentityAssociation'),
  ...of(eks, 'policy_change', 'caller', 'UpdateAccessEntry DeleteAccessEntry DisassociateAccessPolicy UpdatePodIdentityAssociation DeletePodIdentityAssociation AssociateIdentityProviderConfig DisassociateIdentityProviderConfig CreateCertificateAuthority DeleteCertificateAuthority'),
  ...of(eks, 'rotate', 'caller', 'ActivateCertificateAuthority'),
  ...of(secrets, 'create', 'caller', 'CreateSecret'),
  ...of(secrets, 'delete', 'caller', 'DeleteSecret EndSecretVersionDelete'),
  ...of(secrets, 'rotate', 'caller', 'RotateSecret PutSecretValue UpdateSecret UpdateSecretVersionStage RotationStarted RotationSucceeded RotationFailed RotationAbandoned'),
  ...of(secrets, 'policy_change', 'caller', 'PutResourcePolicy DeleteResourcePolicy CancelRotateSecret AssociateCrossAccountReplica DisassociateCrossAccountReplica'),
  ...of(secrets, 'admin', 'caller', 'RestoreSecret StartSecretVersionDelete CancelSecretVersionDelete TestRotationStarted TestRotationSucceeded TestRotationFailed'),
  ...of(ssm, 'issue', 'credentials', 'GetAccessToken'),
  ...of(ssm, 'create', 'caller', 'CreateActivation'),
  ...of(ssm, 'delete', 'caller', 'DeleteActivation'),
  ...of(ssm, 'policy_change', 'caller', 'PutResourcePolicy DeleteResourcePolicy ModifyDocumentPermission UpdateManagedInstanceRole'),
  ...of(ssm, 'admin', 'caller', 'StartAccessRequest'),
  ...of(kms, 'grant', 'caller', 'CreateGrant'),
  ...of(kms, 'policy_change', 'caller', 'RevokeGrant RetireGrant PutKeyPolicy EnableKey DisableKey ScheduleKeyDeletion CancelKeyDeletion EnableKeyRotation DisableKeyRotation'),
  ...of(kms, 'rotate', 'caller', 'RotateKey RotateKeyOnDemand'),
  // Other services whose calls hand out credentials of their own; keys of STS in any answer are told without a row.
  ...of('ecr.amazonaws.com', 'issue', 'unnamed', 'GetAuthorizationToken'),
  ...of('ecr-public.amazonaws.com', 'issue', 'unnamed', 'GetAuthorizationToken'),
  ...of('codeartifact.amazonaws.com', 'issue', 'unnamed', 'GetAuthorizationToken'),
  ...of('redshift.amazonaws.com', 'issue', 'unnamed', 'GetClusterCredentials GetClusterCredentialsWithIAM GetIdentityCenterAuthToken'),
  ...of('redshift-serverless.amazonaws.com', 'issue', 'unnamed', 'GetCredentials GetIdentityCenterAuthToken'),
  ...of('connect.amazonaws.com', 'issue', 'unnamed', 'GetFederationToken'),
  ...of('bedrock-agentcore.amazonaws.com', 'issue', 'unnamed', 'GetWorkloadAccessToken GetWorkloadAccessTokenForJWT GetWorkloadAccessTokenForUserId GetResourceOauth2Token GetResourceApiKey'),
  ...of('elasticmapreduce.amazonaws.com', 'issue', 'unnamed', 'GetClusterSessionCredentials'),
  ...of('emr-containers.amazonaws.com', 'issue', 'unnamed', 'GetManagedEndpointSessionCredentials'),
  ...of('airflow.amazonaws.com', 'issue', 'unnamed', 'CreateWebLoginToken CreateCliToken'),
  ...of('grafana.amazonaws.com', 'create', 'caller', 'CreateWorkspaceApiKey CreateWorkspaceServiceAccountToken'),
  ...of('grafana.amazonaws.com', 'delete', 'caller', 'DeleteWorkspaceApiKey DeleteWorkspaceServiceAccountToken'),
  ...of('appsync.amazonaws.com', 'create', 'caller', 'CreateApiKey'),
  ...of('appsync.amazonaws.com', 'delete', 'caller', 'DeleteApiKey'),
  ...of('apigateway.amazonaws.com', 'create', 'caller', 'CreateApiKey ImportApiKeys'),
  ...of('apigateway.amazonaws.com', 'delete', 'caller', 'DeleteApiKey'),
  ...of('lightsail.amazonaws.com', 'create', 'made', 'CreateBucketAccessKey'),
  ...of('lightsail.amazonaws.com', 'delete', 'named', 'DeleteBucketAccessKey'),
  ...of(ec2, 'create', 'caller', 'CreateKeyPair ImportKeyPair'),
  ...of(ec2, 'delete', 'caller', 'DeleteKeyPair'),
  ...of(ec2, 'grant', 'caller', 'AssociateIamInstanceProfile ReplaceIamInstanceProfileAssociation'),
  ...of(ec2, 'policy_change', 'caller', 'DisassociateIamInstanceProfile'),
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
