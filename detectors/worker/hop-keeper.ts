import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../ingest/core/clock.js';
import { describeError } from '../../ingest/core/errors.js';
import type { Logger } from '../../ingest/core/logger.js';
import { HopEvaluator } from '../../ingest/store/hops/hop-evaluator.js';
import type { Store } from '../../ingest/store/store.js';

/** Whoever owns this partition of the events evaluates the hops of all: one worker, without a lease of its own. */
export const HOP_PARTITION = 0;

/** Least time between two passes, milliseconds. */
const PASS_MS = 2000;
/** Share of the time for minutes to which lines still come, which are evaluated many times, and for all others. */
const OPEN_DUTY = 0.04;
const CLOSED_DUTY = 0.25;
const RETRY_MS = 10_000;
const STOP_MS = 3000;
const FIRST_MS = 5000;

/**
 * Keeps the hops of the store level while this worker owns their partition. Passes of two workers, as while a partition
 * changes hands, do no harm: what they write follows from the stored events.
 */
export class HopKeeper {
  readonly #evaluator: HopEvaluator;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #running: Promise<void> | null = null;
  /** A worker that has just begun has events to read first. */
  #nextMs: number;
  #openMs = 0;
  #stopped = false;

  constructor({ store, clock, logger }: { store: Store; clock: Clock; logger: Logger }) {
    this.#evaluator = new HopEvaluator(store, clock);
    this.#clock = clock;
    this.#nextMs = clock.nowMs() + FIRST_MS;
    this.#logger = logger;
  }

  /** Begins a pass if one is due and none runs. */
  tick(): void {
    if (this.#stopped || this.#running !== null || this.#clock.nowMs() < this.#nextMs) return;
    this.#running = this.#pass().finally(() => {
      this.#running = null;
    });
  }

  /** No more passes; one that runs may end, and is done again later if it does not. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    await Promise.race([this.#running, delay(Math.min(deadlineMs, STOP_MS), undefined, { ref: false })]);
  }

  async #pass(): Promise<void> {
    const startedMs = this.#clock.nowMs();
    try {
      const done = await this.#evaluator.pass(startedMs >= this.#openMs);
      const endedMs = this.#clock.nowMs();
      const tookMs = endedMs - startedMs;
      if (done.open) this.#openMs = endedMs + tookMs / OPEN_DUTY;
      this.#nextMs = done.more ? endedMs : Math.max(startedMs + PASS_MS, endedMs + tookMs * (1 / CLOSED_DUTY - 1));
    } catch (error) {
      if (this.#stopped) return;
      this.#nextMs = this.#clock.nowMs() + RETRY_MS;
      this.#logger.warn({ reason: describeError(error) }, 'hops could not be evaluated; trying again');
    }
  }
}
