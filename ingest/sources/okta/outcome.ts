import type { Outcome, Reason } from '../../event/token-event.js';
import type { EventMeaning } from '../shared/event-meanings.js';

/** outcome.reason, where it is one of Okta's fixed words, and OAuth error codes that stand in it. */
const reasonWords: readonly (readonly [RegExp, Reason])[] = [
  [/token_reuse|reuse/i, 'token_reuse'],
  [/invalid_client|client_secret|client authentication/i, 'invalid_client'],
  [/invalid_grant/i, 'invalid_grant'],
  [/invalid_scope|scope/i, 'invalid_scope'],
  [/unauthorized_client/i, 'unauthorized_client'],
  [/unsupported_grant_type|grant type/i, 'unsupported_grant_type'],
  [/invalid_request|malformed/i, 'invalid_request'],
  [/VERIFICATION_ERROR|UNKNOWN_USER|user_not_found|not found/i, 'user_not_found'],
  [/INVALID_CREDENTIALS|INVALID_PASSWORD|password/i, 'invalid_credentials'],
  [/LOCKED_OUT|DEACTIVATED|SUSPENDED|DEPROVISIONED/i, 'user_disabled'],
  [/INVALID_TOKEN|token_invalid/i, 'invalid_token'],
  [/EXPIRED/i, 'expired_token'],
  [/MFA|FACTOR|push|otp|passcode/i, 'mfa_failed'],
  [/NETWORK_ZONE|policy|blacklist|DENIED_BY|zone/i, 'policy_denied'],
  [/access_denied|denied|not assigned|NOT_SPECIFIED_ACCESS/i, 'access_denied'],
  [/rate|limit/i, 'rate_limited'],
];

export interface OktaOutcome {
  readonly outcome: Outcome;
  readonly reason?: Reason | undefined;
}

/** SUCCESS and ALLOW, FAILURE and DENY; CHALLENGE, DEFERRED, SKIPPED, UNKNOWN … are neither. */
export function outcomeOf(result: string | undefined, words: string | undefined, meaning: EventMeaning): OktaOutcome {
  if (meaning.outcome !== undefined) return { outcome: meaning.outcome, reason: meaning.reason };
  switch ((result ?? '').toUpperCase()) {
    case 'SUCCESS':
    case 'ALLOW':
      return { outcome: 'success' };
    case 'FAILURE':
    case 'DENY': {
      const text = words?.slice(0, 512) ?? '';
      const found = reasonWords.find(([pattern]) => pattern.test(text))?.[1];
      return { outcome: 'failure', reason: found ?? (result?.toUpperCase() === 'DENY' ? 'access_denied' : 'other') };
    }
    case 'CHALLENGE':
      return { outcome: 'unknown', reason: 'mfa_required' };
    default:
      return { outcome: 'unknown' };
  }
}
