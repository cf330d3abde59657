import type { Clock } from '../../ingest/core/clock.js';
import { isRetryable } from '../../ingest/core/errors.js';
import type { EventLog } from '../../ingest/log/event-log.js';
import type { Store } from '../../ingest/store/store.js';
import type { Stage } from '../core/detector.js';
import { readProgress } from './checkpoint-store.js';
import { Origins } from './origins.js';

export interface StreamTimeDeps {
  readonly store: Store;
  readonly log: EventLog;
  readonly clock: Clock;
}

/**
 * How far the stream of a topic has come over all partitions, whoever owns them: what their last checkpoints say, where those
 * that were read to their end hold nobody back. Never ahead of the truth, and behind it by a checkpoint at most.
 */
export class StreamTime {
  readonly #deps: StreamTimeDeps;
  readonly #topic: string;
  readonly #stage: Stage;
  readonly #keepMs: number;
  #knownMs = -Infinity;
  #askedMs = -Infinity;

  /** @param keepMs how long an answer is good enough, milliseconds of the clock. */
  constructor(deps: StreamTimeDeps, topic: string, stage: Stage, keepMs: number) {
    this.#deps = deps;
    this.#topic = topic;
    this.#stage = stage;
    this.#keepMs = keepMs;
  }

  /** Milliseconds of event time; -Infinity while nobody can say. */
  async read(): Promise<number> {
    const { clock } = this.#deps;
    if (clock.nowMs() - this.#askedMs < this.#keepMs) return this.#knownMs;
    this.#askedMs = clock.nowMs();
    try {
      this.#knownMs = Math.max(this.#knownMs, await this.#ask());
    } catch (error) {
      // Nothing is lost by waiting.
      if (!isRetryable(error)) throw error;
    }
    return this.#knownMs;
  }

  async #ask(): Promise<number> {
    // The ends first: what is appended while the checkpoints are read is later than these say.
    const ends = await this.#deps.log.offsets(this.#topic);
    const progress = await readProgress(this.#deps.store, this.#stage);
    const origins = new Origins(ends.length);
    origins.restore(progress);
    return origins.settle(ends).watermarkMs;
  }
}
