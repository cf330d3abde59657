import { Worker } from 'node:worker_threads';
import { AppError, describeError } from '../../ingest/core/errors.js';
import type { StageAnswer, StagePlan, StageRunner } from './stage-runs.js';

/** Lines, or null for their end. */
export type StageRequest = string | null;

interface Waiting {
  readonly resolve: (answer: StageAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** A stage in a thread of its own, so that both run at once. */
export class ThreadedStage implements StageRunner {
  readonly #thread: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: AppError | undefined;

  constructor(plan: StagePlan) {
    this.#thread = new Worker(new URL('./stage-thread.js', import.meta.url), { workerData: plan });
    this.#thread.on('message', (answer: StageAnswer) => this.#waiting.shift()?.resolve(answer));
    this.#thread.once('error', (cause) => this.#fail(describeError(cause), cause));
    this.#thread.once('exit', () => this.#fail('It ended early.'));
  }

  take(lines: string): Promise<StageAnswer> {
    return this.#ask(lines);
  }

  end(): Promise<StageAnswer> {
    return this.#ask(null);
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
  }

  #ask(request: StageRequest): Promise<StageAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const answer = new Promise<StageAnswer>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#thread.postMessage(request);
    return answer;
  }

  #fail(why: string, cause?: unknown): void {
    const mend = 'Repeat the command; it changes nothing.';
    this.#failure ??= new AppError('TQ_INTERNAL', `The thread of a stage failed: ${why}`, { cause, mend });
    for (const asked of this.#waiting.splice(0)) asked.reject(this.#failure);
  }
}
