import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { formatTime } from '../../../ingest/event/time.js';
import type { Dice } from '../dice.js';

const HOUR_MS = 3_600_000;

/** Without what the outlet fills in: id, times, version. */
export type Draft = Omit<TokenEvent, 'schema_version' | 'event_uid' | 'time' | 'observed_time'>;

interface Arrival {
  readonly arrivalMs: number;
  readonly event: TokenEvent;
}

/** What is wrong with clocks and delivery of one source. */
interface Manner {
  /** How far its clock is off, milliseconds. */
  readonly skewMs: number;
  /** Delay of nearly all lines, milliseconds. */
  readonly delayMs: number;
}

const PUNCTUAL: Manner = { skewMs: 0, delayMs: 0 };

/**
 * Brings events into the order in which a collector would read them: each source has a clock of its own that is a little
 * off and a delay of its own, and now and then one is read late by minutes.
 */
export class Outlet {
  readonly #dice: Dice;
  readonly #manners = new Map<string, Manner>();
  readonly #byHour = new Map<number, Arrival[]>();
  /** Hours in which the collector of a source stood still. */
  readonly #stalls = new Map<string, number>();
  readonly #punctual: boolean;
  #count = 0;

  /** @param punctual true for clocks that are right and lines that come at once. */
  constructor(dice: Dice, punctual = false) {
    this.#dice = dice;
    this.#punctual = punctual;
  }

  /** @param atMs true time. @returns the id of the event. */
  emit(atMs: number, draft: Draft): string {
    const { instance } = draft.source;
    const { skewMs, delayMs } = this.#manner(instance);
    const stallMs = this.#stalls.get(instance) === Math.floor(atMs / HOUR_MS) ? 600_000 : 0;
    const arrivalMs = Math.floor(atMs + delayMs * (0.5 + this.#dice.unit()) + stallMs);
    this.#count += 1;
    const event_uid = `00000000-0000-8000-8000-${this.#count.toString(16).padStart(12, '0')}`;
    const event: TokenEvent = {
      schema_version: 1,
      event_uid,
      time: formatTime(atMs + skewMs),
      observed_time: formatTime(arrivalMs),
      ...draft,
    };
    const hour = Math.floor(arrivalMs / HOUR_MS);
    const list = this.#byHour.get(hour);
    if (list === undefined) this.#byHour.set(hour, [{ arrivalMs, event }]);
    else list.push({ arrivalMs, event });
    return event_uid;
  }

  /** The collector of a source reads the lines of this hour ten minutes late. */
  stall(instance: string, hourMs: number): void {
    if (this.#punctual) return;
    this.#stalls.set(instance, Math.floor(hourMs / HOUR_MS));
  }

  /**
   * Events that have arrived by the end of an hour and were not taken yet, in order of arrival. Punctual ones are taken an
   * hour later: what is made in an hour may lie some seconds before it.
   */
  take(hourMs: number): readonly TokenEvent[] {
    const hour = Math.floor(hourMs / HOUR_MS) - (this.#punctual ? 1 : 0);
    const due: Arrival[] = [];
    for (const [at, list] of this.#byHour) {
      if (at > hour) continue;
      for (const one of list) due.push(one);
      this.#byHour.delete(at);
    }
    return due.sort((a, b) => a.arrivalMs - b.arrivalMs).map(({ event }) => event);
  }

  #manner(instance: string): Manner {
    const known = this.#punctual ? PUNCTUAL : this.#manners.get(instance);
    if (known !== undefined) return known;
    // Most clocks follow NTP; one in ten does not and is off by up to 45 s.
    const skewMs = this.#dice.chance(0.1) ? this.#dice.whole(-45_000, 45_000) : this.#dice.whole(-200, 200);
    const made = { skewMs, delayMs: this.#dice.pick([80, 200, 500, 900]) };
    this.#manners.set(instance, made);
    return made;
  }
}
