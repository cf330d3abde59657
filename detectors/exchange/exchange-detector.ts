import type { Detector, Observation, Score, Verdict } from '../core/detector.js';
import { textHash } from '../core/hash.js';
import { ACCEPTED, requestFigureSql } from '../core/reproduce.js';
import { robustCentre, type SpreadFloors } from '../core/robust.js';
import { comparableHours } from '../core/seasonal-hours.js';
import type { ExchangeOptions } from './exchange-options.js';
import {
  decodeExchangeState,
  encodeExchangeState,
  HOURS,
  measures,
  newExchangeState,
  newRings,
  NO_RUN,
  NOT_NEEDED,
  NOT_SUSPECT,
  TARGETS_MAX,
  type Centre,
  type ExchangeState,
  type Measure,
} from './exchange-state.js';

const NONE: readonly Score[] = [];
const NOT_DUE: readonly (readonly [Measure, number])[] = [];
const HOUR_MS = 3_600_000;
const KIB = 1024;
/** Twice as much as usual is within what ordinary work brings: an alarm needs four times with the default threshold. */
const SPREAD_FLOORS: SpreadFloors = { absolute: 0, relative: 0.5, tail: true };
/** From so many times the threshold on it is no busy day any more: some 25 times what is usual. */
const MEDIUM_FACTOR = 8;
/** An excess that lasts so many hours in a row with requests is the new usual. */
const ADOPT_HOURS = 72;
/** Rings in base 36 with their commas; the rest of the hour with its routes. */
const STATE_BYTES_MAX = measures.length * HOURS * 6 + TARGETS_MAX * 17 + 256;

const units: Readonly<Record<Measure, string>> = { response_bytes: 'bytes/h', targets: 'routes/h', duration: 'ms' };

/** What the requests of an hour carry: bytes answered, routes, time taken; README.md beside this file has the maths. */
export class ExchangeDetector implements Detector<ExchangeState> {
  readonly id = 'exchange';
  readonly version = 1;
  readonly stages = ['token'] as const;
  readonly falsePositives = [
    'The first export, report or full synchronisation that a client makes, and one that runs less often than once a week.',
    'A release that asks for other routes, or whose answers are larger.',
    'For durations: a service that is slow for everybody.',
  ];
  readonly nextSteps = [
    'Look at which routes the bytes came from, and whether the addresses and programs of the hour are the usual ones.',
    'Ask the owner whether an export or a synchronisation was due; if nobody answers for it, revoke the token.',
    'For durations, see whether other tokens of the same service are slow too: then it is the service.',
  ];
  readonly stateBytesMax = STATE_BYTES_MAX;
  readonly idleMs = HOURS * HOUR_MS;
  readonly #options: ExchangeOptions;
  /** Of the spreads, in the units of the rings. */
  readonly #floors: Readonly<Record<Measure, number>>;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { threshold, bytes_min: bytes, targets_min: targets, duration_floor_ms: ms } = options;
    // Where nothing is usual, the least that can be a finding is one.
    this.#floors = { response_bytes: bytes / KIB / threshold, targets: targets / threshold, duration: ms };
  }

  initial(): ExchangeState {
    return newExchangeState();
  }

  score(state: ExchangeState, observation: Observation): readonly Score[] {
    if (!isCounted(observation)) return NONE;
    const hour = hourOf(observation);
    if (hour < state.hour) return NONE;
    const isNew = hour > state.hour;
    const { target } = observation.event;
    const bytes = (isNew ? 0 : state.bytes) + (target?.response_bytes ?? 0);
    const timed = (isNew ? 0 : state.timed) + (target?.duration_ms === undefined ? 0 : 1);
    const totalMs = (isNew ? 0 : state.totalMs) + (target?.duration_ms ?? 0);
    const due = this.#due(bytes, isNew ? 1 : withTarget(state.targets, observation, this.#options.targets_min), timed);
    if (due.length === 0) return NONE;
    const basis = isNew ? this.#advanced(state, hour) : state;
    return due.map(([measure, count]) => {
      const observed = measure === 'duration' ? rounded(totalMs / timed) : count;
      return this.#reading(basis, measure, observed, observation.timeMs);
    });
  }

  classify(score: Score, { entityKind }: Observation): Verdict | null {
    if (!score.warmedUp || score.value < this.#options.threshold) return null;
    const { observed, expected } = score;
    const usual = `where this ${entityKind} usually`;
    if (score.measure === 'duration') {
      return {
        severity: 'info',
        fidelity: 'low',
        summary: `Requests of this hour take ${observed} ms each, ${usual} waits ${expected.toFixed(0)} ms.`,
        techniques: [],
      };
    }
    if (score.measure === 'targets') {
      const most = observed >= TARGETS_MAX ? `${TARGETS_MAX} or more` : String(observed);
      return {
        severity: 'low',
        fidelity: 'low',
        summary: `${most} routes this hour, ${usual} asks for ${expected.toFixed(0)} at this time.`,
        techniques: ['T1526', 'T1550.001'],
      };
    }
    return {
      severity: score.value >= MEDIUM_FACTOR * this.#options.threshold ? 'medium' : 'low',
      fidelity: 'low',
      summary: `${inMib(observed)} answered this hour, ${usual} reads ${inMib(expected)} at this time.`,
      techniques: ['T1530', 'T1550.001'],
    };
  }

  learn(state: ExchangeState, observation: Observation, suspect: boolean): ExchangeState {
    if (!isCounted(observation)) return state;
    const hour = hourOf(observation);
    if (hour < state.hour) return state;
    const readings = suspect ? this.score(state, observation) : NONE;
    if (hour > state.hour) this.#advance(state, hour);
    const { target } = observation.event;
    state.bytes += target?.response_bytes ?? 0;
    const hash = hashOf(observation);
    if (isNewTarget(state.targets, hash)) state.targets.push(hash);
    if (target?.duration_ms !== undefined) {
      state.timed += 1;
      state.totalMs += target.duration_ms;
    }
    for (const score of readings) {
      const place = measures.indexOf(score.measure as Measure);
      if (this.classify(score, observation) !== null) state.suspect = state.suspect.with(place, true);
    }
    // Asked once an hour, and of few tokens.
    for (const [measure] of this.#due(state.bytes, state.targets.length, state.timed)) expect(state, measure);
    return state;
  }

  sql(score: Score, observation: Observation): string {
    const start = score.windowStartMs;
    if (score.measure === 'response_bytes') {
      return requestFigureSql(observation, start, `if(${ACCEPTED}, ifNull(response_bytes, 0), 0)`, 'sum(figure)');
    }
    if (score.measure === 'targets') {
      const name = "concat('.', target_service, ' ', target_route)";
      const figure = `least(uniqExactIf(figure, figure != ''), ${TARGETS_MAX})`;
      return requestFigureSql(observation, start, `if(${ACCEPTED}, ${name}, '')`, figure);
    }
    const figure = 'floor(avgIf(figure, figure >= 0) + 0.5)';
    return requestFigureSql(observation, start, `if(${ACCEPTED}, ifNull(toFloat64(duration_ms), -1), -1)`, figure);
  }

  encode(state: ExchangeState): string {
    return encodeExchangeState(state);
  }

  decode(text: string): ExchangeState {
    return decodeExchangeState(text);
  }

  /** Measures of which the hour has enough to tell anything, with what it has. */
  #due(bytes: number, targets: number, timed: number): readonly (readonly [Measure, number])[] {
    const { bytes_min: bytesMin, targets_min: targetsMin, timed_min: timedMin } = this.#options;
    if (bytes < bytesMin && targets < targetsMin && timed < timedMin) return NOT_DUE;
    const counts = [['response_bytes', bytes, bytesMin], ['targets', targets, targetsMin], ['duration', timed, timedMin]] as const;
    return counts.filter(([, count, least]) => count >= least).map(([measure, count]) => [measure, count] as const);
  } // prettier-ignore

  #reading(basis: ExchangeState, measure: Measure, observed: number, windowEndMs: number): Score {
    const place = measures.indexOf(measure);
    const kept = basis.centres[place] === undefined ? centreOf(basis, measure) : basis.centres[place];
    const centre = kept != null && kept.known >= this.#options.hours_min ? kept : null;
    const scale = measure === 'response_bytes' ? KIB : 1;
    const expected = (centre?.expected ?? 0) * scale;
    const spread = Math.max(centre?.spread ?? 0, this.#floors[measure]) * scale;
    return {
      value: centre === null ? 0 : Math.max(0, (observed - expected) / spread),
      measure,
      unit: units[measure],
      observed,
      expected,
      spread,
      sampleCount: basis.rings[place]?.size ?? 0,
      warmedUp: centre !== null,
      windowStartMs: basis.hour * HOUR_MS,
      windowEndMs,
    };
  }

  /** The state at the beginning of a later hour, without touching this one. */
  #advanced(state: ExchangeState, hour: number): ExchangeState {
    const copy: ExchangeState = { ...state, rings: state.rings.map((ring) => ring.clone()) };
    this.#advance(copy, hour);
    return copy;
  }

  /** Closes the running hour; hours without a request are unknown. */
  #advance(state: ExchangeState, hour: number): void {
    if (state.hour >= 0) {
      if (state.rings.length === 0) state.rings = newRings();
      const closed = [state.bytes / KIB, state.targets.length, state.timed === 0 ? null : state.totalMs / state.timed];
      if (state.suspect !== NOT_SUSPECT || state.suspectRun !== NO_RUN) {
        const runs = state.suspectRun.map((run, place) => (state.suspect[place] === true ? run + 1 : 0));
        state.suspectRun = runs.some((run) => run > 0) ? runs : NO_RUN;
      }
      state.rings.forEach((ring, place) => {
        const run = state.suspectRun[place] ?? 0;
        ring.push(run > 0 && run < ADOPT_HOURS ? null : (closed[place] ?? null));
        ring.pushRun(null, hour - state.hour - 1);
      });
    }
    state.hour = hour;
    state.bytes = 0;
    state.targets = [];
    state.timed = 0;
    state.totalMs = 0;
    state.suspect = NOT_SUSPECT;
    state.centres = NOT_NEEDED;
  }
}

function expect(state: ExchangeState, measure: Measure): void {
  const place = measures.indexOf(measure);
  if (state.centres[place] === undefined) state.centres = state.centres.with(place, centreOf(state, measure));
}

/** Null where no hour is known. */
function centreOf(state: ExchangeState, measure: Measure): Centre | null {
  const ring = state.rings[measures.indexOf(measure)];
  const known = ring?.values().length ?? 0;
  if (ring === undefined || known === 0) return null;
  const { expected, spread } = robustCentre(comparableHours(ring), SPREAD_FLOORS);
  return { expected, spread, known };
}

/** What was served or answered otherwise to the holder; what was refused carries nothing. */
const isCounted = ({ event, request, accepted }: Observation): boolean => request && accepted && event.action === 'use';
const hourOf = ({ timeMs }: Observation): number => Math.floor(timeMs / HOUR_MS);
const hashOf = ({ event: { target } }: Observation): number =>
  textHash(`${target?.service ?? ''} ${target?.route ?? ''}`);
const isNewTarget = (targets: readonly number[], hash: number): boolean =>
  targets.length < TARGETS_MAX && !targets.includes(hash);

/** How many routes there are with this one; 0 without a look where they are fewer than `least` in any case. */
const withTarget = (targets: readonly number[], observation: Observation, least: number): number =>
  targets.length + 1 < least ? 0 : targets.length + (isNewTarget(targets, hashOf(observation)) ? 1 : 0);
/** As the store does it. */
const rounded = (value: number): number => Math.floor(value + 0.5);
const inMib = (bytes: number): string => `${(bytes / KIB / KIB).toFixed(1)} MiB`;

/** @param options validated by `exchangeOptionsSchema`. */
export const createExchangeDetector = (options: ExchangeOptions): ExchangeDetector => new ExchangeDetector(options);
