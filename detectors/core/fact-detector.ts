import { z } from 'zod';
import { tryJson } from '../../ingest/core/try-json.js';
import type {
  Alarm,
  Detector,
  Fidelity,
  Guidance,
  HourlyUsage,
  Notice,
  Observation,
  PastValue,
  Peers,
  Score,
  Severity,
  Stage,
  Verdict,
} from './detector.js';

const NONE: readonly Score[] = [];
const NO_EPISODES: readonly Episode[] = [];
const HOUR_MS = 3_600_000;
/** An episode in JSON: a measure's name, two times and a count. */
const EPISODE_BYTES = 96;

/** Something that should not be, seen in one observation. */
export interface Fact {
  readonly measure: string;
  /** What was measured; without it the facts of this measure in the running episode are counted. */
  readonly observed?: number;
  /** What should have been at most, 0 unless told. */
  readonly expected?: number;
  /** What the finding is named by, where that is not the episode's first fact: milliseconds of event time. */
  readonly startMs?: number;
  /** event_uids that explain it. */
  readonly evidence?: readonly string[];
  /** For the summary: what it was compared with. */
  readonly against?: string;
}

/** What a measure means and how it is said. */
export interface FactRule {
  readonly severity: Severity;
  readonly fidelity: Fidelity;
  readonly techniques: readonly string[];
  readonly unit: string;
  /** Event time without such a fact that ends an episode, milliseconds; an hour unless told. */
  readonly gapMs?: number;
  /** One sentence for the person woken at 3 a.m. */
  summary(score: Score, observation: Observation, fact: Fact): string;
  /** A SELECT that reproduces `score.observed`. */
  sql(score: Score, observation: Observation): string;
}

/** What an alarm's measure means: there is no observation that decided. */
export interface AlarmRule extends Omit<FactRule, 'summary' | 'sql' | 'gapMs'> {
  summary(score: Score): string;
  sql(score: Score, alarm: Alarm): string;
}

/** @param fact `startMs` is where the window begins. */
export function noticeOf(rule: AlarmRule, fact: Fact & { readonly observed: number }, alarm: Alarm): Notice {
  const { measure, observed, expected = 0, startMs = alarm.timeMs } = fact;
  const { severity, fidelity, techniques, unit } = rule;
  const score = { value: observed, measure, unit, observed, expected, spread: 0, sampleCount: 0, warmedUp: true, windowStartMs: startMs, windowEndMs: alarm.timeMs }; // prettier-ignore
  return {
    score,
    verdict: { severity, fidelity, techniques, summary: rule.summary(score) },
    sql: rule.sql(score, alarm),
  };
}

/** The part of a detector of facts that differs: what it remembers, and what it sees against that. */
export interface FactKernel<Own> extends Guidance {
  readonly id: string;
  readonly version: number;
  /** Bound of the encoded own state, bytes. */
  readonly ownBytesMax: number;
  readonly idleMs: number;
  readonly stages: readonly Stage[];
  readonly rules: Readonly<Record<string, FactRule>>;
  /** As that of a detector. */
  readonly hearsPulses?: true;
  /** Of the own state as JSON; its keys stand in the order in which `initial` and `learn` write them. */
  readonly schema: z.ZodType<Own>;
  initial(): Own;
  /** Must not change the state. */
  facts(own: Own, observation: Observation, peers: Peers<FactState<Own>>): readonly Fact[];
  /** @param suspect true if this observation gave a fact. May change and return the same object. */
  learn(own: Own, observation: Observation, suspect: boolean): Own;
  warmUp?(own: Own, history: readonly HourlyUsage[]): Own;
  recall?(own: Own, past: readonly PastValue[]): Own;
  /** As those of a detector; both or none. */
  wakeMs?(own: Own): number;
  wake?(own: Own, alarm: Alarm): readonly [Own, readonly Notice[]];
}

type Episode = readonly [measure: string, startMs: number, lastMs: number, count: number];

export interface FactState<Own> {
  own: Own;
  /** The running or last episode of each measure that was ever seen. */
  episodes: readonly Episode[];
}

const episodeSchema = z.tuple([z.string(), z.number(), z.number(), z.number()]);

/**
 * A detector that needs no statistics: each fact stands for itself. Facts of one measure that follow each other within
 * its gap are one episode and make one finding, named by the first of them.
 */
class FactDetector<Own> implements Detector<FactState<Own>> {
  readonly id: string;
  readonly version: number;
  readonly stages: readonly Stage[];
  readonly falsePositives: readonly string[];
  readonly nextSteps: readonly string[];
  readonly stateBytesMax: number;
  readonly idleMs: number;
  readonly hearsPulses?: true;
  readonly warmUp?: (state: FactState<Own>, history: readonly HourlyUsage[]) => FactState<Own>;
  readonly recall?: (state: FactState<Own>, past: readonly PastValue[]) => FactState<Own>;
  readonly wakeMs?: (state: FactState<Own>) => number;
  readonly wake?: (state: FactState<Own>, alarm: Alarm) => readonly [FactState<Own>, readonly Notice[]];
  readonly #kernel: FactKernel<Own>;
  readonly #schema: z.ZodType<readonly [Own, readonly Episode[]]>;

  constructor(kernel: FactKernel<Own>) {
    this.id = kernel.id;
    this.version = kernel.version;
    this.stages = kernel.stages;
    this.falsePositives = kernel.falsePositives;
    this.nextSteps = kernel.nextSteps;
    this.idleMs = kernel.idleMs;
    this.stateBytesMax = kernel.ownBytesMax + Object.keys(kernel.rules).length * EPISODE_BYTES + 8;
    this.#kernel = kernel;
    this.#schema = z.tuple([kernel.schema, z.array(episodeSchema)]);
    if (kernel.hearsPulses === true) this.hearsPulses = true;
    if (kernel.warmUp !== undefined) {
      this.warmUp = (state, history) => ({ own: kernel.warmUp?.(state.own, history) ?? state.own, episodes: state.episodes });
    }
    if (kernel.recall !== undefined) {
      this.recall = (state, past) => ({ own: kernel.recall?.(state.own, past) ?? state.own, episodes: state.episodes });
    }
    if (kernel.wakeMs === undefined) return;
    this.wakeMs = ({ own }) => kernel.wakeMs?.(own) ?? Infinity;
    this.wake = (state, alarm) => {
      const [own, notices] = kernel.wake?.(state.own, alarm) ?? [state.own, []];
      return [{ own, episodes: state.episodes }, notices];
    };
  } // prettier-ignore

  initial(): FactState<Own> {
    return { own: this.#kernel.initial(), episodes: NO_EPISODES };
  }

  score(state: FactState<Own>, observation: Observation, peers: Peers<FactState<Own>>): readonly Score[] {
    const facts = this.#kernel.facts(state.own, observation, peers);
    return facts.length === 0 ? NONE : facts.map((fact) => this.#reading(state, fact, observation));
  }

  classify(
    score: Score,
    observation: Observation,
    state: FactState<Own>,
    peers: Peers<FactState<Own>>,
  ): Verdict | null {
    const rule = this.#kernel.rules[score.measure];
    const fact = this.#kernel.facts(state.own, observation, peers).find(({ measure }) => measure === score.measure);
    if (rule === undefined || fact === undefined) return null;
    const { severity, fidelity, techniques } = rule;
    const { evidence = [] } = fact;
    return { severity, fidelity, techniques, evidence, summary: rule.summary(score, observation, fact) };
  }

  learn(
    state: FactState<Own>,
    observation: Observation,
    suspect: boolean,
    peers: Peers<FactState<Own>>,
  ): FactState<Own> {
    if (suspect) {
      for (const fact of this.#kernel.facts(state.own, observation, peers)) {
        const { startMs, lastMs, count } = this.#episode(state, fact, observation);
        const others = state.episodes.filter(([measure]) => measure !== fact.measure);
        state.episodes = [...others, [fact.measure, startMs, lastMs, count]];
      }
    }
    state.own = this.#kernel.learn(state.own, observation, suspect);
    return state;
  }

  sql(score: Score, observation: Observation): string {
    const rule = this.#kernel.rules[score.measure];
    if (rule === undefined) throw new RangeError(`Detector ${this.id} has no measure ${score.measure}.`);
    return rule.sql(score, observation);
  }

  /** Own fields that are as they begin are left out, and so is the list of episodes without any. */
  encode(state: FactState<Own>): string {
    const own = differing(state.own, this.#kernel.initial());
    return JSON.stringify(state.episodes.length === 0 ? [own] : [own, state.episodes]);
  }

  decode(text: string): FactState<Own> {
    const kept = tryJson(text);
    if (!Array.isArray(kept)) throw this.#noState();
    const read = this.#schema.safeParse([{ ...this.#kernel.initial(), ...kept[0] }, kept[1] ?? NO_EPISODES]);
    if (!read.success) throw this.#noState();
    const [own, episodes] = read.data;
    return { own, episodes };
  }

  unpack(text: string): FactState<Own> {
    const [own, episodes = NO_EPISODES] = JSON.parse(text) as [Partial<Own>, (readonly Episode[])?];
    return { own: { ...this.#kernel.initial(), ...own }, episodes };
  }

  #noState(): TypeError {
    return new TypeError(`The text is no state of detector ${this.id}.`);
  }

  #reading(state: FactState<Own>, fact: Fact, observation: Observation): Score {
    const { startMs, count } = this.#episode(state, fact, observation);
    const observed = fact.observed ?? count;
    return {
      value: observed,
      measure: fact.measure,
      unit: this.#kernel.rules[fact.measure]?.unit ?? '1',
      observed,
      expected: fact.expected ?? 0,
      spread: 0,
      sampleCount: 0,
      warmedUp: true,
      windowStartMs: startMs,
      windowEndMs: observation.timeMs,
    };
  }

  /** The measure's episode with this fact in it. */
  #episode(state: FactState<Own>, fact: Fact, { timeMs }: Observation) {
    const known = state.episodes.find(([measure]) => measure === fact.measure);
    const gapMs = this.#kernel.rules[fact.measure]?.gapMs ?? HOUR_MS;
    if (known === undefined || timeMs - known[2] > gapMs) {
      return { startMs: Math.min(fact.startMs ?? timeMs, timeMs), lastMs: timeMs, count: 1 };
    }
    return {
      startMs: Math.min(fact.startMs ?? known[1], timeMs),
      lastMs: Math.max(known[2], timeMs),
      count: known[3] + 1,
    };
  }
}

/** The fields of a state that are not as at the beginning; lists count as equal only if both are empty. */
function differing<Own>(own: Own, initial: Own): Partial<Own> {
  const found: Partial<Own> = {};
  for (const key in own) {
    const value = own[key];
    const first = initial[key];
    const bothEmpty = Array.isArray(value) && value.length === 0 && Array.isArray(first) && first.length === 0;
    if (value !== first && !bothEmpty) found[key] = value;
  }
  return found;
}

/** @param kernel pure; asked again for the facts of an observation that has some. */
export function createFactDetector<Own>(kernel: FactKernel<Own>): Detector<FactState<Own>> {
  return new FactDetector(kernel);
}
