import { reasons, type Reason } from '../../event/token-event.js';

/** Error codes of fosite, Hydra's OAuth 2.0 library, that RFC 6749 has under another name or not at all. */
const codes: ReadonlyMap<string, Reason> = new Map([
  ['request_unauthorized', 'invalid_token'],
  ['request_forbidden', 'access_denied'],
  ['token_inactive', 'invalid_token'],
  ['token_claim', 'invalid_token'],
  ['token_signature_mismatch', 'invalid_signature'],
  ['expired_token', 'expired_token'],
  ['scope_not_granted', 'insufficient_scope'],
  ['login_required', 'insufficient_user_authentication'],
  ['interaction_required', 'insufficient_user_authentication'],
  ['consent_required', 'insufficient_user_authentication'],
  ['jti_known', 'token_reuse'],
  ['slow_down', 'rate_limited'],
  ['unsupported_response_type', 'invalid_request'],
  ['unsupported_response_mode', 'invalid_request'],
  ['request_not_supported', 'invalid_request'],
  ['request_uri_not_supported', 'invalid_request'],
  ['registration_not_supported', 'invalid_request'],
  ['invalid_request_uri', 'invalid_request'],
  ['invalid_request_object', 'invalid_request'],
  ['invalid_state', 'invalid_request'],
  ['insufficient_entropy', 'invalid_request'],
  ['misconfiguration', 'server_error'],
]);

const known: ReadonlySet<string> = new Set(reasons);

/** A code of RFC 6749 or of fosite; other words have no reason. */
export function reasonOfCode(code: string | undefined): Reason | undefined {
  if (code === undefined) return undefined;
  const own = codes.get(code);
  return own ?? (known.has(code) ? (code as Reason) : undefined);
}

/** Hints that say more than `invalid_grant`: a refresh token or a code that comes back was stolen from somebody. */
const reused = /(?:refresh token|authorization code).{0,40}already (?:been )?used/i;

export const isReuse = (hint: string | undefined): boolean => hint !== undefined && reused.test(hint.slice(0, 1024));

const byStatus: ReadonlyMap<number, Reason> = new Map([
  [400, 'invalid_request'],
  [401, 'invalid_client'],
  [403, 'access_denied'],
  [404, 'not_found'],
  [409, 'invalid_request'],
  [429, 'rate_limited'],
]);

/** @param status of the answer; absent where the error is not one of HTTP. */
export function reasonOfStatus(status: number | undefined): Reason {
  if (status === undefined) return 'other';
  return byStatus.get(status) ?? (status >= 500 ? 'server_error' : 'client_error');
}
