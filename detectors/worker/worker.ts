import type { Component } from '../../ingest/core/component.js';
import type { EventLogWriter } from '../../ingest/log/event-log.js';
import type { PartitionStatus } from './partition-worker.js';
import { StageWorker } from './stage-worker.js';
import type { WorkerDeps } from './worker-deps.js';
import type { WorkerOptions } from './worker-options.js';

export interface Worker extends Component {
  /** The token stage first, then, where a detector runs in it, the principal stage. */
  readonly stages: readonly StageWorker[];
  /** Of the partitions of both stages that this worker owns. */
  status(): readonly PartitionStatus[];
  /**
   * True if this worker has stored, committed and scored every record that the topics hold now; for a worker that owns
   * all partitions.
   */
  caughtUp(): Promise<boolean>;
  /** What the topics hold now is all: nothing waits for company any longer. */
  expectNoMore(): void;
  /** Lets time pass everywhere up to the newest event, and runs rules over all that is stored; once no more events come. */
  finish(): Promise<void>;
}

/**
 * Reads token events, stores them effectively once, runs the detectors of the token stage over them, and hands what is of
 * known principals on to the principal stage, which it runs beside (docs/adr/0002, 0004, 0011).
 *
 * @param options validated by `workerOptionsSchema`.
 */
export function createWorker(options: WorkerOptions, deps: WorkerDeps): Worker {
  return new TwoStageWorker(options, deps);
}

class TwoStageWorker implements Worker {
  readonly name = 'worker';
  readonly stages: readonly StageWorker[];
  readonly #writer: EventLogWriter;

  constructor(options: WorkerOptions, deps: WorkerDeps) {
    const { topic, groupId, principalTopic } = options;
    const handsOn = deps.detectors.some((detector) => detector.stages.includes('principal'));
    const plans = [
      { stage: 'token' as const, topic, groupId, handsOn },
      ...(handsOn
        ? [{ stage: 'principal' as const, topic: principalTopic, groupId: `${groupId}-principals`, handsOn: false }]
        : []),
    ];
    this.#writer = deps.log.writer();
    const parts = { ...deps, writer: this.#writer };
    this.stages = plans.map((plan) => new StageWorker(plan, options, parts));
  }

  async start(): Promise<void> {
    await this.#writer.start();
    for (const stage of this.stages) await stage.start();
  }

  /** In the order of the stages, so that what the first one still hands on is not taken from the second's time. */
  async stop(deadlineMs: number): Promise<void> {
    for (const stage of this.stages) await stage.stop(deadlineMs);
    await this.#writer.stop(deadlineMs);
  }

  status(): readonly PartitionStatus[] {
    return this.stages.flatMap((stage) => stage.status());
  }

  expectNoMore(): void {
    for (const stage of this.stages) stage.expectNoMore();
  }

  async finish(): Promise<void> {
    for (const stage of this.stages) await stage.finish();
  }

  /** What an earlier stage has done is durable for the next one when it says so. */
  async caughtUp(): Promise<boolean> {
    for (const stage of this.stages) if (!(await stage.caughtUp())) return false;
    return true;
  }
}
