import type { Clock } from '../../ingest/core/clock.js';
import type { Logger } from '../../ingest/core/logger.js';
import { HopEvaluator } from '../../ingest/store/hops/hop-evaluator.js';
import type { Store } from '../../ingest/store/store.js';
import { StoreDuty } from './store-duty.js';

/** Whoever owns this partition of the events evaluates the hops of all: one worker, without a lease of its own. */
export const HOP_PARTITION = 0;

/** Least time between two passes, milliseconds. */
const PASS_MS = 2000;
/** Share of the time for minutes to which lines still come, which are evaluated many times, and for all others. */
const OPEN_DUTY = 0.04;
const CLOSED_DUTY = 0.25;
const STOP_MS = 3000;
const FIRST_MS = 5000;

/**
 * Keeps the hops of the store level while this worker owns their partition. Passes of two workers, as while a partition
 * changes hands, do no harm: what they write follows from the stored events.
 */
export class HopKeeper {
  readonly #evaluator: HopEvaluator;
  readonly #clock: Clock;
  readonly #duty: StoreDuty;
  #openMs = 0;

  constructor(deps: { store: Store; clock: Clock; logger: Logger }) {
    this.#evaluator = new HopEvaluator(deps.store, deps.clock);
    this.#clock = deps.clock;
    const pass = (startedMs: number): Promise<number> => this.#pass(startedMs);
    this.#duty = new StoreDuty(deps, { what: 'hops', firstMs: FIRST_MS, stopMs: STOP_MS, pass });
  }

  /** Begins a pass if one is due and none runs. */
  tick(): void {
    this.#duty.tick();
  }

  stop(deadlineMs: number): Promise<void> {
    return this.#duty.stop(deadlineMs);
  }

  async #pass(startedMs: number): Promise<number> {
    const done = await this.#evaluator.pass(startedMs >= this.#openMs);
    const endedMs = this.#clock.nowMs();
    const tookMs = endedMs - startedMs;
    if (done.open) this.#openMs = endedMs + tookMs / OPEN_DUTY;
    return done.more ? endedMs : Math.max(startedMs + PASS_MS, endedMs + tookMs * (1 / CLOSED_DUTY - 1));
  }
}
