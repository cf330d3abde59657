import type { TokenEvent } from '../../ingest/event/token-event.js';
import { fidelities, noPeers, severities, type AnyDetector, type HourlyUsage, type Observation, type PastValue, type Peers, type SpokenHour, type Stage, type Verdict } from '../core/detector.js'; // prettier-ignore
import { whoseOf } from '../core/entity-match.js';
import type { Finding } from '../core/finding.js';
import { EVIDENCE_MAX, makeFinding, makeNotice, subjectOf } from '../core/make-finding.js';
import { entityOf, eventTimeMs, toldAgain, toObservation } from '../core/observation.js';
import { MINUTE_MS, pulseOf } from '../core/pulse.js';
import { isToldAgain } from '../core/told-once.js';
import { AlarmClock } from './alarm-clock.js';
import { whoseOfSubject, type EncodedEntity, type Entity } from './entity.js';
import { KeyedState } from './keyed-state.js';
import { TimeHeap } from './time-heap.js';

/** Events that may wait for their turn; beyond it the oldest have theirs at once. */
const WAITING_MAX = 250_000;
/** Measures of an entity whose last window is remembered. */
const EMITTED_MAX = 64;

export interface RuntimeOptions {
  /** Whose state is kept; default token. */
  readonly stage?: Stage;
  /** Those of other stages are passed over. */
  readonly detectors: readonly AnyDetector[];
  /**
   * True where the events do not say how far time has come, since several partitions of the source met on the way here:
   * then `advance` does.
   */
  readonly watermarkGiven?: boolean;
  /** How far behind the newest event one may come and still be put in order, milliseconds of event time. */
  readonly allowedLatenessMs: number;
  /** Cap on entities whose state is kept. */
  readonly entitiesMax: number;
  /** Of these, those whose state is not packed; all of them unless told. */
  readonly liveMax?: number;
  /** Bytes of packed states; with it entities leave by `spill` only (keyed-state.ts). */
  readonly packedMax?: number;
  /** Every partition knows the sources; whether this one speaks for a source. All of them unless told. */
  readonly speaksFor?: (sourceUid: string) => boolean;
}

/** Where in the log an event stood. */
export interface EventPosition {
  readonly offset: bigint;
  /** Which event of the record, from 0. */
  readonly ordinal: number;
}

interface Waiting extends EventPosition {
  readonly timeMs: number;
  readonly id: string;
  readonly uid: string;
  readonly observation: Observation;
}

/** What must be known to go on later as if nothing had happened. */
export interface RuntimeMark {
  readonly watermarkMs: number;
  /** Every event before this offset has been applied; null when none waits. */
  readonly waitingFrom: bigint | null;
}

/**
 * Runs the detectors of a stage over one partition: puts events in order, keeps their state by token or by principal,
 * scores, decides, learns.
 * Pure: the outcome follows from the events in the order of the log, whatever the batches were.
 */
export class PartitionRuntime {
  readonly #options: RuntimeOptions;
  readonly #stage: Stage;
  readonly #detectors: readonly AnyDetector[];
  readonly #waiting = new TimeHeap<Waiting>();
  readonly #keyed: KeyedState;
  readonly #alarms: AlarmClock;
  /** Places of the detectors that may want to be woken. */
  readonly #sleepers: readonly number[];
  /** Whether one of these asks whose its alarm is. */
  readonly #asksWhose: boolean;
  readonly #peers: readonly Peers<unknown>[];
  #findings: Finding[] = [];
  #watermarkMs = -Infinity;
  #flushedMs = -Infinity;
  /** Events that came later than allowed, since the start. */
  lateEvents = 0;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    const { stage = 'token' } = options;
    this.#stage = stage;
    this.#detectors = options.detectors.filter((detector) => detector.stages.includes(stage));
    const { entitiesMax: max, liveMax, packedMax } = options;
    const limits = { max, ...(liveMax !== undefined && { liveMax }), ...(packedMax !== undefined && { packedMax }) };
    // A packed entity is not asked when it wants to be woken.
    this.#keyed = new KeyedState(this.#detectors, limits, (entity) => this.#alarms.arm(entity, this.#wakeMs(entity)));
    this.#sleepers = this.#detectors.flatMap((detector, index) => (detector.wakeMs === undefined ? [] : [index]));
    this.#asksWhose = this.#sleepers.some((index) => this.#detectors[index]?.asksWhose === true);
    this.#peers = this.#detectors.map((_, index) => (key: string) => this.#keyed.used(key)?.states[index]);
    this.#alarms = new AlarmClock(this.#keyed, (entity) => this.#wakeMs(entity));
  }

  get keyed(): KeyedState {
    return this.#keyed;
  }

  /** Takes an event; those that are due by now are scored. Events that do not tell the entity concern no detector. */
  offer(event: TokenEvent, position: EventPosition): void {
    const uid = entityOf(event, this.#stage);
    if (uid === null) return;
    const observation = toObservation(event, this.#stage);
    const { timeMs } = observation;
    const due = Math.max(this.#watermarkMs - this.#options.allowedLatenessMs, this.#flushedMs);
    if (timeMs < due) {
      this.lateEvents += 1;
      this.#apply(uid, { ...observation, late: true });
      return;
    }
    const { offset, ordinal } = position;
    // A pulse has the time and the id of the event that it tells of, and comes after it wherever both are.
    const id = this.#stage === 'principal' && pulseOf(event) !== null ? `${event.event_uid}~` : event.event_uid;
    this.#waiting.push({ timeMs, id, uid, observation, offset, ordinal });
    if (this.#waiting.size > WAITING_MAX) this.#applyNext();
    if (this.#options.watermarkGiven !== true) this.advance(timeMs);
  }

  /** Event time has come so far: events older than that by the allowed lateness are scored. */
  advance(watermarkMs: number): void {
    if (watermarkMs <= this.#watermarkMs) return;
    this.#watermarkMs = watermarkMs;
    this.#release(watermarkMs - this.#options.allowedLatenessMs);
  }

  /** Lets time go on by an event that a restored state holds already. */
  passOver(event: TokenEvent): void {
    if (this.#options.watermarkGiven !== true) this.advance(eventTimeMs(event));
  }

  /** Scores all that waits; for a partition that went quiet, or for the end. */
  flush(): void {
    while (this.#waiting.size > 0) this.#applyNext();
  }

  /** No event will come any more, and the stream has come so far everywhere: nothing has to wait for what is late. */
  end(peakMs: number): void {
    this.flush();
    this.#ring(peakMs);
  }

  /** Findings made since the last call, in the order in which they were made. */
  takeFindings(): readonly Finding[] {
    const found = this.#findings;
    this.#findings = [];
    return found;
  }

  /**
   * The stream has come so far elsewhere, and this partition has had all that came to it: alarms of that time are due. They
   * wait for events that are in time but not yet scored.
   */
  elapse(streamMs: number): void {
    this.#ring(Math.min(streamMs - this.#options.allowedLatenessMs, this.#waiting.peek()?.timeMs ?? Infinity));
  }

  /** True while some entity wants to be woken. */
  get hasAlarms(): boolean {
    return this.#alarms.size > 0;
  }

  /** True if something waits, or wants to be woken, that would have its turn at this watermark. */
  isHeldAt(watermarkMs: number): boolean {
    const nextMs = Math.min(this.#waiting.peek()?.timeMs ?? Infinity, this.#alarms.nextMs);
    return nextMs < watermarkMs - this.#options.allowedLatenessMs;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Event time up to which everything in time has been seen; -Infinity before the first event. */
  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  /** What is older has been scored, unless it comes late; -Infinity before the first event. */
  get scoredMs(): number {
    return this.#watermarkMs - this.#options.allowedLatenessMs;
  }

  mark(): RuntimeMark {
    let from: bigint | null = null;
    for (const item of this.#waiting.items()) if (from === null || item.offset < from) from = item.offset;
    return { watermarkMs: this.#watermarkMs, waitingFrom: from };
  }

  /** Positions of the events that wait, by entity. */
  waitingByEntity(): ReadonlyMap<string, readonly EventPosition[]> {
    const found = new Map<string, EventPosition[]>();
    for (const { uid, offset, ordinal } of this.#waiting.items()) {
      const list = found.get(uid);
      if (list === undefined) found.set(uid, [{ offset, ordinal }]);
      else list.push({ offset, ordinal });
    }
    return found;
  }

  /** Puts back an entity as it was stored. */
  restore(uid: string, encoded: EncodedEntity): void {
    const entity = this.#keyed.restore(uid, encoded);
    if (this.#sleepers.length > 0) this.#alarms.arm(entity, this.#wakeMs(entity));
  }

  /** Goes on at a watermark that was reached before, with the entities restored. */
  resumeAt(watermarkMs: number): void {
    this.#watermarkMs = Math.max(this.#watermarkMs, watermarkMs);
  }

  /** Lets go of entities that have been silent for longer than every detector remembers. */
  forgetIdle(): void {
    const idleMs = Math.max(0, ...this.#detectors.map((detector) => detector.idleMs));
    const awaited = this.waitingByEntity();
    this.#keyed.evictIdle(this.#watermarkMs - idleMs, (uid) => awaited.has(uid));
  }

  /** After a checkpoint: lets go of entities for which there is no room, as far as the store has them. */
  spill(): void {
    if (!this.#keyed.isFull) return;
    const awaited = this.waitingByEntity();
    this.#keyed.spill((uid) => awaited.has(uid));
  }

  /** Whether hours of the store would tell a detector something about it. */
  asksForHours(uid: string): boolean {
    const known = this.#keyed.peek(uid);
    return this.#detectors.some(
      (detector, index) => detector.warmUp !== undefined && (known === undefined || known.cold.includes(index)),
    );
  }

  /** Starts an entity warm, before its first event is offered: all detectors of a new one, else the cold ones. */
  warmUp(uid: string, history: readonly HourlyUsage[], past: readonly PastValue[] = []): void {
    this.#begin(uid, (detector, state) => {
      const warm = history.length === 0 ? state : (detector.warmUp?.(state, history) ?? state);
      return past.length === 0 ? warm : (detector.recall?.(warm, past) ?? warm);
    });
  }

  /** Starts a source, or the stream, warm, whether or not it will speak again. @param own one hour or more. */
  hear(key: string, own: readonly SpokenHour[], stream: readonly SpokenHour[]): void {
    const entity = this.#begin(key, (detector, state) => detector.hear?.(state, key, own, stream) ?? state);
    entity.lastMs = Math.max(entity.lastMs, own.at(-1)?.hourStartMs ?? 0);
  }

  #begin(uid: string, warm: (detector: AnyDetector, state: unknown) => unknown): Entity {
    const known = this.#keyed.peek(uid);
    const entity = known ?? this.#keyed.touch(uid);
    this.#detectors.forEach((detector, index) => {
      if (known === undefined || known.cold.includes(index))
        entity.states[index] = warm(detector, entity.states[index]);
    });
    entity.dirty = true;
    return entity;
  }

  #release(untilMs: number): void {
    for (;;) {
      const next = this.#waiting.peek();
      if (next === undefined || next.timeMs >= untilMs) break;
      this.#waiting.pop();
      this.#ring(next.timeMs);
      this.#apply(next.uid, next.observation);
    }
    this.#ring(untilMs);
  }

  /** Scores what waits first, before its time: what is older and comes now is late. */
  #applyNext(): void {
    const next = this.#waiting.pop();
    if (next === undefined) return;
    this.#flushedMs = Math.max(this.#flushedMs, next.timeMs);
    this.#ring(next.timeMs);
    this.#apply(next.uid, next.observation);
  }

  /** Wakes whoever is due before a time. An event of the very time wanted comes first. */
  #ring(untilMs: number): void {
    for (;;) {
      const entity = this.#alarms.take(untilMs);
      if (entity === null) return;
      this.#wake(entity);
    }
  }

  #wakeMs({ states }: Entity): number {
    let wakeMs = Infinity;
    for (const index of this.#sleepers) {
      const wanted = this.#detectors[index]?.wakeMs?.(states[index]) ?? Infinity;
      if (wanted < wakeMs) wakeMs = wanted;
    }
    return wakeMs;
  }

  #wake(entity: Entity): void {
    const { subject } = entity;
    const timeMs = this.#wakeMs(entity);
    // Of an entity that was stored before subjects were.
    if (subject === null) return;
    const { entityKind, entityUid } = subject;
    const alarm = { timeMs, entityKind, entityUid, ...(this.#asksWhose && { whose: whoseOfSubject(subject) }) };
    entity.dirty = true;
    for (const index of this.#sleepers) {
      const detector = this.#detectors[index];
      if (detector?.wake === undefined || (detector.wakeMs?.(entity.states[index]) ?? Infinity) > timeMs) continue;
      const peers = this.#peers[index] ?? noPeers;
      const [state, notices] = detector.wake(entity.states[index], alarm, peers);
      entity.states[index] = state;
      if (entityKind === 'source' && this.#options.speaksFor?.(entityUid) === false) continue;
      for (const notice of notices) {
        const { score, verdict } = notice;
        if (markEmitted(entity, `${detector.id}/${score.measure}`, score.windowStartMs, gradeOf(verdict)) === null) continue;
        this.#findings.push(makeNotice(detector, subject, timeMs, notice, subject.names, entity.recent));
      }
    }
    // A detector that asks for a time gone by would be woken for ever.
    const wakeMs = this.#wakeMs(entity);
    if (wakeMs > timeMs) this.#alarms.arm(entity, wakeMs);
  } // prettier-ignore

  #apply(uid: string, seen: Observation): void {
    const entity = this.#keyed.touch(uid);
    entity.dirty = true;
    // Only the token stage makes pulses; what a source calls so is none.
    const isPulse = this.#stage === 'principal' && pulseOf(seen.event) !== null;
    const again = !isPulse && seen.request && isToldAgain(entity.told, seen.event, seen.timeMs);
    const observation = again ? toldAgain(seen) : seen;
    if (observation.timeMs > entity.lastMs) entity.lastMs = observation.timeMs;
    for (let index = 0; index < this.#detectors.length; index += 1) {
      const detector = this.#detectors[index];
      if (detector !== undefined && (!isPulse || detector.hearsPulses === true)) this.#run(detector, index, entity, observation);
    }
    if (this.#sleepers.length > 0) this.#settle(entity, observation);
    if (!observation.request || isPulse) return;
    entity.recent.unshift(observation.event.event_uid);
    if (entity.recent.length >= EVIDENCE_MAX) entity.recent.length = EVIDENCE_MAX - 1;
  } // prettier-ignore

  /**
   * Sets the alarm, and keeps whom it would be about: as of the first observation of a minute, which is as good for names. It
   * must be the first: of pulses, more come of one minute where there are more partitions.
   */
  #settle(entity: Entity, observation: Observation): void {
    const { timeMs, event, entityKind, entityUid } = observation;
    const wakeMs = this.#wakeMs(entity);
    if (wakeMs === Infinity) return;
    if (entity.subject === null || minuteOf(timeMs) > minuteOf(entity.subject.atMs)) {
      const names = subjectOf(event);
      entity.subject = {
        names,
        entityKind,
        entityUid,
        atMs: timeMs,
        ...(this.#asksWhose && { whose: whoseOf(event) }),
      };
    }
    this.#alarms.arm(entity, wakeMs);
  }

  #run(detector: AnyDetector, index: number, entity: Entity, observation: Observation): void {
    const state = entity.states[index];
    const peers = this.#peers[index] ?? noPeers;
    let suspect = false;
    for (const score of detector.score(state, observation, peers)) {
      const verdict = detector.classify(score, observation, state, peers);
      if (verdict === null) continue;
      suspect = true;
      const measure = `${detector.id}/${score.measure}`;
      const news = markEmitted(entity, measure, score.windowStartMs, gradeOf(verdict));
      if (news === null) continue;
      this.#findings.push(makeFinding(detector, observation, score, verdict, entity.recent, news === 'graver'));
    }
    entity.states[index] = detector.learn(state, observation, suspect, peers);
  }
}

const minuteOf = (timeMs: number): number => Math.floor(timeMs / MINUTE_MS);

/** A finding of high fidelity is worth more than a severe one that is not sure. */
const gradeOf = ({ fidelity, severity }: Verdict): number =>
  fidelities.indexOf(fidelity) * severities.length + severities.indexOf(severity);

/** Null if the window has had its finding, unless it got graver since: the first reading of a burst is never a high one. */
function markEmitted(entity: Entity, measure: string, windowStartMs: number, grade: number): 'first' | 'graver' | null {
  const known = entity.emitted.find(([name]) => name === measure);
  if (known === undefined) {
    entity.emitted.push([measure, windowStartMs, grade]);
    // Forgetting is harmless: the store knows the finding by its id.
    if (entity.emitted.length > EMITTED_MAX) entity.emitted.shift();
    return 'first';
  }
  const again = known[1] === windowStartMs;
  if (again && grade <= known[2]) return null;
  known[1] = windowStartMs;
  known[2] = grade;
  return again ? 'graver' : 'first';
}
