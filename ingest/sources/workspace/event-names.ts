import type { Action } from '../../event/token-event.js';
import { failed, meaningRows, type EventMeaning } from '../shared/event-meanings.js';

const won = { outcome: 'success' } as const;

const adminRows = (action: Action, names: string): readonly (readonly [string, EventMeaning])[] =>
  meaningRows(action, names.replace(/[^ ]+/g, 'admin/$&'), won);

/**
 * `application/name` → meaning (Reports API, activity events of each application). Of the admin audit those that make, end and
 * govern credentials and grants; all others are administration.
 */
export const eventMeanings: ReadonlyMap<string, EventMeaning> = new Map([
  ...meaningRows('grant', 'token/authorize', won),
  ...meaningRows('revoke', 'token/revoke', won),
  ...meaningRows('use', 'token/activity', won),
  ...meaningRows('grant', 'token/request', { outcome: 'unknown' }),
  ...meaningRows('grant', 'token/deny', failed('policy_denied')),
  ...meaningRows('issue', 'access_evaluation/allow_token_request access_evaluation/allow_token_impersonation', won),
  ...meaningRows('introspect', 'access_evaluation/allow_credential_validation_request', won),
  ...meaningRows('use', 'context_aware_access/ACCESS_DENY_EVENT', failed('policy_denied')),
  ...meaningRows('use', 'context_aware_access/ACCESS_DENY_INTERNAL_ERROR_EVENT', failed('server_error')),
  ...meaningRows('login', 'login/login_success login/risky_sensitive_action_allowed saml/login_success ldap/bind_success chrome/CHROME_OS_LOGIN_EVENT', won),
  ...meaningRows('login', 'login/login_verification login/login_challenge'),
  ...meaningRows('login', 'login/login_failure', failed('invalid_credentials')),
  ...meaningRows('login', 'saml/login_failure ldap/bind_failure chrome/CHROME_OS_LOGIN_FAILURE_EVENT', failed('other')),
  ...meaningRows('login', 'login/suspicious_login login/suspicious_login_less_secure_app login/suspicious_programmatic_login login/risky_sensitive_action_blocked', failed('policy_denied')),
  ...meaningRows('logout', 'login/logout ldap/unbind chrome/CHROME_OS_LOGOUT_EVENT', won),
  ...meaningRows('use', 'ldap/search_success', won),
  ...meaningRows('use', 'ldap/search_failed', failed('other')),
  ...meaningRows('revoke', 'login/user_signed_out_due_to_suspicious_session_cookie login/account_disabled_generic login/account_disabled_hijacked login/account_disabled_password_leak login/account_disabled_spamming login/account_disabled_spamming_through_relay', won),
  ...meaningRows('rotate', 'login/password_edit user_accounts/password_edit', won),
  ...meaningRows('create', 'login/passkey_enrolled login/2sv_enroll login/titanium_enroll user_accounts/2sv_enroll user_accounts/titanium_enroll', won),
  ...meaningRows('delete', 'login/passkey_removed login/2sv_disable login/titanium_unenroll user_accounts/2sv_disable user_accounts/titanium_unenroll', won),
  ...meaningRows('policy_change', 'login/recovery_email_edit login/recovery_phone_edit login/recovery_secret_qa_edit login/email_forwarding_out_of_domain user_accounts/recovery_email_edit user_accounts/recovery_phone_edit user_accounts/recovery_secret_qa_edit user_accounts/email_forwarding_out_of_domain', won),
  ...meaningRows('other', 'login/gov_attack_warning login/blocked_sender', won),
  ...meaningRows('create', 'gcp/IMPORT_SSH_PUBLIC_KEY', won),
  ...meaningRows('rotate', 'gcp/UPDATE_SSH_PUBLIC_KEY', won),
  ...meaningRows('delete', 'gcp/DELETE_SSH_PUBLIC_KEY gcp/DELETE_POSIX_ACCOUNT', won),
  ...meaningRows('introspect', 'gcp/GET_SSH_PUBLIC_KEY gcp/GET_LOGIN_PROFILE', won),
  ...adminRows('revoke', 'REVOKE_3LO_TOKEN REVOKE_3LO_DEVICE_TOKENS REVOKE_ASP RESET_SIGNIN_COOKIES REVOKE_SECURITY_KEY PASSKEY_REVOKED USER_CREATED_PASSKEY_REVOKE SUSPEND_USER ARCHIVE_USER REMOVE_API_CLIENT_ACCESS REVOKE_ENROLLMENT_TOKEN REVOKE_DEVICE_ENROLLMENT_TOKEN REVOKE_CHROME_OS_ENROLLMENT_TOKEN'),
  ...adminRows('create', 'GENERATE_2SV_SCRATCH_CODES SECURITY_KEY_REGISTERED_FOR_USER USER_ENROLLED_IN_TWO_STEP_VERIFICATION CREATE_USER UPLOAD_OAUTH_CERTIFICATE GENERATE_TRANSFER_TOKEN GENERATE_PIN EWS_IN_NEW_CREDENTIALS_GENERATED CREATE_PLAY_FOR_WORK_TOKEN CREATE_ENROLLMENT_TOKEN CREATE_DEVICE_ENROLLMENT_TOKEN CREATE_CHROME_OS_ENROLLMENT_TOKEN ADD_MOBILE_CERTIFICATE'),
  ...adminRows('rotate', 'CHANGE_PASSWORD REGENERATE_OAUTH_CONSUMER_SECRET UPDATE_PUBLIC_KEY_CERTIFICATE'),
  ...adminRows('delete', 'DELETE_2SV_SCRATCH_CODES TURN_OFF_2_STEP_VERIFICATION UNENROLL_USER_FROM_STRONG_AUTH UNENROLL_USER_FROM_TITANIUM DELETE_USER DELETE_PLAY_FOR_WORK_TOKEN REMOVE_MOBILE_CERTIFICATE'),
  ...adminRows('introspect', 'VIEW_TEMP_PASSWORD VIEW_DNS_LOGIN_DETAILS'),
  ...adminRows('grant', 'AUTHORIZE_API_CLIENT_ACCESS ADD_APPLICATION ADD_APPLICATION_TO_WHITELIST ADD_TO_TRUSTED_OAUTH2_APPS ADD_TO_TRUSTED_BY_OAUTH_SCOPE_OAUTH2_APPS ADD_TO_LIMITED_OAUTH2_APPS ADD_TO_CAA_EXEMPT_OAUTH2_APPS MULTIPLE_ADD_TO_TRUSTED_OAUTH2_APPS MULTIPLE_ADD_TO_TRUSTED_BY_OAUTH_SCOPE_OAUTH2_APPS MULTIPLE_ADD_TO_LIMITED_OAUTH2_APPS REMOVE_FROM_BLOCKED_OAUTH2_APPS TRUST_DOMAIN_OWNED_OAUTH2_APPS ALLOW_SERVICE_FOR_OAUTH2_ACCESS UNBLOCK_ALL_THIRD_PARTY_API_ACCESS GRANT_ADMIN_PRIVILEGE GRANT_DELEGATED_ADMIN_PRIVILEGES ASSIGN_ROLE ADD_PRIVILEGE ADD_GROUP_MEMBER UNSUSPEND_USER UNARCHIVE_USER UNDELETE_USER UNBLOCK_USER_SESSION'),
  ...adminRows('policy_change', 'ADD_TO_BLOCKED_OAUTH2_APPS MULTIPLE_ADD_TO_BLOCKED_OAUTH2_APPS REMOVE_FROM_TRUSTED_OAUTH2_APPS REMOVE_FROM_TRUSTED_BY_OAUTH_SCOPE_OAUTH2_APPS REMOVE_FROM_LIMITED_OAUTH2_APPS REMOVE_FROM_CAA_EXEMPT_OAUTH2_APPS UNTRUST_DOMAIN_OWNED_OAUTH2_APPS DISALLOW_SERVICE_FOR_OAUTH2_ACCESS BLOCK_ALL_THIRD_PARTY_API_ACCESS UNDERAGE_BLOCK_ALL_THIRD_PARTY_API_ACCESS SIGN_IN_ONLY_THIRD_PARTY_API_ACCESS UNDERAGE_SIGN_IN_ONLY_THIRD_PARTY_API_ACCESS CHANGE_APP_ACCESS_SETTINGS_COLLECTION_ID OAUTH_APPS_BULK_UPLOAD BLOCK_ON_DEVICE_ACCESS UNBLOCK_ON_DEVICE_ACCESS REMOVE_APPLICATION REMOVE_APPLICATION_FROM_WHITELIST ENABLE_API_ACCESS TOGGLE_OAUTH_ACCESS_TO_ALL_APIS TOGGLE_ENABLE_OAUTH_CONSUMER_KEY TOGGLE_OPEN_ID_ENABLED TOGGLE_SSO_ENABLED CHANGE_SSO_SETTINGS INBOUND_SSO_PROFILE_CREATED INBOUND_SSO_PROFILE_UPDATED INBOUND_SSO_PROFILE_DELETED TOGGLE_SSL TOGGLE_ALLOW_ADMIN_PASSWORD_RESET CHANGE_PASSWORD_MAX_LENGTH CHANGE_PASSWORD_MIN_LENGTH CHANGE_LOGIN_ACTIVITY_TRACE ADD_TRUSTED_DOMAINS REMOVE_TRUSTED_DOMAINS CHANGE_WHITELIST_SETTING CHANGE_RESELLER_ACCESS CHANGE_RESELLER_ACCESS_FOR_SKU CHANGE_CAA_APP_ASSIGNMENTS TOGGLE_CAA_ENABLEMENT TOGGLE_CAA_REMEDIATION_ENABLEMENT ALLOW_STRONG_AUTHENTICATION ENFORCE_STRONG_AUTHENTICATION CHANGE_TWO_STEP_VERIFICATION_ENROLLMENT_PERIOD_DURATION CHANGE_TWO_STEP_VERIFICATION_FREQUENCY CHANGE_TWO_STEP_VERIFICATION_GRACE_PERIOD_DURATION CHANGE_TWO_STEP_VERIFICATION_START_DATE CHANGE_ALLOWED_TWO_STEP_VERIFICATION_METHODS USER_PUT_IN_TWO_STEP_VERIFICATION_GRACE_PERIOD ENABLE_NON_ADMIN_USER_PASSWORD_RECOVERY WEAK_PROGRAMMATIC_LOGIN_SETTINGS_CHANGED SESSION_CONTROL_SETTINGS_CHANGE CHANGE_SESSION_LENGTH EDU_OVER_18_APPROVAL_WORKFLOW_DISABLED EDU_OVER_18_APPROVAL_WORKFLOW_ENABLED EDU_DELEGATED_USER_APPROVAL_WORKFLOW_DISABLED EDU_DELEGATED_USER_APPROVAL_WORKFLOW_ENABLED UNDERAGE_USER_APPROVAL_WORKFLOW_DISABLED UNDERAGE_USER_APPROVAL_WORKFLOW_ENABLED USER_APPROVAL_WORKFLOW_DISABLED USER_APPROVAL_WORKFLOW_ENABLED REVOKE_ADMIN_PRIVILEGE UNASSIGN_ROLE CREATE_ROLE UPDATE_ROLE RENAME_ROLE DELETE_ROLE REMOVE_PRIVILEGE REMOVE_GROUP_MEMBER UPDATE_GROUP_MEMBER ADD_RECOVERY_EMAIL ADD_RECOVERY_PHONE CHANGE_RECOVERY_EMAIL CHANGE_RECOVERY_PHONE REMOVE_RECOVERY_EMAIL REMOVE_RECOVERY_PHONE CHANGE_PASSWORD_ON_NEXT_LOGIN ENABLE_USER_IP_WHITELIST UPDATE_PUBLIC_KEY_CERTIFICATE_STATUS'),
]); // prettier-ignore

/** A name that is not known yet stays `other`; the admin audit is administration. */
export function meaningOfName(application: string, name: string): EventMeaning {
  const row = eventMeanings.get(`${application}/${name}`);
  return row ?? { action: application === 'admin' ? 'admin' : 'other' };
}
