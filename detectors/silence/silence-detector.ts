import { isDrill } from '../../ingest/event/drill.js';
import { tryJson } from '../../ingest/core/try-json.js';
import type { Alarm, Detector, HourlyUsage, Notice, Observation, Peers, Score, Speaker, SpokenHour, Verdict } from '../core/detector.js'; // prettier-ignore
import { MINUTE_MS, pulseOf, sourceKey, STREAM_KEY } from '../core/pulse.js';
import { silenceSql } from './silence-sql.js';
import { minutesOf } from './past-minutes.js';
import { silenceLimit, STEADY_MINUTES } from './regular.js';
import type { SilenceOptions } from './silence-options.js';
import { HOURS_MISSED, hoursToMiss, markHour, type Missed } from './week-profile.js';
import { newSilenceState, PERIODS_MAX, SILENCE_BYTES_MAX, silenceStateSchema, spokenBefore, type SilenceState } from './silence-state.js'; // prettier-ignore

const NONE: readonly Score[] = [];
const NO_NOTICES: readonly Notice[] = [];
const DAY_MS = 86_400_000;
const HOUR_MINUTES = 60;
const DAY_MINUTES = 1440;
/** How long nobody waits for one whose events came late, minutes: seven days. */
const UNSURE_MINUTES = 10_080;
/** After so long it need not be remembered: twice a week, and the memory of four. */
const IDLE_DAYS = 42;

const measures = { source: 'source_silent', principal: 'principal_silent', token: 'token_silent' } as const;
/** Of those that keep hours of the week. */
const missing = { source: 'source_missing', principal: 'principal_missing', token: 'token_missing' } as const;

/** Speakers that speak regularly and no longer do; README.md beside this file has the maths. */
class SilenceDetector implements Detector<SilenceState> {
  readonly id = 'silence';
  readonly version = 2;
  readonly stages = ['principal'] as const;
  readonly hearsPulses = true;
  readonly falsePositives = [
    'A job or service that was switched off for good: it is told once.',
    'Maintenance, a public holiday, or a move to another credential or principal.',
    'A source whose log is delivered later than usual, such as one that a cloud writes in batches.',
  ];
  readonly nextSteps = [
    'For a source, see whether the product runs, still writes its log, and whether the collector reads it: what it logs is not watched meanwhile.',
    'For a job or service, see whether it runs, and whether its credential has expired, was revoked or is refused.',
    'If it was switched off for good, revoke its credential: nobody would notice who else uses it.',
  ];
  readonly stateBytesMax = SILENCE_BYTES_MAX;
  readonly idleMs = IDLE_DAYS * DAY_MS;
  readonly #options: SilenceOptions;
  readonly #periodMinutes: number;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#periodMinutes = Math.round(options.period_hours * HOUR_MINUTES);
  }

  initial(): SilenceState {
    return newSilenceState();
  }

  /** What is there says nothing of silence. */
  score(): readonly Score[] {
    return NONE;
  }

  classify(): Verdict | null {
    return null;
  }

  learn(state: SilenceState, observation: Observation, _suspect: boolean, peers: Peers<SilenceState>): SilenceState {
    const at = Math.floor(observation.timeMs / MINUTE_MS);
    if (at <= state.last) return state;
    const { event } = observation;
    const pulse = pulseOf(event);
    // Peers are no speaker whom somebody would miss.
    if (pulse?.member !== undefined) return state;
    if (pulse === null) {
      // People sleep and travel, and drills end.
      if (!observation.request || event.principal?.kind === 'user' || isDrill(event)) return state;
    } else if (pulse.kind === 'token' && event.action !== 'use') {
      return newSilenceState();
    }
    if (observation.late === true) state.unsure = at + UNSURE_MINUTES;
    const through = pulse?.kind !== 'source' ? sourceKey(event.source) : pulse.key === STREAM_KEY ? '' : STREAM_KEY;
    this.#hearMinute(state, at, through, positionOf(peers, through, at));
    // One that was judged by other settings, such as those of all from history.
    if (state.limit > 0 && state.limit < this.#options.minutes_min) state.limit = this.#options.minutes_min;
    const hour = Math.floor(at / HOUR_MINUTES);
    if (markHour(state.profile, hour)) state.profile.due = hoursToMiss(state.profile, hour);
    state.wake = this.#wakeAt(state, pulse?.kind);
    return state;
  }

  /** A source that keeps hours may as well have a holiday with all that speak through it; it would call somebody. */
  #wakeAt({ last, limit, through, unsure, profile }: SilenceState, kind: Speaker | undefined): number {
    if (through === '' || last < unsure) return -1;
    if (limit > 0) return last + limit + 1;
    return kind === 'source' ? -1 : (profile.due?.lastMinute ?? -1);
  }

  wakeMs({ wake }: SilenceState): number {
    return wake < 0 ? Infinity : wake * MINUTE_MS;
  }

  /** While what it speaks through is silent too, it is not this speaker that is missing. */
  wake(state: SilenceState, alarm: Alarm, peers: Peers<SilenceState>): readonly [SilenceState, readonly Notice[]] {
    const at = Math.floor(alarm.timeMs / MINUTE_MS);
    const silent = passedSince(state, at, positionOf(peers, state.through, at));
    const missed = state.limit > 0 ? null : state.profile.due;
    const isHeard = missed === null ? silent > state.limit : (peers(state.through)?.last ?? -1) >= at - DAY_MINUTES;
    if (!isHeard) {
      // The longer what it speaks through is silent too, the more seldom it is looked at: few times in weeks.
      const rest = Math.max(state.limit + 1 - silent, Math.ceil((at - state.last) / 8));
      return [{ ...state, wake: at + rest }, NO_NOTICES];
    }
    return [{ ...state, wake: -1 }, [this.#notice(state, alarm, at, missed)]];
  }

  /** Hours in which it spoke, of which the minutes are not known: its silences are taken as long as they may have been. */
  warmUp(state: SilenceState, history: readonly HourlyUsage[]): SilenceState {
    let hour = -1;
    for (const { hourStartMs, requests } of history) {
      const start = Math.floor(hourStartMs / MINUTE_MS);
      if (requests === 0 || start <= state.last) continue;
      if (hour >= 0) this.#teach(state, start, start + HOUR_MINUTES - 1 - hour);
      // It spoke in at most as many minutes as it made requests.
      state.spoken += Math.min(requests, HOUR_MINUTES);
      markHour(state.profile, Math.floor(start / HOUR_MINUTES));
      hour = start;
    }
    if (hour >= 0) {
      state.last = hour;
      state.warmed = state.periods.length;
      state.profile.due = hoursToMiss(state.profile, Math.floor(hour / HOUR_MINUTES));
      this.#judge(state);
    }
    return state;
  }

  /** As if it had been heard minute by minute. Nobody is waited for before the first word that is. */
  hear(state: SilenceState, key: string, own: readonly SpokenHour[], stream: readonly SpokenHour[]): SilenceState {
    if (state.last >= 0) return state;
    const through = key === STREAM_KEY ? '' : STREAM_KEY;
    for (const { at, before } of minutesOf(own, stream)) {
      this.#hearMinute(state, at, through, through === '' ? -1 : before);
      markHour(state.profile, Math.floor(at / HOUR_MINUTES));
    }
    state.profile.due = hoursToMiss(state.profile, Math.floor(state.last / HOUR_MINUTES));
    return state;
  }

  /** No reading of an event has one. */
  sql(): string {
    throw new RangeError('Detector silence reads nothing in an event.');
  }

  encode(state: SilenceState): string {
    return JSON.stringify(state);
  }

  decode(text: string): SilenceState {
    const read = silenceStateSchema.safeParse(tryJson(text));
    if (!read.success) throw new TypeError('The text is no state of detector silence.');
    return read.data;
  }

  unpack(text: string): SilenceState {
    return JSON.parse(text) as SilenceState;
  }

  /** @param before in how many minutes before `at` the speaker that it speaks through spoke, -1 where nobody knows. */
  #hearMinute(state: SilenceState, at: number, through: string, before: number): void {
    if (state.last >= 0) this.#closeSilence(state, at, through, before);
    state.last = at;
    state.spoken += 1;
    state.through = through;
    state.before = before;
  }

  /** A silence that was told teaches no more than what was ordinary before, so that a slower pace is learnt in steps. */
  #closeSilence(state: SilenceState, at: number, through: string, before: number): void {
    const silence = passedSince(state, at, through === state.through ? before : -1);
    const { period, longest } = state;
    this.#teach(state, at, state.limit > 0 ? Math.min(silence, state.limit) : silence);
    // Most minutes teach nothing, and the limit follows from what they teach.
    if (state.period !== period || state.longest !== longest || state.spoken === STEADY_MINUTES) this.#judge(state);
  }

  #teach(state: SilenceState, at: number, silence: number): void {
    const period = Math.floor(at / this.#periodMinutes);
    if (period > state.period) {
      if (state.longest > 0) this.#closePeriod(state);
      state.period = period;
      state.longest = 0;
    }
    state.longest = Math.max(state.longest, silence);
  }

  #closePeriod(state: SilenceState): void {
    const { periods, warmed, longest } = state;
    state.periods = [...periods.slice(1 - PERIODS_MAX), longest];
    state.warmed = Math.max(0, Math.min(warmed, PERIODS_MAX - 1));
    // What was seen by the minute is better than what hours tell, once there is enough of it.
    if (state.periods.length - state.warmed < this.#options.periods_min) return;
    state.periods = state.periods.slice(state.warmed);
    state.warmed = 0;
  }

  #judge(state: SilenceState): void {
    const { periods, longest, spoken } = state;
    const known = periods.length >= this.#options.periods_min;
    const limit = known ? silenceLimit(periods, longest, spoken) : 0;
    state.limit = limit === 0 ? 0 : Math.max(limit, this.#options.minutes_min);
  }

  #notice(state: SilenceState, { timeMs, entityKind, entityUid }: Alarm, at: number, missed: Missed | null): Notice {
    const startMs = state.last * MINUTE_MS;
    const observed = at - state.last;
    const longest = Math.max(state.longest, ...state.periods);
    const score: Score = {
      value: missed === null ? observed / state.limit : observed / (missed.firstMinute - state.last),
      measure: missed === null ? measures[entityKind] : missing[entityKind],
      unit: 'min',
      observed,
      expected: missed === null ? longest : missed.firstMinute - state.last,
      spread: 0,
      sampleCount: state.periods.length,
      warmedUp: true,
      windowStartMs: startMs,
      windowEndMs: timeMs,
    };
    const said = missed === null ? silentText(score) : missingText(score);
    return { score, verdict: verdictOf(entityKind, entityUid, said), sql: silenceSql(entityKind, entityUid, score) };
  }
}

/** Minutes before `at` in which somebody spoke, -1 where nobody knows. */
function positionOf(peers: Peers<SilenceState>, key: string, at: number): number {
  const peer = key === '' ? undefined : peers(key);
  return peer === undefined ? -1 : spokenBefore(peer, at);
}

/** Minutes of silence in which what the speaker speaks through spoke; where that is not known, those of the clock. */
function passedSince({ last, before }: SilenceState, at: number, position: number): number {
  const passed = before < 0 || position < 0 ? at - last : position - before;
  // One that was forgotten meanwhile counts anew.
  return passed > 0 ? Math.min(passed, at - last) : at - last;
}

const silentText = ({ observed, expected }: Score): string =>
  `has been silent for ${minutesText(observed)}; its longest silence in four weeks was ${minutesText(expected)} in which others spoke.`;
const missingText = ({ observed, expected }: Score): string =>
  `has been silent for ${minutesText(observed)}, through ${HOURS_MISSED} hours and three days in which it spoke in each of the three weeks before; it was expected after ${minutesText(expected)}.`;

function verdictOf(kind: Speaker, uid: string, said: string): Verdict {
  if (kind === 'source') {
    return { severity: 'medium', fidelity: 'high', techniques: [], summary: `Source ${uid} ${said}` };
  }
  return { severity: 'low', fidelity: 'low', techniques: [], summary: `This ${kind} speaks regularly and ${said}` };
}

const minutesText = (minutes: number): string =>
  minutes < 120 ? `${Math.round(minutes)} min` : `${(minutes / HOUR_MINUTES).toFixed(1)} h`;

/** @param options validated by `silenceOptionsSchema`. */
export function createSilenceDetector(options: SilenceOptions): Detector<SilenceState> {
  return new SilenceDetector(options);
}
