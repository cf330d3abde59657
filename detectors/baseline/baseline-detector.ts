import {
  stages, type Detector, type HourlyUsage, type Observation, type Outlook, type Score, type Verdict,
} from '../core/detector.js'; // prettier-ignore
import { failureShareSql, requestsBetweenSql, requestsInWindowsSql } from '../core/reproduce.js';
import { shareCentre, shareSpread } from '../core/robust.js';
import { formatTime } from '../../ingest/event/time.js';
import type { BaselineOptions } from './baseline-options.js';
import { type BaselineState, decodeBaselineState, encodeBaselineState, newBaselineState } from './baseline-state.js';
import { grownBy, isAsMuch, isFirstTurn, likeIt, withExcess, type ExcessDay } from './month-memory.js';
import { LOW_HOURS, shortfall, SILENT_HOURS_MAX, type Shortfall } from './drop.js';
import { comparableHours, HOURS_OF_DAY } from '../core/seasonal-hours.js';
import { expectedVolume, owedVolume, peakVolume, recurs } from './seasonal.js';

const NONE: readonly Score[] = [];
const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
const SHARE_SCALE = 10_000;
/** The share of a handful of requests is noise and is not remembered. */
const SHARE_REQUESTS_MIN = 5;
const STATE_BYTES_FIXED = 768;
const STATE_BYTES_HOUR = 16;

const VOLUME = 'requests';
const SHARE = 'failure_share';
/** As much as the entity makes at other hours: a job that was started by hand, or a stranger at night. */
const STRANGE_TIME = 'requests_at_strange_time';
/** More than usual, and no more than on the same day of an earlier month. */
const MONTHLY = 'requests_monthly';
/** As much as in the hours before it, for days: the excess is a new level. */
const LEVEL = 'requests_level';
/** Far less than at any hour like it, for hours. */
const DROP = 'requests_dropped';
/**
 * How much is done does not tell by whom, and the end of a month or a new release does several times as much, too. So it is medium until no work
 * explains it: with the default threshold and floor, five hundred requests in an hour that has had ten.
 */
const HIGH_FACTOR = 8;
const MEDIUM_FACTOR = 1.5;
/** An hour twice as busy as the busiest one known is strange at any time. */
const PEAK_FACTOR = 2;
/** From so many hours in a row on it is no single run any more. */
const STRANGE_HOURS = 2;
/** From so many hours in a row on an excess is a new level; risk that halves in a day has reached seven eighths of its height by then. */
const LEVEL_HOURS = 72;
/** Above the busiest of its hours by more than this, it is an excess again. */
const LEVEL_FACTOR = 1.5;
/** What the end of a month multiplies the work of a job by, of which nobody has seen one yet. */
const TURN_FACTOR = 5;
/** Long enough for a job that runs once a month. */
const IDLE_HOURS_MIN = 5 * 168;

/** The seasonal detector of volume and failure share; README.md beside this file has the maths. */
export class BaselineDetector implements Detector<BaselineState> {
  readonly id = 'baseline';
  readonly version = 2;
  readonly stages = stages;
  readonly falsePositives = [
    'The first end of a month that a job has here, the end of a year, sales days; the first working day after a token was only seen on a week-end.',
    'A client deployed with an expired or mis-scoped credential, which is worth a look all the same.',
    'For drops: a holiday, a customer who leaves, a fleet that is scaled down for good.',
  ];
  readonly nextSteps = [
    'Look at the hour beside the same hours of the weeks before, and at which service and route the excess goes to.',
    'For failures, see whether many different objects are asked for: that is enumeration, not a fault.',
    'Ask the owner; if nobody answers for the traffic, revoke the token and look at what was answered with success.',
  ];
  readonly stateBytesMax: number;
  readonly idleMs: number;
  readonly #options: BaselineOptions;
  readonly #hours: number;

  constructor(options: BaselineOptions) {
    this.#options = options;
    this.#hours = options.weeks * WEEK_HOURS;
    this.idleMs = Math.max(this.#hours, IDLE_HOURS_MIN) * HOUR_MS;
    this.stateBytesMax = STATE_BYTES_FIXED + this.#hours * STATE_BYTES_HOUR;
  }

  initial(): BaselineState {
    return newBaselineState(this.#hours);
  }

  score(state: BaselineState, observation: Observation): readonly Score[] {
    if (!observation.request) return NONE;
    const hour = Math.floor(observation.timeMs / HOUR_MS);
    if (hour < state.hour) return NONE;
    const same = hour === state.hour;
    const found: Score[] = [];
    if (!same) this.#scoreDrop(state, hour, found);
    const requests = (same ? state.requests : 0) + 1;
    const failures = (same ? state.failures : 0) + (observation.failed ? 1 : 0);
    const loud = requests >= this.#options.requests_min;
    const failing = observation.failed && failures >= this.#options.failures_min;
    if (!loud && !failing) return found.length === 0 ? NONE : found;
    const basis = this.#basisAt(state, hour);
    if (loud && !(this.#isLevel(basis, requests) && basis.suspectRun > LEVEL_HOURS))
      found.push(this.#scoreVolume(basis, requests, observation.timeMs));
    if (failing) found.push(this.#scoreShare(basis, requests, failures, observation.timeMs));
    return found;
  }

  classify(score: Score, { entityKind, timeMs }: Observation, state: BaselineState): Verdict | null {
    if (!score.warmedUp || score.value < this.#options.threshold) return null;
    if (score.measure === DROP) {
      return {
        severity: 'low',
        fidelity: 'low',
        summary: `${score.observed} requests in the hour from ${formatTime(score.windowStartMs)}, the third such hour in a row, where this ${entityKind} usually makes ${score.expected.toFixed(0)}.`,
        techniques: [],
      };
    }
    const factor = score.value / this.#options.threshold;
    if (score.measure === STRANGE_TIME) {
      return {
        severity: 'info',
        fidelity: 'low',
        summary: `${score.observed} requests this hour, where this ${entityKind} usually makes ${score.expected.toFixed(0)} at this time; at other times it makes as many.`,
        techniques: ['T1550.001'],
      };
    }
    if (score.measure === LEVEL) {
      return {
        severity: 'info',
        fidelity: 'low',
        summary: `${score.observed} requests this hour, as in the ${LEVEL_HOURS} hours before it, where this ${entityKind} usually made ${score.expected.toFixed(0)}: a new level, which is not told again and is learnt when it has lasted ${this.#options.adopt_hours} hours.`,
        techniques: [],
      };
    }
    const severity = factor >= HIGH_FACTOR ? 'high' : factor >= MEDIUM_FACTOR ? 'medium' : 'low';
    if (score.measure === SHARE) {
      return {
        severity,
        fidelity: 'medium',
        summary: `${percent(score.observed)} of this hour's requests fail, where ${percent(score.expected)} are usual for this ${entityKind}.`,
        techniques: ['T1110'],
      };
    }
    const said = `${score.observed} requests this hour, where this ${entityKind} usually makes ${score.expected.toFixed(0)} at this time`;
    const hour = Math.floor(timeMs / HOUR_MS);
    const earlier = likeIt(state.excesses, hour);
    const techniques = ['T1550.001'];
    if (score.measure === MONTHLY) {
      return { severity: 'info', fidelity: 'low', summary: `${said}${comparedWith(earlier)}.`, techniques };
    }
    const isUnknown =
      severity !== 'high' && isFirstTurn(state.since, hour) && score.observed <= TURN_FACTOR * peakVolume(state.volume);
    return {
      severity,
      fidelity: isUnknown ? 'low' : 'medium',
      summary: isUnknown
        ? `${said}; it has not been seen at the turn of a month yet.`
        : `${said}${comparedWith(earlier)}.`,
      techniques,
    };
  }

  learn(state: BaselineState, observation: Observation, suspect: boolean): BaselineState {
    if (!observation.request) return state;
    const hour = Math.floor(observation.timeMs / HOUR_MS);
    if (hour < state.hour) {
      if (observation.accepted) state.volume.addAt(state.hour - hour, 1);
      return state;
    }
    const isNew = hour > state.hour;
    if (isNew) this.#advance(state, hour);
    state.requests += 1;
    if (observation.failed) state.failures += 1;
    if (observation.accepted) {
      state.taughtRequests += 1;
      if (observation.failed) state.taughtFailures += 1;
    }
    // The first request of an hour tells of the hours before it.
    if (suspect && !(isNew && state.lowRun === LOW_HOURS)) state.suspect = true;
    const { requests_min: requestsMin, failures_min: failuresMin } = this.#options;
    const needed = state.requests >= requestsMin || state.failures >= failuresMin;
    if (needed && Number.isNaN(state.volumeExpected)) this.#expect(state);
    // It is not told again, and must not teach all the same.
    if (needed && this.#isLevel(state, state.requests)) state.suspect = true;
    return state;
  }

  /** Hours that history leaves out are hours without a request; hours older than the memory are ignored. */
  warmUp(state: BaselineState, history: readonly HourlyUsage[]): BaselineState {
    let busiest = peakVolume(state.volume);
    for (const usage of history) {
      const hour = Math.floor(usage.hourStartMs / HOUR_MS);
      if (hour < state.hour) continue;
      if (hour > state.hour) this.#advance(state, hour);
      state.requests += usage.requests;
      state.failures += usage.failures;
      state.taughtRequests += usage.requests;
      state.taughtFailures += usage.failures;
      // Asked of few hours: the expectation costs much.
      if (state.requests > PEAK_FACTOR * busiest && this.#isWarm(state)) {
        this.#expect(state);
        this.#noteExcess(state);
      }
      busiest = Math.max(busiest, state.requests);
    }
    return state;
  }

  outlook(state: BaselineState, observation: Observation): readonly Outlook[] {
    const hour = Math.floor(observation.timeMs / HOUR_MS);
    if (!observation.request || hour < state.hour) return [];
    const { hours_min: hoursMin, requests_min: requestsMin, failures_min: failuresMin, threshold } = this.#options;
    const basis = this.#basisAt(state, hour);
    const requests = basis.requests + 1;
    const failures = basis.failures + (observation.failed ? 1 : 0);
    const volume = this.#scoreVolume(basis, requests, observation.timeMs);
    const share = this.#scoreShare(basis, requests, failures, observation.timeMs);
    const row = ({ unit, observed, expected, spread, warmedUp }: Score, name: string, least: number, note: string) => ({
      name,
      unit,
      observed,
      expected: warmedUp ? expected : null,
      threshold: warmedUp ? Math.max(least, expected + threshold * spread) : null,
      note: warmedUp ? note : `learning: ${basis.volume.size} of ${hoursMin} hours are known`,
    });
    const failing = `judged at a failure, from ${failuresMin} in the hour on; ${failures} so far`;
    const isOld = basis.suspectRun > LEVEL_HOURS && this.#isLevel(basis, requests);
    return [
      row(volume, VOLUME, requestsMin, isOld ? 'a new level, which was told before' : ''),
      row(share, SHARE, 0, failing),
    ];
  }

  sql(score: Score, observation: Observation): string {
    if (score.measure === DROP) return requestsBetweenSql(observation, score.windowStartMs, score.windowEndMs);
    if (score.measure === SHARE) return failureShareSql(observation, score.windowStartMs);
    return requestsInWindowsSql(observation, score.windowStartMs, HOUR_MS, 0);
  }

  encode(state: BaselineState): string {
    return encodeBaselineState(state);
  }

  decode(text: string): BaselineState {
    return decodeBaselineState(text, this.#hours);
  }

  /** The state as of an hour, with its expectation. */
  #basisAt(state: BaselineState, hour: number): BaselineState {
    const same = hour === state.hour;
    if (same && !Number.isNaN(state.volumeExpected)) return state;
    const basis = same ? { ...state } : { ...state, volume: state.volume.clone(), share: state.share.clone() };
    if (!same) this.#advance(basis, hour);
    this.#expect(basis);
    return basis;
  }

  #scoreVolume(basis: BaselineState, requests: number, timeMs: number): Score {
    const warmedUp = this.#isWarm(basis) && !Number.isNaN(basis.volumeExpected);
    const expected = warmedUp ? basis.volumeExpected : 0;
    const spread = warmedUp ? basis.volumeSpread : this.#options.requests_floor;
    const strange = requests <= basis.loudFrom && basis.suspectRun < STRANGE_HOURS;
    const value = warmedUp ? Math.max(0, (requests - expected) / spread) : 0;
    const isLoud = !strange && value >= this.#options.threshold;
    const earlier = isLoud ? likeIt(basis.excesses, basis.hour) : null;
    const monthly = earlier !== null && isAsMuch(earlier, requests);
    return {
      value,
      measure: strange ? STRANGE_TIME : monthly ? MONTHLY : this.#isLevel(basis, requests) ? LEVEL : VOLUME,
      unit: 'requests/h',
      observed: requests,
      expected,
      spread,
      ...this.#frame(basis, warmedUp, timeMs),
    };
  }

  /** Whether an excess has lasted for days at the height that it has now. */
  #isLevel(basis: BaselineState, requests: number): boolean {
    const { suspectRun, runPeak } = basis;
    if (suspectRun < LEVEL_HOURS || requests > LEVEL_FACTOR * runPeak) return false;
    return this.#isWarm(basis) && this.#isExcess(basis, requests);
  }

  /** Whether so many requests are told of, by what is expected of the hour. */
  #isExcess({ volumeExpected: expected, volumeSpread: spread }: BaselineState, requests: number): boolean {
    const { requests_min: least, threshold } = this.#options;
    return requests >= least && requests >= expected + threshold * spread;
  }

  #scoreShare(basis: BaselineState, requests: number, failures: number, timeMs: number): Score {
    const warmedUp = this.#isWarm(basis) && !Number.isNaN(basis.shareExpected);
    const floor = this.#options.share_floor;
    const centre = { expected: basis.shareExpected, deviation: basis.shareDeviation };
    const expected = warmedUp ? centre.expected : 0;
    const spread = warmedUp ? shareSpread(centre, requests, floor) : floor;
    const observed = failures / requests;
    return {
      value: warmedUp ? Math.max(0, (observed - expected) / spread) : 0,
      measure: SHARE,
      unit: '1',
      observed,
      expected,
      spread,
      ...this.#frame(basis, warmedUp, timeMs),
    };
  }

  /** The first request after the last of the low hours tells of them, once. */
  #scoreDrop(state: BaselineState, hour: number, found: Score[]): void {
    if (state.lowRun !== LOW_HOURS - 1 || hour - state.hour > SILENT_HOURS_MAX) return;
    const low = this.#shortfall(state);
    if (low === null) return;
    found.push({
      value: (low.expected - state.requests) / low.spread,
      measure: DROP,
      unit: 'requests/h',
      observed: state.requests,
      ...low,
      ...this.#frame(state, true, (state.hour + 1) * HOUR_MS),
    });
  }

  #shortfall({ volume, requests }: BaselineState): Shortfall | null {
    const { requests_min: requestsMin, threshold } = this.#options;
    return shortfall(volume, requests, { requestsMin, threshold });
  }

  #frame(
    basis: BaselineState,
    warmedUp: boolean,
    windowEndMs: number,
  ): Pick<Score, 'sampleCount' | 'warmedUp' | 'windowStartMs' | 'windowEndMs'> {
    return {
      sampleCount: basis.volume.size,
      warmedUp,
      windowStartMs: basis.hour * HOUR_MS,
      windowEndMs,
    };
  }

  #isWarm(basis: BaselineState): boolean {
    return basis.volume.size >= this.#options.hours_min;
  }

  #expect(state: BaselineState): void {
    const centre = expectedVolume(state.volume, this.#options.requests_floor);
    if (centre === null) return;
    state.volumeExpected = centre.expected;
    state.volumeSpread = centre.spread;
    const shares = shareCentre(comparableHours(state.share).map((share) => share / SHARE_SCALE));
    state.shareExpected = shares.expected;
    state.shareDeviation = shares.deviation;
    const owed = owedVolume(state.volume);
    const caughtUp = owed === 0 ? 0 : centre.expected + owed + this.#options.threshold * centre.spread;
    state.loudFrom = Math.max(PEAK_FACTOR * peakVolume(state.volume), caughtUp);
  }

  /** Closes the running hour and the silent ones up to `hour`. */
  #advance(state: BaselineState, hour: number): void {
    const gap = hour - state.hour;
    if (state.hour < 0) {
      state.since = hour;
    } else {
      const isLow = gap <= SILENT_HOURS_MAX && this.#shortfall(state) !== null;
      state.lowRun = isLow ? state.lowRun + 1 : 0;
      this.#close(state, gap === 1);
      state.volume.pushRun(0, gap - 1);
      state.share.pushRun(null, gap - 1);
    }
    state.hour = hour;
    state.requests = 0;
    state.failures = 0;
    state.taughtRequests = 0;
    state.taughtFailures = 0;
    state.suspect = false;
    state.volumeExpected = NaN;
    state.volumeSpread = NaN;
    state.shareExpected = NaN;
    state.shareDeviation = NaN;
    state.loudFrom = NaN;
  }

  #close(state: BaselineState, contiguous: boolean): void {
    const adopting = state.suspect && (state.suspectRun >= this.#options.adopt_hours || recurs(state.volume));
    const cap = state.volumeExpected + this.#options.threshold * state.volumeSpread;
    const few = state.taughtRequests < SHARE_REQUESTS_MIN;
    if (!state.suspect) {
      state.volume.push(state.taughtRequests);
      state.share.push(few ? null : Math.round((SHARE_SCALE * state.taughtFailures) / state.taughtRequests));
    } else {
      if (state.taughtRequests > state.loudFrom || state.suspectRun >= STRANGE_HOURS) this.#noteExcess(state);
      // Winsorised: after a week of excess, or when it comes back in its rhythm, it is the new usual, taken in step by
      // step; before, it teaches nothing.
      state.volume.push(adopting && cap >= 0 ? Math.min(state.taughtRequests, cap) : null);
      state.share.push(null);
    }
    state.suspectRun = state.suspect && contiguous ? state.suspectRun + 1 : 0;
    state.runPeak = state.suspectRun === 0 ? 0 : Math.max(state.runPeak, state.requests);
  }

  /**
   * Remembers the running hour as one of its day of the month, if it has far more than usual. Where much failed it is no job that
   * did its work. What was told as high is taken in step by step, as the usual is; what was not told, with little growth.
   */
  #noteExcess(state: BaselineState): void {
    const { failures_min: failuresMin, threshold } = this.#options;
    const { taughtRequests: requests, taughtFailures: failures, volumeExpected: expected, volumeSpread: spread } = state;
    if (!this.#isExcess(state, requests)) return;
    if (failures >= failuresMin && this.#scoreShare(state, requests, failures, 0).value >= threshold) return;
    const known = likeIt(state.excesses, state.hour);
    const most = Math.max(expected + HIGH_FACTOR * threshold * spread, HIGH_FACTOR * (known?.peak ?? 0));
    const taught = known !== null && isAsMuch(known, requests) ? grownBy(known, requests) : Math.min(requests, most);
    state.excesses = withExcess(state.excesses, state.hour, Math.round(taught));
  } // prettier-ignore
}

function comparedWith(earlier: ExcessDay | null): string {
  if (earlier === null) return '';
  const day = formatTime(earlier.day * HOURS_OF_DAY * HOUR_MS).slice(0, 10);
  return `; compared with the same day of an earlier month, ${day}, when it made ${earlier.peak}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/** @param options validated by `baselineOptionsSchema`. */
export function createBaselineDetector(options: BaselineOptions): BaselineDetector {
  return new BaselineDetector(options);
}
