import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '../../../ingest/core/errors.js';
import type { WorkerDeps } from '../worker-deps.js';
import { RuleEvaluator } from './rule-evaluator.js';
import type { RuleDuty } from './rule-duty.js';

/** Least time between two passes, milliseconds; a worker that is behind has events to store first. */
const PASS_MS = 10_000;
const BEHIND_PASS_MS = 60_000;
/** Records between what is stored and the end of the log, beyond which a worker is behind. */
const BEHIND_RECORDS = 1000;
/** Share of the time for rules. */
const DUTY = 0.25;
const RETRY_MS = 10_000;
const STOP_MS = 5000;

/** Runs rules while this worker owns their partition, as {@link HopKeeper} does hops. Passes of two workers do no harm. */
export class RuleKeeper {
  readonly #deps: WorkerDeps;
  readonly #evaluator: RuleEvaluator;
  readonly #byItself: boolean;
  #running: Promise<void> | null = null;
  #startedMs: number;
  #nextMs: number;
  #stopped = false;

  constructor(deps: WorkerDeps, duty: RuleDuty) {
    this.#deps = deps;
    this.#evaluator = new RuleEvaluator(deps, duty.rules, duty.options);
    this.#byItself = duty.byItself;
    this.#startedMs = deps.clock.nowMs();
    this.#nextMs = this.#startedMs + PASS_MS;
  }

  /** Begins a pass if one is due and none runs. @param lag records that are not stored yet. */
  tick(lag: number): void {
    const nowMs = this.#deps.clock.nowMs();
    if (!this.#byItself || this.#stopped || this.#running !== null || nowMs < this.#nextMs) return;
    if (lag > BEHIND_RECORDS && nowMs < this.#startedMs + BEHIND_PASS_MS) return;
    this.#startedMs = nowMs;
    this.#running = this.#pass().finally(() => {
      this.#running = null;
    });
  }

  /**
   * Evaluates all that is stored, open panes too: no more events come.
   *
   * @throws what the store throws.
   */
  async finish(): Promise<void> {
    await this.#running;
    while (!this.#stopped && (await this.#evaluator.pass(true)).more);
  }

  /** No more passes; one that runs may end, and is done again later if it does not. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    await Promise.race([this.#running, delay(Math.min(deadlineMs, STOP_MS), undefined, { ref: false })]);
  }

  async #pass(): Promise<void> {
    const startedMs = this.#startedMs;
    try {
      const { more } = await this.#evaluator.pass();
      const endedMs = this.#deps.clock.nowMs();
      const restMs = (endedMs - startedMs) * (1 / DUTY - 1);
      this.#nextMs = more ? endedMs + restMs : Math.max(startedMs + PASS_MS, endedMs + restMs);
    } catch (error) {
      if (this.#stopped) return;
      this.#nextMs = this.#deps.clock.nowMs() + RETRY_MS;
      this.#deps.logger.warn({ reason: describeError(error) }, 'rules could not be evaluated; trying again');
    }
  }
}
