import type { Clock } from '../../ingest/core/clock.js';
import { endsWithin } from '../../ingest/core/deadline.js';
import { describeError } from '../../ingest/core/errors.js';
import type { Logger } from '../../ingest/core/logger.js';

const RETRY_MS = 10_000;

export interface DutyPlan {
  /** For the log: `hops`. */
  readonly what: string;
  /** A worker that has just begun has events to read first, milliseconds. */
  readonly firstMs: number;
  /** How long the end of a pass is waited for when the worker stops, milliseconds. */
  readonly stopMs: number;
  /** One pass, begun at the time given; resolves to the time from which on the next one is due. */
  readonly pass: (startedMs: number) => Promise<number>;
}

/** Work on what is stored, pass by pass and one at a time; a pass that fails or is cut off is done again. */
export class StoreDuty {
  readonly #plan: DutyPlan;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #running: Promise<void> | null = null;
  #nextMs: number;
  #stopped = false;

  constructor({ clock, logger }: { clock: Clock; logger: Logger }, plan: DutyPlan) {
    this.#plan = plan;
    this.#clock = clock;
    this.#logger = logger;
    this.#nextMs = clock.nowMs() + plan.firstMs;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Begins a pass if one is due and none runs. @param isFree asked only then. */
  tick(isFree: (nowMs: number) => boolean = () => true): void {
    const nowMs = this.#clock.nowMs();
    if (this.#stopped || this.#running !== null || nowMs < this.#nextMs || !isFree(nowMs)) return;
    this.#running = this.#pass(nowMs).finally(() => {
      this.#running = null;
    });
  }

  /** The pass that runs, ended. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** No more passes; one that runs may end, and is done again later if it does not. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    await endsWithin(this.#running, Math.min(deadlineMs, this.#plan.stopMs));
  }

  async #pass(startedMs: number): Promise<void> {
    try {
      this.#nextMs = await this.#plan.pass(startedMs);
    } catch (error) {
      if (this.#stopped) return;
      this.#nextMs = this.#clock.nowMs() + RETRY_MS;
      this.#logger.warn({ reason: describeError(error) }, `${this.#plan.what} could not be evaluated; trying again`);
    }
  }
}
