import type { AnyDetector, Speaker } from '../core/detector.js';
import type { Subject } from '../core/make-finding.js';
import type { ToldRequest } from '../core/told-once.js';

/** The grade says how grave the last finding of the window was. */
export type Emitted = [measure: string, windowStartMs: number, grade: number];

/** What is kept of one token or principal: a state per detector, and what its findings need. */
export interface Entity {
  readonly uid: string;
  /** In the order of the detectors. */
  readonly states: unknown[];
  /** What was emitted last, by detector and measure: one window makes one finding, and one more when it gets graver. */
  readonly emitted: Emitted[];
  /** event_uids seen last, newest first. */
  readonly recent: string[];
  /** Requests that lines told of lately, so that another line of one does not count again. */
  readonly told: ToldRequest[];
  /** Event time of the newest observation. */
  lastMs: number;
  /** Whom a finding without an event is about; null while no detector wants to be woken. */
  subject: EntitySubject | null;
  /** Time of its entry in the alarm clock; Infinity without one. Not stored: it follows from the states. */
  armedMs: number;
  dirty: boolean;
  /** Detectors, by place, whose state was not found at a restore: history may still warm them up. */
  cold: readonly number[];
  older: Entity | null;
  newer: Entity | null;
}

/** As of an event at `atMs`. */
export interface EntitySubject {
  readonly names: Subject;
  readonly entityKind: Speaker;
  readonly entityUid: string;
  readonly atMs: number;
}

const NONE: readonly number[] = [];

/** Of a window that was told before grades were kept: nothing is graver. JSON has no infinity. */
const GRADE_UNKNOWN = Number.MAX_SAFE_INTEGER;

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

/** Entities of one partition with a hard cap; the least recently used leaves first. */
export class KeyedState {
  readonly #byUid = new Map<string, Entity>();
  readonly #detectors: readonly AnyDetector[];
  readonly #max: number;
  /** What each detector's state is at the beginning, encoded. */
  readonly #initial: readonly string[];
  #oldest: Entity | null = null;
  #newest: Entity | null = null;
  /** Entities that had to leave since the start. */
  evictions = 0;

  constructor(detectors: readonly AnyDetector[], max: number) {
    this.#detectors = detectors;
    this.#max = max;
    this.#initial = detectors.map((detector) => detector.encode(detector.initial()));
  }

  get size(): number {
    return this.#byUid.size;
  }

  /** False for an entity that history could tell something about. */
  isWarm(uid: string): boolean {
    const entity = this.#byUid.get(uid);
    return entity !== undefined && entity.cold.length === 0;
  }

  /** Nothing more is to come from history. */
  markWarm(uid: string): void {
    const entity = this.#byUid.get(uid);
    if (entity !== undefined) entity.cold = NONE;
  }

  peek(uid: string): Entity | undefined {
    return this.#byUid.get(uid);
  }

  /** The entity, if there is one, as the most recently used. */
  used(uid: string): Entity | undefined {
    const known = this.#byUid.get(uid);
    if (known !== undefined && known !== this.#newest) {
      this.#unlink(known);
      this.#link(known);
    }
    return known;
  }

  /** The entity, made when new, as the most recently used. */
  touch(uid: string): Entity {
    return (
      this.used(uid) ??
      this.#add({
        uid,
        states: this.#detectors.map((detector) => detector.initial()),
        emitted: [],
        recent: [],
        told: [],
        lastMs: 0,
        subject: null,
        armedMs: Infinity,
        dirty: false,
        cold: NONE,
        older: null,
        newer: null,
      })
    );
  }

  all(): IterableIterator<Entity> {
    return this.#byUid.values();
  }

  /** Changed since they were last stored. */
  *dirty(): Generator<Entity> {
    for (const entity of this.#byUid.values()) if (entity.dirty) yield entity;
  }

  encode(entity: Entity): EncodedEntity {
    const detectors: Record<string, number | readonly [number, string]> = {};
    this.#detectors.forEach((detector, index) => {
      const state = detector.encode(entity.states[index]);
      detectors[detector.id] = state === this.#initial[index] ? detector.version : [detector.version, state];
    });
    return {
      detectors,
      emitted: entity.emitted,
      recent: entity.recent,
      ...(entity.told.length > 0 && { told: entity.told }),
      lastMs: entity.lastMs,
      ...(entity.subject !== null && { subject: entity.subject }),
    };
  }

  /** Puts an encoded entity back. A detector of another version, or new since, begins anew. */
  restore(uid: string, encoded: EncodedEntity): void {
    const entity = this.touch(uid);
    const cold: number[] = [];
    this.#detectors.forEach((detector, index) => {
      const kept = encoded.detectors[detector.id];
      const state = typeof kept === 'object' && kept[0] === detector.version ? revive(detector, kept[1]) : null;
      if (state === null && kept !== detector.version) cold.push(index);
      entity.states[index] = state ?? detector.initial();
    });
    entity.cold = cold.length === 0 ? NONE : cold;
    const emitted = encoded.emitted.map(([measure, startMs, grade]): Emitted => [
      measure,
      startMs,
      grade ?? GRADE_UNKNOWN,
    ]);
    entity.emitted.splice(0, entity.emitted.length, ...emitted);
    entity.recent.splice(0, entity.recent.length, ...encoded.recent);
    entity.told.splice(0, entity.told.length, ...(encoded.told ?? []));
    entity.lastMs = encoded.lastMs;
    entity.subject = encoded.subject ?? null;
    entity.dirty = false;
  }

  /** Lets go of entities not seen since a time; what is used longest ago is looked at first, the rest is not. */
  evictIdle(beforeMs: number): void {
    for (let entity = this.#oldest; entity !== null && entity.lastMs < beforeMs; entity = this.#oldest) {
      this.#byUid.delete(entity.uid);
      this.#unlink(entity);
      this.evictions += 1;
    }
  }

  #add(entity: Entity): Entity {
    if (this.#byUid.size >= this.#max && this.#oldest !== null) {
      this.#byUid.delete(this.#oldest.uid);
      this.#unlink(this.#oldest);
      this.evictions += 1;
    }
    this.#byUid.set(entity.uid, entity);
    this.#link(entity);
    return entity;
  }

  #link(entity: Entity): void {
    entity.older = this.#newest;
    entity.newer = null;
    if (this.#newest !== null) this.#newest.newer = entity;
    this.#newest = entity;
    this.#oldest ??= entity;
  }

  #unlink(entity: Entity): void {
    if (entity.older !== null) entity.older.newer = entity.newer;
    else this.#oldest = entity.newer;
    if (entity.newer !== null) entity.newer.older = entity.older;
    else this.#newest = entity.older;
    entity.older = null;
    entity.newer = null;
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
