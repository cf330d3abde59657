import type { AnyDetector, Speaker } from '../core/detector.js';
import type { Whose } from '../core/entity-match.js';
import type { Subject } from '../core/make-finding.js';
import type { ToldRequest } from '../core/told-once.js';

/** The grade says how grave the last finding of the window was. */
export type Emitted = [measure: string, windowStartMs: number, grade: number];

/** As of an event at `atMs`. */
export interface EntitySubject {
  readonly names: Subject;
  readonly entityKind: Speaker;
  readonly entityUid: string;
  readonly atMs: number;
  /** Only where a detector asks for it. */
  readonly whose?: Whose;
}

/** One that was stored while no detector asked has its names. */
export function whoseOfSubject({ whose, names }: EntitySubject): Whose {
  if (whose !== undefined) return whose;
  const { token_uid, principal_uid } = names;
  return {
    ...(token_uid !== '' && { token: { token_uid, kind: '' } }),
    ...(principal_uid !== '' && { principal: { principal_uid } }),
  };
}

/** What is kept of one token or principal: a state per detector, and what its findings need. */
export interface EntityBody {
  /** In the order of the detectors. */
  readonly states: unknown[];
  /** What was emitted last, by detector and measure: one window makes one finding, and one more when it gets graver. */
  readonly emitted: Emitted[];
  /** event_uids seen last, newest first. */
  readonly recent: string[];
  /** Requests that lines told of lately, so that another line of one does not count again. */
  readonly told: ToldRequest[];
  /** Whom a finding without an event is about; null while no detector wants to be woken. */
  subject: EntitySubject | null;
}

export interface EncodedEntity {
  /** A version alone: the state is as it begins, as that of most detectors is for most entities. */
  readonly detectors: Readonly<Record<string, number | readonly [version: number, state: string]>>;
  /** Of an older version without the grade. */
  readonly emitted: readonly (Emitted | readonly [measure: string, windowStartMs: number, grade?: null])[];
  readonly recent: readonly string[];
  /** Left out where there are none, and by older versions. */
  readonly told?: readonly ToldRequest[];
  readonly lastMs: number;
  readonly subject?: EntitySubject;
}

/** Gives a packed entity its body back, and sees to it that not too many have one. */
export interface EntityKeeper {
  unpack(entity: Entity): EntityBody;
}

const NONE: readonly number[] = [];

/** Where the keeper has the text of a packed body, or the text itself. */
export type Packed = number | string;

/**
 * One token or principal in memory. Those that were not used lately are packed: their body is the text that a checkpoint
 * stores, a quarter of the size and nothing for the garbage collector to walk through. Asking for the body unpacks it.
 */
export class Entity {
  readonly uid: string;
  /** Event time of the newest observation. */
  lastMs = 0;
  /** Time of its entry in the alarm clock; Infinity without one. Not stored: it follows from the states. */
  armedMs = Infinity;
  /** Changed since it was last stored. */
  dirty = false;
  /** Detectors, by place, whose state was not found at a restore: history may still warm them up. */
  cold: readonly number[] = NONE;
  /** Its keeper's count of uses at the last of them. */
  lastUse = 0;
  older: Entity | null = null;
  newer: Entity | null = null;
  readonly #keeper: EntityKeeper;
  #body: EntityBody | Packed;

  constructor(uid: string, body: EntityBody, keeper: EntityKeeper) {
    this.uid = uid;
    this.#body = body;
    this.#keeper = keeper;
  }

  /** Null for one that is not packed. */
  get packed(): Packed | null {
    return typeof this.#body === 'object' ? null : this.#body;
  }

  get states(): unknown[] {
    return this.#live().states;
  }

  get emitted(): Emitted[] {
    return this.#live().emitted;
  }

  get recent(): string[] {
    return this.#live().recent;
  }

  get told(): ToldRequest[] {
    return this.#live().told;
  }

  get subject(): EntitySubject | null {
    return this.#live().subject;
  }

  set subject(subject: EntitySubject | null) {
    this.#live().subject = subject;
  }

  replaceBody(body: EntityBody | Packed): void {
    this.#body = body;
  }

  #live(): EntityBody {
    return typeof this.#body === 'object' ? this.#body : this.#keeper.unpack(this);
  }
}

/** Of a window that was told before grades were kept: nothing is graver. JSON has no infinity. */
const GRADE_UNKNOWN = Number.MAX_SAFE_INTEGER;

/** Bodies as checkpoints store them. */
export class EntityCodec {
  readonly #detectors: readonly AnyDetector[];
  /** What each detector's state is at the beginning, encoded. */
  readonly #initial: readonly string[];

  constructor(detectors: readonly AnyDetector[]) {
    this.#detectors = detectors;
    this.#initial = detectors.map((detector) => detector.encode(detector.initial()));
  }

  fresh(): EntityBody {
    const states = this.#detectors.map((detector) => detector.initial());
    return { states, emitted: [], recent: [], told: [], subject: null };
  }

  encode(entity: Entity): EncodedEntity {
    const { states, emitted, recent, told, lastMs, subject } = entity;
    const detectors: Record<string, number | readonly [number, string]> = {};
    this.#detectors.forEach((detector, index) => {
      const state = detector.encode(states[index]);
      detectors[detector.id] = state === this.#initial[index] ? detector.version : [detector.version, state];
    });
    return {
      detectors,
      emitted,
      recent,
      ...(told.length > 0 && { told }),
      lastMs,
      ...(subject !== null && { subject }),
    };
  }

  /** What this process encoded. */
  unpack(encoded: EncodedEntity): EntityBody {
    const { detectors, emitted, recent, told = [] } = encoded;
    const states = this.#detectors.map((detector) => {
      const kept = detectors[detector.id];
      if (typeof kept !== 'object') return detector.initial();
      return detector.unpack === undefined ? detector.decode(kept[1]) : detector.unpack(kept[1]);
    });
    // Nobody else has them: they came from a text.
    const lists = { emitted: emitted as Emitted[], recent: recent as string[], told: told as ToldRequest[] };
    return { states, ...lists, subject: encoded.subject ?? null };
  }

  /** A detector of another version, or new since, begins anew; `cold` says which did. */
  decode(encoded: EncodedEntity): { readonly body: EntityBody; readonly cold: readonly number[] } {
    const cold: number[] = [];
    const states = this.#detectors.map((detector, index) => {
      const kept = encoded.detectors[detector.id];
      const state = typeof kept === 'object' && kept[0] === detector.version ? revive(detector, kept[1]) : null;
      if (state === null && kept !== detector.version) cold.push(index);
      return state ?? detector.initial();
    });
    const emitted = encoded.emitted.map(([measure, startMs, grade]): Emitted => [
      measure,
      startMs,
      grade ?? GRADE_UNKNOWN,
    ]);
    const { recent, told = [], subject = null } = encoded;
    const body = { states, emitted, recent: [...recent], told: told.map((request) => [...request]), subject };
    return { body, cold: cold.length === 0 ? NONE : cold };
  }
}

/** A state that cannot be read costs a new grace period, not the worker. */
function revive(detector: AnyDetector, text: string): unknown {
  try {
    return detector.decode(text);
  } catch {
    return null;
  }
}
