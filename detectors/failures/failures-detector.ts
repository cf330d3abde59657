import type { Reason, TokenEvent } from '../../ingest/event/token-event.js';
import { stages, type Detector, type Observation, type Outlook, type Score, type Verdict } from '../core/detector.js';
import { failuresSinceSql } from '../core/reproduce.js';
import type { FailuresOptions } from './failures-options.js';
import {
  afterDrop, decodeFailuresState, encodeFailuresState, levelAt, newFailuresState, REFUSED_MAX, type Bucket, type FailuresState,
} from './failures-state.js'; // prettier-ignore

const NONE: readonly Score[] = [];
const HOUR_MS = 3_600_000;
const BUCKET_CHARS_MAX = 80;
const FINGERPRINT_CHARS_MAX = 26;
const UNAUTHORISED = 401;

/** The credential was wrong. Expired and revoked ones were right once: they are not guesses. */
const wrong: readonly Reason[] = [
  'invalid_token', 'invalid_signature', 'invalid_client', 'invalid_grant', 'invalid_credentials', 'user_not_found',
]; // prettier-ignore
const wrongReasons: ReadonlySet<Reason> = new Set(wrong);

function isRefusal({ event, failed }: Observation): boolean {
  if (!failed) return false;
  return event.reason === undefined ? event.target?.status === UNAUTHORISED : wrongReasons.has(event.reason);
}

const isForgery = ({ event, failed }: Observation): boolean => failed && event.reason === 'invalid_signature';

/** Somebody got in: what an issuer or a service took, not a request that failed for another cause. */
const isSuccess = ({ event, request }: Observation): boolean =>
  event.outcome === 'success' && (request || event.source.kind === 'issuer');

/** Streaks of refusals with different secrets, a success after one, and broken signatures; README.md has the maths. */
class FailuresDetector implements Detector<FailuresState> {
  readonly id = 'failures';
  readonly version = 1;
  readonly stages = stages;
  readonly falsePositives = [
    'A person who tries all passwords that they know.',
    'A rollout that gives every instance another wrong secret.',
    'An issuer that rotated its signing key while a verifier still holds the old one: broken signatures of many tokens at once.',
  ];
  readonly nextSteps = [
    'After a success: end the sessions, revoke the tokens issued since, reset the credential, and see what was done with them.',
    'Block the addresses that guess, or ask for a second factor; look whether they guess at others too.',
    'For broken signatures, compare the key ids with the keys that the issuer publishes.',
  ];
  readonly stateBytesMax = 2 * BUCKET_CHARS_MAX + REFUSED_MAX * FINGERPRINT_CHARS_MAX + 2;
  readonly idleMs = HOUR_MS;
  readonly #options: FailuresOptions;
  readonly #leakMs: number;

  constructor(options: FailuresOptions) {
    this.#options = options;
    this.#leakMs = options.leak_seconds * 1000;
  }

  initial(): FailuresState {
    return newFailuresState();
  }

  score(state: FailuresState, observation: Observation): readonly Score[] {
    const { timeMs } = observation;
    const { guesses_min: guessesMin, signatures_min: signaturesMin } = this.#options;
    if (isSuccess(observation)) {
      // One that comes late, from before the guesses, is no success after them.
      if (timeMs < state.guesses.startMs || levelAt(state.guesses, timeMs, this.#leakMs) < guessesMin) return NONE;
      return [reading('success_after_guesses', state.guesses, guessesMin, timeMs)];
    }
    const found: Score[] = [];
    if (isRefusal(observation)) {
      const guesses = afterDrop(state.guesses, timeMs, this.#leakMs, isGuess(state, observation));
      if (guesses.level >= guessesMin) found.push(reading('guesses', guesses, guessesMin, timeMs));
    }
    if (isForgery(observation)) {
      const signatures = afterDrop(state.signatures, timeMs, this.#leakMs, true);
      if (signatures.level >= signaturesMin)
        found.push(reading('invalid_signatures', signatures, signaturesMin, timeMs));
    }
    return found;
  }

  classify(score: Score, { entityKind }: Observation): Verdict | null {
    const seconds = Math.max(1, Math.round((score.windowEndMs - score.windowStartMs) / 1000));
    switch (score.measure) {
      case 'success_after_guesses':
        return {
          severity: 'high',
          fidelity: 'high',
          summary: `Accepted after ${score.observed} refused attempts in ${seconds} s: a guess may have been right.`,
          techniques: ['T1110.001', 'T1078'],
        };
      case 'invalid_signatures':
        return {
          severity: 'high',
          fidelity: 'high',
          summary: `${score.observed} requests with a broken signature in ${seconds} s: somebody forges ${entityKind === 'token' ? 'this token' : 'tokens of this principal'}.`,
          techniques: ['T1606'],
        };
      default:
        return {
          severity: score.value >= 5 ? 'high' : 'medium',
          fidelity: score.value >= 3 ? 'high' : 'medium',
          summary: `${score.observed} refused attempts in ${seconds} s, not one credential again and again: somebody is guessing.`,
          techniques: ['T1110.001'],
        };
    }
  }

  outlook(state: FailuresState, observation: Observation): readonly Outlook[] {
    const { guesses_min: guessesMin, signatures_min: signaturesMin, leak_seconds: seconds } = this.#options;
    const row = (name: string, bucket: Bucket, isDrop: boolean, raises: boolean, threshold: number): Outlook => ({
      name,
      unit: 'refusals',
      observed: isDrop
        ? afterDrop(bucket, observation.timeMs, this.#leakMs, raises).level
        : levelAt(bucket, observation.timeMs, this.#leakMs),
      expected: 0,
      threshold,
      note: `one leaks away in ${seconds} s`,
    });
    return [
      row('guesses', state.guesses, isRefusal(observation), isGuess(state, observation), guessesMin),
      row('invalid_signatures', state.signatures, isForgery(observation), true, signaturesMin),
    ];
  }

  learn(state: FailuresState, observation: Observation): FailuresState {
    const { timeMs } = observation;
    if (!isRefusal(observation)) return state;
    const raises = isGuess(state, observation);
    const secret = presented(observation.event);
    if (raises && secret !== undefined) {
      state.refused.push(secret);
      if (state.refused.length > REFUSED_MAX) state.refused.shift();
    }
    return {
      guesses: afterDrop(state.guesses, timeMs, this.#leakMs, raises),
      signatures: isForgery(observation) ? afterDrop(state.signatures, timeMs, this.#leakMs, true) : state.signatures,
      refused: state.refused,
    };
  }

  sql(score: Score, observation: Observation): string {
    const reasons = score.measure === 'invalid_signatures' ? (['invalid_signature'] as const) : wrong;
    return failuresSinceSql(observation, score.windowStartMs, reasons);
  }

  encode(state: FailuresState): string {
    return encodeFailuresState(state);
  }

  decode(text: string): FailuresState {
    return decodeFailuresState(text);
  }
}

/** What was wrong is something that somebody typed, and not the token that the event names. */
const typed: ReadonlySet<Reason> = new Set<Reason>(['invalid_credentials', 'user_not_found']);

/** What was refused: the bytes, else the token that a use, or a question about a token, names. */
function presented({ action, reason, token }: TokenEvent): string | undefined {
  if (token?.secret_fp !== undefined) return token.secret_fp;
  const isToken = action === 'use' || action === 'introspect';
  return isToken && (reason === undefined || !typed.has(reason)) ? token?.token_uid : undefined;
}

/** Where neither is told, there is no choice but to take each refusal for a guess. */
function isGuess(state: FailuresState, { event }: Observation): boolean {
  const secret = presented(event);
  return secret === undefined || !state.refused.includes(secret);
}

function reading(measure: string, bucket: Bucket, min: number, timeMs: number): Score {
  return {
    value: bucket.level / min,
    measure,
    unit: 'refusals',
    observed: bucket.count,
    expected: 0,
    spread: 0,
    sampleCount: 0,
    warmedUp: true,
    windowStartMs: Math.min(bucket.startMs, timeMs),
    windowEndMs: timeMs,
  };
}

/** @param options validated by `failuresOptionsSchema`. */
export function createFailuresDetector(options: FailuresOptions): Detector<FailuresState> {
  return new FailuresDetector(options);
}
