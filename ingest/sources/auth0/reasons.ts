import type { Reason } from '../../event/token-event.js';

/** Words of `description` and of `details.error`, the OAuth error codes first. */
const words: readonly (readonly [RegExp, Reason])[] = [
  [/^grant_revoked\b/, 'revoked_token'],
  [/^session_not_found\b/, 'invalid_grant'],
  [/^invalid_token\b/, 'invalid_token'],
  [/reuse/i, 'token_reuse'],
  [/unknown or invalid refresh token|invalid refresh token|refresh token.*(?:expired|revoked)|invalid_grant/i, 'invalid_grant'],
  [/invalid_client|client authentication|unknown client|invalid client/i, 'invalid_client'],
  [/unauthorized_client|not allowed for the client|client is not authorized/i, 'unauthorized_client'],
  [/unsupported_grant_type|grant type/i, 'unsupported_grant_type'],
  [/invalid_scope|scope/i, 'invalid_scope'],
  [/mfa_required|multifactor/i, 'mfa_required'],
  [/login_required|consent_required|interaction_required/i, 'insufficient_user_authentication'],
  [/user is blocked|blocked user|user_disabled/i, 'user_disabled'],
  [/wrong email or password|wrong username|wrong password|invalid_user_password|password/i, 'invalid_credentials'],
  [/rate|too many/i, 'rate_limited'],
  [/expired/i, 'expired_token'],
  [/access_denied|unauthorized|not authorized|denied/i, 'access_denied'],
  [/invalid_request|callback|malformed|missing/i, 'invalid_request'],
]; // prettier-ignore

/** @returns undefined where the words say nothing that RFC 6749 or this contract has a word for. */
export function reasonOfWords(text: string): Reason | undefined {
  const bounded = text.slice(0, 1024);
  return words.find(([pattern]) => pattern.test(bounded))?.[1];
}
