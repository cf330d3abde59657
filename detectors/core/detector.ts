import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Whose } from './entity-match.js';

/**
 * Whose events a detector compares with each other. Short-lived tokens are always new, so what needs a past runs in
 * the principal stage too; what is about one credential runs in the token stage.
 */
export const stages = ['token', 'principal'] as const;
export type Stage = (typeof stages)[number];

/** What a detector sees of an event: flat, cheap to read, event time in milliseconds. */
export interface Observation {
  readonly event: TokenEvent;
  /** Of whom the state is that the detector is given with this observation; `source` only for pulses. */
  readonly entityKind: Speaker;
  /** token_uid, principal_uid, or what names the source. */
  readonly entityUid: string;
  readonly timeMs: number;
  /** True if the callee accepted it; refused forgeries must not teach a baseline. */
  readonly accepted: boolean;
  /** True if it counts as one request of the token: seen by the callee's side, the first of the lines that tell of it. */
  readonly request: boolean;
  /** True if it failed through the caller (refused, not found …), not through an outage of the service. */
  readonly failed: boolean;
  /** It came later than allowed, so what is newer has been seen. */
  readonly late?: true;
}

/** Whose state a detector may be given: those of the stages, and the sources (and groups of peers) that pulses tell of. */
export type Speaker = Stage | 'source';

export const fidelities = ['low', 'medium', 'high'] as const;
export type Fidelity = (typeof fidelities)[number];
export const severities = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** One reading against expectation. `value` is ≥ 0, higher is stranger, never clipped. */
export interface Score {
  readonly value: number;
  /** What was measured: `requests`, `failure_share` … */
  readonly measure: string;
  readonly unit: string;
  readonly observed: number;
  readonly expected: number;
  /** Robust standard deviation of what was expected, same unit as observed. */
  readonly spread: number;
  readonly sampleCount: number;
  /** False during the grace period; then value is 0. */
  readonly warmedUp: boolean;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
}

export interface Verdict {
  readonly severity: Severity;
  readonly fidelity: Fidelity;
  /** One sentence for the person woken at 3 a.m. */
  readonly summary: string;
  readonly techniques: readonly string[];
  /** event_uids that explain the verdict, such as that of the revocation; the deciding event is added by itself. */
  readonly evidence?: readonly string[];
}

/** What a detector says of itself to the reader of its alerts; one sentence each. */
export interface Guidance {
  /** Ordinary causes of such an alert. */
  readonly falsePositives: readonly string[];
  /** What to look at and to do, first things first. */
  readonly nextSteps: readonly string[];
}

/** What a detector needs from history to start warm: one closed hour of one entity. */
export interface HourlyUsage {
  readonly hourStartMs: number;
  readonly requests: number;
  readonly failures: number;
}

/** What history tells of one value that a principal was served with (migration 0020), over the last month. */
export interface PastValue {
  /** As in dimensions.ts; `address` and `program` where the value is the text from which it follows, '' for all uses. */
  readonly dimension: string;
  readonly value: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly uses: number;
}

/** What history tells of a source, or of the stream: in which minutes of an hour it spoke, a bit each, the lowest first; half an hour in each number. */
export interface SpokenHour {
  readonly hourStartMs: number;
  readonly minutes: readonly [first: number, second: number];
}

/**
 * The state that a detector has of another entity. Only what every partition has, sources and groups of peers, may be asked
 * for.
 */
export type Peers<State> = (key: string) => State | undefined;

/** Where nobody else is known. */
export const noPeers: Peers<never> = () => undefined;

/** The time that a detector asked for has come, and the entity has been silent since. */
export interface Alarm {
  /** The time asked for, milliseconds of event time. */
  readonly timeMs: number;
  readonly entityKind: Speaker;
  readonly entityUid: string;
  /** As far as is known, of the entity's last event. */
  readonly whose?: Whose;
}

/** What a detector says when it is woken. */
export interface Notice {
  readonly score: Score;
  readonly verdict: Verdict;
  /** A SELECT on the `events` view that reproduces `score.observed`. */
  readonly sql: string;
}

/** How many of them a detector may give of one observation. */
export const OUTLOOKS_MAX = 16;

/** What a detector compares in an observation, whether it tells of it or not: how far it is from a verdict. Only for a reader. */
export interface Outlook {
  readonly name: string;
  readonly unit: string;
  readonly observed: number;
  /** Null while nothing is known. */
  readonly expected: number | null;
  /** From which height of `observed` on there is a verdict; null while it is learning. */
  readonly threshold: number | null;
  /** What else it waits for; empty for nothing. */
  readonly note: string;
}

/**
 * A stream detector: pure, event time only. The runtime owns keying, watermark, eviction and snapshots, and calls
 * score → classify → learn (unless the verdict is suspect) → emit, with observations of one key in time order up to
 * the allowed lateness. State is plain data; `score` never mutates it; `learn` may return the same object mutated
 * (the runtime gives each key its own), and must keep it within `stateBytesMax`.
 */
export interface Detector<State> extends Guidance {
  readonly id: string;
  /** Raised when the encoded state changes meaning; older state is then dropped and rebuilt. */
  readonly version: number;
  /** Where it runs; with two, each has its own state. */
  readonly stages: readonly Stage[];
  readonly stateBytesMax: number;
  /** How long a key may be silent before its state may be evicted, milliseconds of event time. */
  readonly idleMs: number;
  initial(): State;
  /** Readings of this observation; empty when it does not concern the detector. */
  score(state: State, observation: Observation, peers: Peers<State>): readonly Score[];
  /** Turns a reading into a verdict, or null if it is nothing to report. @param state what `score` was given, as `peers`. */
  classify(score: Score, observation: Observation, state: State, peers: Peers<State>): Verdict | null;
  /** @param suspect true if this observation gave a verdict: its window must not teach the expectation. */
  learn(state: State, observation: Observation, suspect: boolean, peers: Peers<State>): State;
  /** True if it is given pulses too (core/pulse.ts); the others never see one. */
  readonly hearsPulses?: true;
  /**
   * Event time at which it wants to be woken if nothing of the entity comes before, milliseconds; Infinity for never.
   * Follows from the state alone, so it is stored and restored with it, and there is one for each state.
   */
  wakeMs?(state: State): number;
  /** Called once event time has passed `wakeMs`. What it leaves behind asks for a later time, or for none. */
  wake?(state: State, alarm: Alarm, peers: Peers<State>): readonly [State, readonly Notice[]];
  /** True if alarms must say whose they are; the state of an entity that waits for one then holds it. */
  readonly asksWhose?: true;
  /** What it compares in this observation, quiet or not; asked by `explain` alone. As pure as `score`, at most OUTLOOKS_MAX. */
  outlook?(state: State, observation: Observation): readonly Outlook[];
  /** A SELECT on the `events` view that reproduces `score.observed`. */
  sql(score: Score, observation: Observation): string;
  /** Starts a key warm from closed hours, oldest first. */
  warmUp?(state: State, history: readonly HourlyUsage[]): State;
  /** Starts a principal with what history knows of it, the values in any order. */
  recall?(state: State, past: readonly PastValue[]): State;
  /** Starts a source, or the stream, with the hours in which history heard of it, and those of the stream; oldest first. */
  hear?(state: State, key: string, own: readonly SpokenHour[], stream: readonly SpokenHour[]): State;
  encode(state: State): string;
  decode(text: string): State;
  /** The same for a text that this process encoded: there is nothing to check. */
  unpack?(text: string): State;
}

/** The detector with its state type hidden, as the registry lists it. */
export type AnyDetector = Detector<unknown>;
