import type { Entity } from './entity.js';
import type { KeyedState } from './keyed-state.js';
import { type Timed, TimeHeap } from './time-heap.js';

/** Entries that count no more are cleared away when there are more of them than entities. */
const SLACK = 1024;

/**
 * When entities want to be woken. What an entity wants follows from its states and is asked for when its entry comes up, so
 * one that speaks all the time and moves its alarm on costs nothing here.
 */
export class AlarmClock {
  readonly #keyed: KeyedState;
  readonly #wakeMs: (entity: Entity) => number;
  #entries = new TimeHeap<Timed>();

  /** @param wakeMs when an entity wants to be woken, Infinity for never. */
  constructor(keyed: KeyedState, wakeMs: (entity: Entity) => number) {
    this.#keyed = keyed;
    this.#wakeMs = wakeMs;
  }

  /** Entries, those that count no more included. */
  get size(): number {
    return this.#entries.size;
  }

  /** @param timeMs when the entity now wants to be woken; only an earlier time than before needs an entry. */
  arm(entity: Entity, timeMs: number): void {
    if (timeMs < entity.armedMs) this.#push(entity, timeMs);
  }

  /** When the first alarm is due; Infinity if none is. */
  get nextMs(): number {
    const next = this.#first(Infinity);
    return next === null ? Infinity : next.armedMs;
  }

  /** The entity whose alarm is due first, before `untilMs`, taken off the clock; null if none is. Equal times go by key. */
  take(untilMs: number): Entity | null {
    const next = this.#first(untilMs);
    if (next === null) return null;
    this.#entries.pop();
    next.armedMs = Infinity;
    return next;
  }

  /** Brings up an entry that counts and is due before `untilMs`; its entity's `armedMs` is then the time wanted. */
  #first(untilMs: number): Entity | null {
    for (;;) {
      const entry = this.#entries.peek();
      if (entry === undefined || entry.timeMs >= untilMs) return null;
      const entity = this.#keyed.peek(entry.id);
      if (entity?.armedMs === entry.timeMs) {
        const wakeMs = this.#wakeMs(entity);
        if (wakeMs <= entry.timeMs) return entity;
        this.#entries.pop();
        entity.armedMs = Infinity;
        if (wakeMs < Infinity) this.#push(entity, wakeMs);
      } else {
        this.#entries.pop();
      }
    }
  }

  #push(entity: Entity, timeMs: number): void {
    entity.armedMs = timeMs;
    this.#entries.push({ timeMs, id: entity.uid });
    if (this.#entries.size > 2 * this.#keyed.size + SLACK) this.#clear();
  }

  #clear(): void {
    this.#entries = new TimeHeap<Timed>();
    for (const entity of this.#keyed.all()) {
      if (entity.armedMs < Infinity) this.#entries.push({ timeMs: entity.armedMs, id: entity.uid });
    }
  }
}
