import { failed, meaningRows, type EventMeaning } from '../shared/event-meanings.js';

const won = { outcome: 'success' } as const;
const lost = { outcome: 'failure' } as const;
const open = { outcome: 'unknown' } as const;

/** Auth0's log type codes → meaning. The outcome of a record stands nowhere but in its code. */
export const logTypes: ReadonlyMap<string, EventMeaning> = new Map([
  ...meaningRows('issue', 'seacft seccft sede sens seoobft seotpft sepft sepkoobft sepkotpft sepkrcft sercft sdeleacft ciba_exchange_succeeded', won),
  ...meaningRows('issue', 'feacft feccft fede fens feoobft feotpft fepft fepotpft fercft fdeleacft ciba_exchange_failed', lost),
  ...meaningRows('refresh', 'sertft', won),
  ...meaningRows('refresh', 'fertft', lost),
  ...meaningRows('refresh', 'ferrt', failed('token_reuse')),
  ...meaningRows('exchange', 'secte seta sd success_on_behalf_of_token_exchange idjag_exchange_succeeded', won),
  ...meaningRows('exchange', 'fecte feta fd failed_on_behalf_of_token_exchange idjag_exchange_failed jwt_bearer_exchange_failed', lost),
  ...meaningRows('revoke', 'srrt universal_logout_succeeded', won),
  ...meaningRows('revoke', 'universal_logout_failed', lost),
  ...meaningRows('login', 's scoa ssa sdel sdelsa gd_auth_succeed gd_recovery_succeed scv', won),
  ...meaningRows('login', 'f fc fsa fdelsa', lost),
  ...meaningRows('login', 'fp', failed('invalid_credentials')),
  ...meaningRows('login', 'fu', failed('user_not_found')),
  ...meaningRows('login', 'fcoa fco', failed('access_denied')),
  ...meaningRows('login', 'gd_auth_failed gd_auth_rejected gd_recovery_failed gd_webauthn_challenge_failed passkey_challenge_failed', failed('mfa_failed')),
  ...meaningRows('login', 'pwd_leak', failed('policy_denied')),
  ...meaningRows('login', 'limit_wc limit_mu limit_sul limit_ui limit_delegation limit_phone gd_otp_rate_limit_exceed gd_recovery_rate_limit_exceed', failed('rate_limited')),
  ...meaningRows('login', 'mfar', { outcome: 'unknown', reason: 'mfa_required' }),
  ...meaningRows('login', 'w cls cs pla gd_start_auth passkey_challenge_started ciba_start_succeeded', open),
  ...meaningRows('login', 'ciba_start_failed fpar', lost),
  ...meaningRows('logout', 'slo oidc_backchannel_logout_succeeded', won),
  ...meaningRows('logout', 'flo oidc_backchannel_logout_failed federated_logout_failed', lost),
  ...meaningRows('grant', 'si organization_member_added connected_accounts_connection_succeeded ublkdu', won),
  ...meaningRows('grant', 'fi fdeac fdeaz connected_accounts_connection_failed rich_consents_access_error', lost),
  ...meaningRows('grant', 'fdecc', failed('access_denied')),
  ...meaningRows('create', 'ss gd_enrollment_complete', won),
  ...meaningRows('create', 'fs gd_start_enroll_failed gd_webauthn_enrollment_failed', lost),
  ...meaningRows('create', 'signup_pwd_leak', failed('policy_denied')),
  ...meaningRows('create', 'gd_start_enroll', open),
  ...meaningRows('delete', 'sdu du connected_accounts_delete_succeeded gd_unenroll', won),
  ...meaningRows('delete', 'fdu connected_accounts_delete_failed', lost),
  ...meaningRows('rotate', 'scp', won),
  ...meaningRows('rotate', 'fcp fcph', lost),
  ...meaningRows('rotate', 'reset_pwd_leak', failed('policy_denied')),
  ...meaningRows('use', 'api_limit', failed('rate_limited')),
  ...meaningRows('use', 'sapi mgmt_api_read', won),
  ...meaningRows('use', 'fapi', lost),
  ...meaningRows('policy_change', 'gd_tenant_update gd_update_device_account kms_key_management_success kms_key_state_changed my_account_authentication_method_succeeded', won),
  ...meaningRows('policy_change', 'kms_key_management_failure my_account_authentication_method_failed', lost),
  ...meaningRows('admin', 'sce scpn scpr scu sui sv svr sscim ss_sso_success directory_sync_completed forms_submission_succeeded flows_execution_completed resource_cleanup gd_auth_email_verification', won),
  ...meaningRows('admin', 'fce fcpn fcpr fcu fui fv fvr fscim ss_sso_failure directory_sync_failed forms_submission_failed flows_execution_failed fcpro fn fpurh actions_execution_failed custom_domain_verification_failed gd_auth_fail_email_verification gd_send_email_verification_failure gd_send_pn_failure gd_send_sms_failure gd_send_voice_failure', lost),
  ...meaningRows('admin', 'ss_sso_info directory_sync_started gd_send_email gd_send_email_verification gd_send_pn gd_send_sms gd_send_voice wn wum', open),
  ...meaningRows('other', 'acls_summary acul_sdk_notice api_limit_warning appi depnote too_many_records con coff admin_update_launch sys_os_update_start sys_os_update_end sys_update_start sys_update_end', open),
]); // prettier-ignore

/** A code that is not known yet stays `other`; Auth0 begins failures with `f`, so that much is told. */
export function meaningOfCode(code: string): EventMeaning {
  return logTypes.get(code) ?? { action: 'other', outcome: 'unknown' };
}
