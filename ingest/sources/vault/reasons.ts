import type { Reason } from '../../event/token-event.js';

/** Words of Vault's error texts, most telling first. */
const words: readonly (readonly [part: string, reason: Reason])[] = [
  ['missing client token', 'missing_token'],
  ['no client token', 'missing_token'],
  ['bad token', 'invalid_token'],
  ['invalid token', 'invalid_token'],
  ['token not found', 'invalid_token'],
  ['wrapping token is not valid', 'invalid_token'],
  ['token is expired', 'expired_token'],
  ['token expired', 'expired_token'],
  ['lease expired', 'expired_token'],
  ['expired', 'expired_token'],
  ['token has been revoked', 'revoked_token'],
  ['revoked', 'revoked_token'],
  ['signature', 'invalid_signature'],
  ['login mfa', 'mfa_failed'],
  ['mfa', 'mfa_required'],
  ['user lockout', 'user_disabled'],
  ['locked', 'user_disabled'],
  ['disabled', 'user_disabled'],
  ['rate limit', 'rate_limited'],
  ['quota exceeded', 'rate_limited'],
  ['sealed', 'temporarily_unavailable'],
  ['standby', 'temporarily_unavailable'],
  ['invalid username or password', 'invalid_credentials'],
  ['invalid role or secret id', 'invalid_credentials'],
  ['invalid secret id', 'invalid_credentials'],
  ['invalid credentials', 'invalid_credentials'],
  ['failed to validate', 'invalid_credentials'],
  ['authentication failed', 'invalid_credentials'],
  ['ldap operation failed', 'upstream_error'],
  ['no handler for route', 'not_found'],
  ['unsupported path', 'not_found'],
  ['not found', 'not_found'],
  ['unsupported operation', 'invalid_request'],
  ['invalid request', 'invalid_request'],
  ['missing', 'invalid_request'],
  ['error converting input', 'invalid_request'],
  ['context deadline exceeded', 'upstream_error'],
  ['connection refused', 'upstream_error'],
  ['internal error', 'server_error'],
];

/**
 * @param error the record's error text, several lines at times; '' when Vault hashed it.
 * @param login the path takes credentials instead of a token.
 * @param known the `auth` block names a token: Vault knows it, so a refusal is for want of a policy.
 * @param presented a token was presented.
 */
export function reasonOf(error: string, login: boolean, known: boolean, presented: boolean): Reason {
  const text = error.slice(0, 2048).toLowerCase();
  for (const [part, reason] of words) {
    // "1 error occurred: * permission denied ... * invalid request": the denial says more than its wrapper.
    if (part === 'unsupported operation' && text.includes('permission denied')) break;
    if (text.includes(part)) return reason;
  }
  if (text.includes('permission denied')) {
    if (login) return 'invalid_credentials';
    return known ? 'insufficient_scope' : presented ? 'invalid_token' : 'access_denied';
  }
  return login ? 'invalid_credentials' : 'other';
}
