import type { Reason } from '../../event/token-event.js';

/** error_reason codes of ALB (Elastic Load Balancing user guide, "Error reason codes") that have a word of ours. */
const codes: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ['AuthInvalidCookie', 'invalid_token'],
  ['AuthInvalidGrantError', 'invalid_grant'],
  ['AuthInvalidIdToken', 'invalid_token'],
  ['AuthInvalidStateParam', 'invalid_request'],
  ['AuthInvalidTokenResponse', 'upstream_error'],
  ['AuthInvalidUserinfoResponse', 'upstream_error'],
  ['AuthMissingCodeParam', 'invalid_request'],
  ['AuthMissingHostHeader', 'invalid_request'],
  ['AuthMissingStateParam', 'invalid_request'],
  ['AuthTokenEpRequestFailed', 'upstream_error'],
  ['AuthTokenEpRequestTimeout', 'upstream_error'],
  ['AuthUnhandledException', 'server_error'],
  ['AuthUserinfoEpRequestFailed', 'upstream_error'],
  ['AuthUserinfoEpRequestTimeout', 'upstream_error'],
  ['AuthUserinfoResponseSizeExceeded', 'upstream_error'],
  ['WAFConnectionError', 'server_error'],
  ['WAFConnectionTimeout', 'server_error'],
  ['WAFResponseReadTimeout', 'server_error'],
  ['WAFServiceError', 'server_error'],
  ['WAFUnhandledException', 'server_error'],
]);

/** The `jwt-validation` action's codes, told by their words: AWS has added to them. */
function jwtReason(code: string): Reason {
  if (code.includes('Signature')) return 'invalid_signature';
  if (code.includes('Expir')) return 'expired_token';
  return /Header(?:NotPresent|Missing)|Missing.*Header/.test(code) ? 'missing_token' : 'invalid_token';
}

/** @param code error_reason; a new one is told by its beginning. */
export function reasonOfError(code: string): Reason {
  const known = codes.get(code);
  if (known !== undefined) return known;
  if (code.startsWith('JWK')) return 'upstream_error';
  if (code.startsWith('JWT')) return jwtReason(code);
  if (code.startsWith('Auth') || code.startsWith('AWSALB')) return 'invalid_token';
  return code.startsWith('Lambda') || code.startsWith('Target') ? 'upstream_error' : 'other';
}
