import type {
  Alarm, AnyDetector, HourlyUsage, Notice, Observation, Outlook, PastValue, Peers, Score, SpokenHour, Stage, Verdict,
} from '../core/detector.js'; // prettier-ignore
import { matchesEntity, type EntityMatch, type Whose } from '../core/entity-match.js';

const NONE: readonly Score[] = [];
const NO_OUTLOOK: readonly Outlook[] = [];
const NO_NOTICES: readonly Notice[] = [];
const NO_ENTRY = -1;

/** Which entry holds for whom. All detectors of one observation ask the same, so the last answer is kept. */
export class OverrideIndex {
  readonly #entries: readonly EntityMatch[];
  #asked: Observation | null = null;
  #answer = NO_ENTRY;

  constructor(entries: readonly EntityMatch[]) {
    this.#entries = entries;
  }

  /** Place of the first entry that matches, -1 for none. A source, or a group of peers, is nobody's. */
  placeOf(observation: Observation): number {
    if (observation === this.#asked) return this.#answer;
    this.#asked = observation;
    this.#answer = observation.entityKind === 'source' ? NO_ENTRY : this.#find(observation.event);
    return this.#answer;
  }

  /** The same for an alarm. */
  placeOfAlarm({ entityKind, whose = {} }: Alarm): number {
    return entityKind === 'source' ? NO_ENTRY : this.#find(whose);
  }

  #find(whose: Whose): number {
    return this.#entries.findIndex((entry) => matchesEntity(entry, whose));
  }
}

/** By entry: the detector with its settings, null where it is off, undefined where it says nothing of the detector. */
type ByEntry = readonly (AnyDetector | null | undefined)[];

/**
 * A detector that judges some entities by other settings. Its state is that of the general one, whatever judges it: so
 * entries may come and go without a state being lost. One that is off learns and finds nothing.
 */
class OverriddenDetector implements AnyDetector {
  readonly id: string;
  readonly version: number;
  readonly stages: readonly Stage[];
  readonly falsePositives: readonly string[];
  readonly nextSteps: readonly string[];
  readonly stateBytesMax: number;
  readonly idleMs: number;
  readonly asksWhose = true;
  readonly hearsPulses?: true;
  readonly wakeMs?: (state: unknown) => number;
  readonly wake?: (state: unknown, alarm: Alarm, peers: Peers<unknown>) => readonly [unknown, readonly Notice[]];
  readonly warmUp?: (state: unknown, history: readonly HourlyUsage[]) => unknown;
  readonly recall?: (state: unknown, past: readonly PastValue[]) => unknown;
  readonly hear?: (state: unknown, key: string, own: readonly SpokenHour[], stream: readonly SpokenHour[]) => unknown;
  readonly unpack?: (text: string) => unknown;
  readonly outlook?: (state: unknown, observation: Observation) => readonly Outlook[];
  readonly #general: AnyDetector;
  readonly #byEntry: ByEntry;
  readonly #index: OverrideIndex;

  constructor(general: AnyDetector, byEntry: ByEntry, index: OverrideIndex) {
    const all = [general, ...byEntry.filter((one) => one != null)];
    this.id = general.id;
    this.version = general.version;
    this.stages = general.stages;
    this.falsePositives = general.falsePositives;
    this.nextSteps = general.nextSteps;
    this.stateBytesMax = Math.max(...all.map((one) => one.stateBytesMax));
    this.idleMs = Math.max(...all.map((one) => one.idleMs));
    this.#general = general;
    this.#byEntry = byEntry;
    this.#index = index;
    if (general.hearsPulses === true) this.hearsPulses = true;
    if (general.wakeMs !== undefined) this.wakeMs = general.wakeMs.bind(general);
    if (general.warmUp !== undefined) this.warmUp = general.warmUp.bind(general);
    if (general.recall !== undefined) this.recall = general.recall.bind(general);
    if (general.hear !== undefined) this.hear = general.hear.bind(general);
    if (general.unpack !== undefined) this.unpack = general.unpack.bind(general);
    if (general.outlook !== undefined) {
      this.outlook = (state, observation) => this.#judge(observation)?.outlook?.(state, observation) ?? NO_OUTLOOK;
    }
    const wake = general.wake?.bind(general);
    if (wake === undefined) return;
    this.wake = (state, alarm, peers) => {
      const woken = wake(state, alarm, peers);
      return byEntry[index.placeOfAlarm(alarm)] === null ? [woken[0], NO_NOTICES] : woken;
    };
  }

  initial(): unknown {
    return this.#general.initial();
  }

  score(state: unknown, observation: Observation, peers: Peers<unknown>): readonly Score[] {
    return this.#judge(observation)?.score(state, observation, peers) ?? NONE;
  }

  classify(score: Score, observation: Observation, state: unknown, peers: Peers<unknown>): Verdict | null {
    return this.#judge(observation)?.classify(score, observation, state, peers) ?? null;
  }

  learn(state: unknown, observation: Observation, suspect: boolean, peers: Peers<unknown>): unknown {
    return (this.#judge(observation) ?? this.#general).learn(state, observation, suspect, peers);
  }

  sql(score: Score, observation: Observation): string {
    return (this.#judge(observation) ?? this.#general).sql(score, observation);
  }

  encode(state: unknown): string {
    return this.#general.encode(state);
  }

  decode(text: string): unknown {
    return this.#general.decode(text);
  }

  /** Null where it is off. */
  #judge(observation: Observation): AnyDetector | null {
    const own = this.#byEntry[this.#index.placeOf(observation)];
    return own === undefined ? this.#general : own;
  }
}

/** The detector itself where no entry says anything of it. */
export const overridden = (general: AnyDetector, byEntry: ByEntry, index: OverrideIndex): AnyDetector =>
  byEntry.every((one) => one === undefined) ? general : new OverriddenDetector(general, byEntry, index);
