import { stages, type Detector, type Observation, type Outlook, type Score, type Verdict } from '../core/detector.js';
import { matchesEntity } from '../core/entity-match.js';
import { robustCentre } from '../core/robust.js';
import { escalate } from '../core/severity.js';
import { CALLER_BYTES, CALLERS_MAX, callerOf, isCallerSince, withCaller } from '../core/usual-callers.js';
import { requestsInWindowsSql, requestsWaitingSql } from '../core/reproduce.js';
import { type Gcra, isEarly, isGoing, takeRequest, waiting } from './gcra.js';
import type { RateLimitRule, RateOptions } from './rate-options.js';
import {
  BURSTS_MAX, type BurstHour, type LimitState, type RateState, decodeRateState, encodeRateState, newRateState,
} from './rate-state.js'; // prettier-ignore

const NONE: readonly Score[] = [];
const MEASURE = 'requests';
/** As much as in other hours of the last days, from where it usually comes: a job that runs by the clock. */
const RECURRING = 'requests_recurring';
const LIMIT_PREFIX = 'limit:';
const SECOND_MS = 1000;
const BURST_BYTES = 32;
const STATE_BYTES_FIXED = 512 + CALLERS_MAX * CALLER_BYTES + BURSTS_MAX * BURST_BYTES;
const MEDIUM_FACTOR = 1.5;
const HOUR_MS = 3_600_000;
/** Earlier hours with as much that make a burst one of many, and for how long they count: a week and a day, for what runs on one day of the week. */
const RECURRING_HOURS = BURSTS_MAX - 1;
const RECURRING_WITHIN = 8 * 24;
/** What is above the most of an earlier hour by more is no repetition of it. */
const RECURRING_FACTOR = 1.5;
const STATE_BYTES_LIMIT = 64;
const STATE_BYTES_BUCKET = 8;

/**
 * Requests in the last window, estimated from two fixed windows: the whole running one and the part of the one before
 * that still reaches into it (https://blog.cloudflare.com/counting-things-a-lot-of-different-things/). A burst across
 * the edge of two fixed windows is thus not halved.
 */
function slidingCount(count: number, previous: number, elapsed: number): number {
  return count + previous * (1 - elapsed);
}

const applies = (rule: RateLimitRule, { entityKind, event }: Observation): boolean =>
  rule.per === entityKind && matchesEntity(rule, event);

/** With the request that comes now. @param position its time in buckets, not before the running one. */
function countNow(state: RateState, position: number): number {
  const bucket = Math.floor(position);
  const same = bucket === state.bucket;
  const previous = same ? state.previous : bucket === state.bucket + 1 ? state.count : 0;
  return slidingCount(same ? state.count + 1 : 1, previous, position - bucket);
}

/** The detector of bursts and of hard limits; README.md beside this file has the maths. */
export class RateDetector implements Detector<RateState> {
  readonly id = 'rate';
  readonly version = 2;
  readonly stages = stages;
  readonly falsePositives = [
    'A batch job that runs less than once in the memory, the first three times, or a load test; from a network that it is known from these raise an alert and no page.',
    'A client that retries without back-off.',
  ];
  readonly nextSteps = [
    'Compare the addresses and user agents of the burst with those of the hours before it.',
    'Ask the owner for a job or a deployment at that time; without one, revoke the token and list what it read.',
    'If the burst is ordinary, give the token a hard limit of its own, or raise `requests_min`.',
  ];
  readonly stateBytesMax: number;
  readonly idleMs: number;
  readonly #options: RateOptions;
  readonly #widthMs: number;

  constructor(options: RateOptions) {
    this.#options = options;
    this.#widthMs = options.bucket_seconds * SECOND_MS;
    this.idleMs = this.#widthMs * options.buckets;
    this.stateBytesMax =
      STATE_BYTES_FIXED + options.buckets * STATE_BYTES_BUCKET + options.limits.length * STATE_BYTES_LIMIT;
  }

  initial(): RateState {
    return newRateState(this.#options.buckets, this.#options.limits.length);
  }

  score(state: RateState, observation: Observation): readonly Score[] {
    if (!observation.request) return NONE;
    const burst = this.#scoreBurst(state, observation);
    if (this.#options.limits.length === 0) return burst === null ? NONE : [burst];
    const found = this.#scoreLimits(state, observation);
    if (burst !== null) found.push(burst);
    return found;
  }

  classify(score: Score, observation: Observation, state: RateState): Verdict | null {
    if (score.measure.startsWith(LIMIT_PREFIX)) return score.value > 0 ? this.#limitVerdict(score) : null;
    const { threshold, bucket_seconds: seconds } = this.#options;
    if (!score.warmedUp || score.value < threshold) return null;
    const factor = score.value / threshold;
    const said = `${Math.round(score.observed)} requests in ${seconds} s, where this ${observation.entityKind} usually makes ${score.expected.toFixed(1)}`;
    const techniques = ['T1550.001'];
    if (score.measure === RECURRING) {
      const summary = `${said}, from a network that it is known from; it made as many in ${RECURRING_HOURS} other hours of the last days.`;
      return { severity: 'info', fidelity: 'low', summary, techniques };
    }
    if (this.#isUsualCaller(state, score, observation)) {
      const severity = factor >= MEDIUM_FACTOR ? 'medium' : 'low';
      return { severity, fidelity: 'medium', summary: `${said}, from a network that it is known from.`, techniques };
    }
    return { severity: escalate(factor), fidelity: factor >= 5 ? 'high' : 'medium', summary: `${said}.`, techniques };
  }

  learn(state: RateState, observation: Observation, suspect: boolean): RateState {
    if (!observation.request) return state;
    this.#learnLimits(state, observation);
    const bucket = Math.floor(observation.timeMs / this.#widthMs);
    if (bucket < state.bucket) {
      if (observation.accepted) state.ring.addAt(state.bucket - bucket, 1);
      return state;
    }
    if (bucket > state.bucket) this.#advance(state, bucket);
    state.count += 1;
    // A refused request may be a forger's: it is counted, but says nothing about what the holder usually does.
    if (observation.accepted) state.taught += 1;
    if (Number.isNaN(state.expected) && this.#isLoud(state, observation.timeMs)) this.#expect(state);
    if (suspect) this.#remember(state, bucket, observation.timeMs);
    else if (observation.accepted) learnCaller(state, observation);
    return state;
  }

  outlook(state: RateState, observation: Observation): readonly Outlook[] {
    const position = observation.timeMs / this.#widthMs;
    const bucket = Math.floor(position);
    if (!observation.request || bucket < state.bucket) return [];
    const { bucket_seconds: seconds, buckets_min: least, requests_min: requestsMin, threshold } = this.#options;
    const observed = countNow(state, position);
    const { ring, expected, spread } = this.#basisAt(state, bucket);
    const isKnown = !Number.isNaN(expected);
    const isWarm = isKnown && ring.size >= least;
    return [
      {
        name: MEASURE,
        unit: `requests/${seconds}s`,
        observed,
        expected: isKnown ? expected : null,
        threshold: isWarm ? Math.max(requestsMin, expected + threshold * spread) : null,
        note: isWarm ? '' : `learning: ${ring.size} of ${least} buckets are known`,
      },
    ];
  }

  sql(score: Score, observation: Observation): string {
    const rule = this.#options.limits.find((limit) => score.measure === LIMIT_PREFIX + limit.name);
    if (rule?.burst !== undefined) {
      const { intervalMs, burst } = gcraOf(rule, rule.burst);
      return requestsWaitingSql(observation, score.windowStartMs, burst, intervalMs);
    }
    const widthMs = rule === undefined ? this.#widthMs : rule.window_seconds * SECOND_MS;
    const start = Math.floor(observation.timeMs / widthMs) * widthMs;
    const elapsed = (observation.timeMs - start) / widthMs;
    return requestsInWindowsSql(observation, start, widthMs, 1 - elapsed);
  }

  encode(state: RateState): string {
    return encodeRateState(state);
  }

  decode(text: string): RateState {
    return decodeRateState(text, this.#options.buckets, this.#options.limits.length);
  }

  #isLoud(state: RateState, timeMs: number): boolean {
    const elapsed = timeMs / this.#widthMs - state.bucket;
    return slidingCount(state.count, state.previous, elapsed) >= this.#options.requests_min;
  }

  #scoreBurst(state: RateState, observation: Observation): Score | null {
    const position = observation.timeMs / this.#widthMs;
    const bucket = Math.floor(position);
    if (bucket < state.bucket) return null;
    const observed = countNow(state, position);
    if (observed < this.#options.requests_min) return null;
    const basis = this.#basisAt(state, bucket);
    const warmedUp = basis.ring.size >= this.#options.buckets_min && !Number.isNaN(basis.expected);
    const windowStart = this.#inEpisode(basis.episodeLast, bucket) ? basis.episodeStart : bucket;
    const sampleCount = basis.ring.size;
    const recurs =
      recursIn(basis.bursts, observed, observation.timeMs) && this.#isUsualCaller(basis, { sampleCount }, observation);
    return {
      value: warmedUp ? Math.max(0, (observed - basis.expected) / basis.spread) : 0,
      measure: recurs ? RECURRING : MEASURE,
      unit: `requests/${this.#options.bucket_seconds}s`,
      observed,
      expected: warmedUp ? basis.expected : 0,
      spread: warmedUp ? basis.spread : this.#options.spread_floor,
      sampleCount,
      warmedUp,
      windowStartMs: windowStart * this.#widthMs,
      windowEndMs: observation.timeMs,
    };
  }

  /** The state as of a bucket, with its expectation. */
  #basisAt(state: RateState, bucket: number): RateState {
    const same = bucket === state.bucket;
    if (same && !Number.isNaN(state.expected)) return state;
    const basis = { ...state, ring: state.ring.clone() };
    if (!same) this.#advance(basis, bucket);
    this.#expect(basis);
    return basis;
  }

  /** How much is done does not tell by whom: the caller from whom the usual was learnt may have more work, or a load test. */
  #isUsualCaller(
    { callers }: RateState,
    { sampleCount }: Pick<Score, 'sampleCount'>,
    { event, timeMs }: Observation,
  ): boolean {
    // Who came later than what is remembered has not taught all of it; the first bucket began before its first request.
    const first = Math.floor(timeMs / this.#widthMs) - sampleCount + 1;
    return isCallerSince(callers, callerOf(event), first * this.#widthMs);
  }

  #inEpisode(last: number, bucket: number): boolean {
    return last >= 0 && bucket - last <= this.#options.cool_down_buckets;
  }

  #remember(state: RateState, bucket: number, timeMs: number): void {
    state.suspect = true;
    if (!this.#inEpisode(state.episodeLast, bucket)) state.episodeStart = bucket;
    state.episodeLast = bucket;
    const requests = slidingCount(state.count, state.previous, timeMs / this.#widthMs - bucket);
    state.bursts = withBurst(state.bursts, Math.floor(timeMs / HOUR_MS), Math.round(requests));
  }

  #expect(state: RateState): void {
    const values = state.ring.values();
    if (values.length === 0) return;
    const floors = { absolute: this.#options.spread_floor, relative: 0, tail: true };
    const centre = robustCentre(values, floors);
    state.expected = centre.expected;
    state.spread = centre.spread;
  }

  /** Closes the running bucket and the silent ones up to `bucket`. */
  #advance(state: RateState, bucket: number): void {
    const gap = bucket - state.bucket;
    if (state.bucket >= 0) {
      state.ring.push(this.#lesson(state));
      state.ring.pushRun(0, gap - 1);
      state.suspectRun = state.suspect && gap === 1 ? state.suspectRun + 1 : 0;
    }
    state.previous = gap === 1 ? state.count : 0;
    state.bucket = bucket;
    state.count = 0;
    state.taught = 0;
    state.suspect = false;
    state.expected = NaN;
    state.spread = NaN;
  }

  /**
   * What a closed bucket teaches. A suspect one nothing, until the excess has lasted as long as the whole memory: then
   * it is the new usual, and is taken in cut to what was still ordinary, so that one bucket moves little.
   */
  #lesson(state: RateState): number | null {
    if (!state.suspect) return state.taught;
    if (state.suspectRun < this.#options.buckets || Number.isNaN(state.expected)) return null;
    return Math.min(state.taught, state.expected + this.#options.threshold * state.spread);
  }

  #limitVerdict(score: Score): Verdict {
    return {
      severity: 'high',
      fidelity: 'high',
      summary: `${Math.round(score.observed)} ${score.unit} break the configured limit of ${score.expected}.`,
      techniques: [],
    };
  }

  #scoreLimits(state: RateState, observation: Observation): Score[] {
    const found: Score[] = [];
    this.#options.limits.forEach((rule, index) => {
      const kept = state.limits[index];
      if (kept === undefined || !applies(rule, observation)) return;
      if (rule.burst !== undefined) {
        const early = scoreEarly(kept, rule, rule.burst, observation);
        if (early !== null) found.push(early);
        return;
      }
      const widthMs = rule.window_seconds * SECOND_MS;
      const position = observation.timeMs / widthMs;
      const window = Math.floor(position);
      if (window < kept.window) return;
      const same = window === kept.window;
      const previous = same ? kept.previous : window === kept.window + 1 ? kept.count : 0;
      const observed = slidingCount(same ? kept.count + 1 : 1, previous, position - window);
      if (observed <= rule.requests_max) return;
      const going = kept.episodeLast >= 0 && window - kept.episodeLast <= 1;
      found.push({
        value: observed / rule.requests_max,
        measure: LIMIT_PREFIX + rule.name,
        unit: `requests/${rule.window_seconds}s`,
        observed,
        expected: rule.requests_max,
        spread: 0,
        sampleCount: 1,
        warmedUp: true,
        windowStartMs: (going ? kept.episodeStart : window) * widthMs,
        windowEndMs: observation.timeMs,
      });
    });
    return found;
  }

  #learnLimits(state: RateState, observation: Observation): void {
    this.#options.limits.forEach((rule, index) => {
      const kept = state.limits[index];
      if (kept === undefined || !applies(rule, observation)) return;
      if (rule.burst === undefined) countIntoLimit(kept, rule, observation.timeMs);
      else takeRequest(kept, gcraOf(rule, rule.burst), observation.timeMs);
    });
  }
}

const gcraOf = ({ window_seconds, requests_max }: RateLimitRule, burst: number): Gcra => ({
  intervalMs: (window_seconds * SECOND_MS) / requests_max,
  burst,
  episodeMs: window_seconds * SECOND_MS,
});

function scoreEarly(kept: LimitState, rule: RateLimitRule, burst: number, { timeMs }: Observation): Score | null {
  const gcra = gcraOf(rule, burst);
  if (!isEarly(kept, gcra, timeMs)) return null;
  const going = isGoing(kept, gcra, timeMs);
  const startMs = going ? kept.episodeStart : timeMs;
  const observed = waiting(gcra, going ? kept.count + 1 : 1, timeMs - startMs);
  return {
    value: observed / burst,
    measure: LIMIT_PREFIX + rule.name,
    unit: 'requests at once',
    observed,
    expected: burst,
    spread: 0,
    sampleCount: 1,
    warmedUp: true,
    windowStartMs: startMs,
    windowEndMs: timeMs,
  };
}

/** Whether as much came in other hours of the last days, too. */
function recursIn(bursts: readonly BurstHour[], observed: number, timeMs: number): boolean {
  const now = Math.floor(timeMs / HOUR_MS);
  const alike = bursts.filter(
    ([hour, peak]) => hour < now && now - hour <= RECURRING_WITHIN && observed <= RECURRING_FACTOR * peak,
  );
  return alike.length >= RECURRING_HOURS;
}

/** @param requests of a window in it, at most. */
function withBurst(bursts: readonly BurstHour[], hour: number, requests: number): readonly BurstHour[] {
  const last = bursts.at(-1);
  if (last?.[0] === hour) return requests <= last[1] ? bursts : bursts.with(-1, [hour, requests]);
  return [...bursts.slice(1 - BURSTS_MAX), [hour, requests]];
}

function learnCaller(state: RateState, { event, timeMs }: Observation): void {
  const address = event.client?.address ?? '';
  if (address === state.lastAddress) return;
  state.callers = withCaller(state.callers, callerOf(event), timeMs);
  state.lastAddress = address;
}

function countIntoLimit(kept: LimitState, rule: RateLimitRule, timeMs: number): void {
  const position = timeMs / (rule.window_seconds * SECOND_MS);
  const window = Math.floor(position);
  if (window < kept.window) return;
  if (window > kept.window) {
    kept.previous = window === kept.window + 1 ? kept.count : 0;
    kept.count = 0;
    kept.window = window;
  }
  kept.count += 1;
  if (slidingCount(kept.count, kept.previous, position - window) <= rule.requests_max) return;
  if (kept.episodeLast < 0 || window - kept.episodeLast > 1) kept.episodeStart = window;
  kept.episodeLast = window;
}

/** @param options validated by `rateOptionsSchema`. */
export function createRateDetector(options: RateOptions): RateDetector {
  return new RateDetector(options);
}
