import { failed, meaningRows, type EventMeaning } from '../shared/event-meanings.js';

const won = { outcome: 'success' } as const;

/** `application/name` of the login and token audits → meaning (Reports API, "Login" and "OAuth Token" activity events). */
export const eventMeanings: ReadonlyMap<string, EventMeaning> = new Map([
  ...meaningRows('grant', 'token/authorize', won),
  ...meaningRows('revoke', 'token/revoke', won),
  ...meaningRows('use', 'token/activity', won),
  ...meaningRows('grant', 'token/request', { outcome: 'unknown' }),
  ...meaningRows('grant', 'token/deny', failed('access_denied')),
  ...meaningRows('login', 'login/login_success login/login_verification login/login_challenge login/suspicious_login login/suspicious_login_less_secure_app login/suspicious_programmatic_login login/risky_sensitive_action_allowed'),
  ...meaningRows('login', 'login/login_failure', failed('invalid_credentials')),
  ...meaningRows('login', 'login/risky_sensitive_action_blocked login/blocked_sender', failed('policy_denied')),
  ...meaningRows('logout', 'login/logout', won),
  ...meaningRows('revoke', 'login/user_signed_out_due_to_suspicious_session_cookie login/account_disabled_generic login/account_disabled_hijacked login/account_disabled_password_leak login/account_disabled_spamming login/account_disabled_spamming_through_relay', won),
  ...meaningRows('rotate', 'login/password_edit', won),
  ...meaningRows('create', 'login/2sv_enroll login/passkey_enrolled login/titanium_enroll', won),
  ...meaningRows('delete', 'login/2sv_disable login/passkey_removed login/titanium_unenroll', won),
  ...meaningRows('policy_change', 'login/recovery_email_edit login/recovery_phone_edit login/recovery_secret_qa_edit login/email_forwarding_out_of_domain', won),
  ...meaningRows('other', 'login/gov_attack_warning', won),
]); // prettier-ignore

/** A name that is not known yet stays `other`; the admin audit is administration. */
export function meaningOfName(application: string, name: string): EventMeaning {
  const row = eventMeanings.get(`${application}/${name}`);
  return row ?? { action: application === 'admin' ? 'admin' : 'other' };
}
