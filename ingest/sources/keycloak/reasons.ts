import type { Reason } from '../../event/token-event.js';

/** org.keycloak.events.Errors and the free texts seen beside it → reason. What is not here is `other`. */
const reasons: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ['invalid_user_credentials', 'invalid_credentials'],
  ['password_missing', 'invalid_credentials'],
  ['password_rejected', 'invalid_credentials'],
  ['password_confirm_error', 'invalid_request'],
  ['username_missing', 'invalid_request'],
  ['username_in_use', 'invalid_request'],
  ['email_in_use', 'invalid_request'],
  ['invalid_email', 'invalid_request'],
  ['user_not_found', 'user_not_found'],
  ['user_disabled', 'user_disabled'],
  ['user_temporarily_disabled', 'user_disabled'],
  ['account_temporarily_disabled', 'user_disabled'],
  ['different_user_authenticated', 'access_denied'],
  ['different_user_authenticating', 'access_denied'],
  ['user_deleted', 'user_not_found'],
  ['user_delete_error', 'server_error'],
  ['invalid_client', 'invalid_client'],
  ['invalid_client_credentials', 'invalid_client'],
  ['client_not_found', 'invalid_client'],
  ['client_disabled', 'invalid_client'],
  ['unauthorized_client', 'unauthorized_client'],
  ['invalid_client_secret', 'invalid_client'],
  ['invalid_grant', 'invalid_grant'],
  ['invalid_code', 'invalid_grant'],
  ['expired_code', 'expired_token'],
  ['code_verifier_missing', 'invalid_grant'],
  ['invalid_code_verifier', 'invalid_grant'],
  ['pkce_verification_failed', 'invalid_grant'],
  ['invalid_code_challenge_method', 'invalid_request'],
  ['code_challenge_missing', 'invalid_request'],
  ['invalid_oauth2_device_code', 'invalid_grant'],
  ['expired_oauth2_device_code', 'expired_token'],
  ['invalid_oauth2_user_code', 'invalid_grant'],
  ['expired_oauth2_user_code', 'expired_token'],
  ['invalid_token', 'invalid_token'],
  ['invalid_token_type', 'invalid_token'],
  ['invalid_issuer', 'invalid_token'],
  ['invalid_subject_token', 'invalid_token'],
  ['token_introspection_failed', 'invalid_token'],
  ['invalid_signature', 'invalid_signature'],
  ['invalid_dpop_proof', 'invalid_token'],
  ['token_expired', 'expired_token'],
  ['expired_token', 'expired_token'],
  ['session_expired', 'expired_token'],
  ['user_session_not_found', 'revoked_token'],
  ['invalid_refresh_token', 'invalid_token'],
  ['token_revoked', 'revoked_token'],
  ['invalid_scope', 'invalid_scope'],
  ['invalid_redirect_uri', 'invalid_request'],
  ['invalid_request', 'invalid_request'],
  ['invalid_input', 'invalid_request'],
  ['invalid_parameter', 'invalid_request'],
  ['invalid_form', 'invalid_request'],
  ['invalid_config', 'server_error'],
  ['invalid_registration', 'invalid_request'],
  ['invalid_saml_document', 'invalid_request'],
  ['invalid_saml_response', 'invalid_token'],
  ['saml_token_not_found', 'missing_token'],
  ['token_not_found', 'missing_token'],
  ['invalid_authn_request', 'invalid_request'],
  ['invalid_logout_request', 'invalid_request'],
  ['invalid_logout_response', 'invalid_request'],
  ['invalid_destination', 'invalid_request'],
  ['invalid_authentication_session', 'invalid_request'],
  ['invalid_permission', 'invalid_scope'],
  ['unsupported_grant_type', 'unsupported_grant_type'],
  ['access_denied', 'access_denied'],
  ['consent_denied', 'access_denied'],
  ['rejected_by_user', 'access_denied'],
  ['not_allowed', 'access_denied'],
  ['illegal_origin', 'access_denied'],
  ['ssl_required', 'policy_denied'],
  ['realm_disabled', 'policy_denied'],
  ['registration_disabled', 'policy_denied'],
  ['reset_credential_disabled', 'policy_denied'],
  ['slow_down', 'rate_limited'],
  ['not_logged_in', 'insufficient_user_authentication'],
  ['login_required', 'insufficient_user_authentication'],
  ['interaction_required', 'insufficient_user_authentication'],
  ['resolve_required_actions', 'insufficient_user_authentication'],
  ['cookie_not_found', 'invalid_request'],
  ['unknown_identity_provider', 'not_found'],
  ['identity_provider_login_failure', 'upstream_error'],
  ['identity_provider_error', 'upstream_error'],
  ['email_send_failed', 'upstream_error'],
  ['email_verification_failed', 'invalid_token'],
  ['internal_server_error', 'server_error'],
  ['user_disabled_by_permanent_lockout', 'user_disabled'],
  ['user_disabled_by_temporary_lockout', 'user_disabled'],
]);

/** Credential types whose wrong value is a failed second factor, not a wrong password. */
const secondFactors: ReadonlySet<string> = new Set(['otp', 'totp', 'hotp', 'webauthn', 'recovery-authn-codes']);

/**
 * @param error the record's `error`.
 * @param text the record's free `reason`, which tells an expired token from an invalid one.
 * @param credentialType the record's `credential_type` or `selected_credential_type`.
 */
export function reasonOf(error: string, text: string | undefined, credentialType: string | undefined): Reason {
  const reason = reasons.get(error.toLowerCase()) ?? 'other';
  if (reason === 'invalid_credentials' && credentialType !== undefined && secondFactors.has(credentialType)) {
    return 'mfa_failed';
  }
  if (text === undefined) return reason;
  const words = text.slice(0, 256).toLowerCase();
  if (reason === 'access_denied' && words.includes('scope')) return 'insufficient_scope';
  if (reason !== 'invalid_token' && reason !== 'other') return reason;
  if (words.includes('reuse') || words.includes('stale token')) return 'token_reuse';
  if (words.includes('revoked') || words.includes('session not active')) return 'revoked_token';
  if (words.includes('expired') || words.includes('not active')) return 'expired_token';
  return words.includes('signature') ? 'invalid_signature' : reason;
}
