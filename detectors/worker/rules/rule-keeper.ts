import type { WorkerParts } from '../worker-deps.js';
import { StoreDuty } from '../store-duty.js';
import { RuleEvaluator } from './rule-evaluator.js';
import type { RuleDuty } from './rule-duty.js';

/** Least time between two passes, milliseconds; a worker that is behind has events to store first. */
const PASS_MS = 10_000;
const BEHIND_PASS_MS = 60_000;
/** Records between what is stored and the end of the log, beyond which a worker is behind. */
const BEHIND_RECORDS = 1000;
/** Share of the time for rules. */
const DUTY = 0.25;
const STOP_MS = 5000;

/** Runs rules while this worker owns their partition, as {@link HopKeeper} does hops. Passes of two workers do no harm. */
export class RuleKeeper {
  readonly #deps: WorkerParts;
  readonly #evaluator: RuleEvaluator;
  readonly #byItself: boolean;
  readonly #duty: StoreDuty;
  #startedMs: number;

  constructor(deps: WorkerParts, duty: RuleDuty) {
    this.#deps = deps;
    this.#evaluator = new RuleEvaluator(deps, duty.rules, duty.options);
    this.#byItself = duty.byItself;
    this.#startedMs = deps.clock.nowMs();
    const pass = (startedMs: number): Promise<number> => this.#pass(startedMs);
    this.#duty = new StoreDuty(deps, { what: 'rules', firstMs: PASS_MS, stopMs: STOP_MS, pass });
  }

  /** Begins a pass if one is due and none runs. @param lag records that are not stored yet. */
  tick(lag: number): void {
    if (!this.#byItself) return;
    this.#duty.tick((nowMs) => lag <= BEHIND_RECORDS || nowMs >= this.#startedMs + BEHIND_PASS_MS);
  }

  /**
   * Evaluates all that is stored, open panes too: no more events come.
   *
   * @throws what the store throws.
   */
  async finish(): Promise<void> {
    await this.#duty.idle();
    while (!this.#duty.stopped && (await this.#evaluator.pass(true)).more);
  }

  stop(deadlineMs: number): Promise<void> {
    return this.#duty.stop(deadlineMs);
  }

  async #pass(startedMs: number): Promise<number> {
    this.#startedMs = startedMs;
    const { more } = await this.#evaluator.pass();
    const endedMs = this.#deps.clock.nowMs();
    const restMs = (endedMs - startedMs) * (1 / DUTY - 1);
    return more ? endedMs + restMs : Math.max(startedMs + PASS_MS, endedMs + restMs);
  }
}
