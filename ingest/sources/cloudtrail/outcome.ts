import type { Action, Outcome, Reason } from '../../event/token-event.js';
import { httpOutcome } from '../shared/http-outcome.js';
import { digText, digValue, type JsonObject, readCount, readObject, readText } from '../shared/json-reader.js';
import { reasonOf } from './reasons.js';

export interface CallOutcome {
  readonly outcome: Outcome;
  readonly reason?: Reason | undefined;
  /** HTTP status, where a service tells no error code. */
  readonly status?: number | undefined;
}

/** Sign-in events tell their result under their own name: `responseElements: {"ConsoleLogin": "Failure"}`. */
function toldFailure(record: JsonObject, eventName: string): boolean {
  for (const part of ['responseElements', 'serviceEventDetails', 'additionalEventData'] as const) {
    const result = digValue(record, part, eventName);
    if (result === 'Failure' || result === 'Failed') return true;
  }
  return digText(record, 'serviceEventDetails', 'CredentialVerification') === 'Failure';
}

/**
 * What succeeds before it is done: of a sign-in a further factor is looked for, or a challenge put; a rotation has only begun, or somebody
 * wrote the secret by hand meanwhile.
 */
const openSteps: ReadonlyMap<string, Reason | undefined> = new Map([
  ['CheckMfa', 'mfa_required'],
  ['CredentialChallenge', undefined],
  ['RotationStarted', undefined],
  ['RotationAbandoned', undefined],
]);

/** Service events whose name alone tells that something failed. */
const failures: ReadonlySet<string> = new Set(['RotationFailed', 'TestRotationFailed']);

/** Neither a success nor a failure: a device asks again and again until its user has said yes. */
const waiting = 'AuthorizationPendingException';

/** The call would have been allowed, and asked for no more. */
export const isDryRun = (code: string | undefined): boolean =>
  code === 'Client.DryRunOperation' || code === 'DryRunOperation' || code === 'DryRunOperationException';

/** Of a sign-in that failed without a word; Identity Center tells which credential was asked for. */
function wordlessReason(record: JsonObject): Reason {
  const asked = digText(record, 'additionalEventData', 'CredentialType') ?? 'PASSWORD';
  return /^(?:PASSWORD|EXTERNAL_IDP)$/.test(asked) ? 'invalid_credentials' : 'mfa_failed';
}

/** Cognito answers a sign-in with the next challenge until all are met. */
function challengeOf(record: JsonObject): CallOutcome | undefined {
  const challenge = digText(record, 'responseElements', 'challengeName');
  if (challenge === undefined) return undefined;
  return { outcome: 'unknown', reason: /MFA|OTP/.test(challenge) ? 'mfa_required' : undefined };
}

export function outcomeOf(record: JsonObject, eventName: string, action: Action): CallOutcome {
  const code = readText(record, 'errorCode');
  const message = readText(record, 'errorMessage');
  // Managed login of Cognito has no error codes.
  const answer = readObject(readObject(record, 'additionalEventData') ?? {}, 'responseParameters');
  const status = answer === undefined ? undefined : readCount(answer, 'status');
  if (code === waiting) return { outcome: 'unknown' };
  if (isDryRun(code)) return { outcome: 'success' };
  if (code !== undefined || (message !== undefined && toldFailure(record, eventName)))
    return { outcome: 'failure', reason: reasonOf(code ?? '', message), status };
  if (toldFailure(record, eventName))
    return { outcome: 'failure', reason: action === 'login' ? wordlessReason(record) : 'other' };
  if (failures.has(eventName)) return { outcome: 'failure', reason: 'other' };
  if (status !== undefined && status >= 400)
    return { outcome: 'failure', reason: httpOutcome(status, true).reason, status };
  if (openSteps.has(eventName)) return { outcome: 'unknown', reason: openSteps.get(eventName) };
  return challengeOf(record) ?? { outcome: 'success', status };
}
