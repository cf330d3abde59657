import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../core/backoff.js';
import { AppError, describeError, isRetryable } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { EventSink } from './event-sink.js';
import type { ParsedBatch } from './record-parser.js';

export interface DeliveryDeps {
  readonly sink: EventSink;
  readonly logger: Logger;
  /** A number in [0, 1) that spreads retries. */
  readonly random: () => number;
}

export interface DeliveryOptions {
  readonly signal: AbortSignal;
  /**
   * Attempts before the error is handed to the caller, who then also hears of a permanent one at once; default: until
   * the signal.
   */
  readonly attemptsMax?: number;
}

/** Hands a batch over: events first, then the letters; both are durable when it resolves. */
export async function handOver(sink: EventSink, batch: Pick<ParsedBatch, 'events' | 'letters'>): Promise<void> {
  await Promise.all([sink.accept(batch.events), sink.reject(batch.letters)]);
}

/**
 * For collectors that pull: tries until the batch is durable, however long the log is away, since giving up would
 * lose the record or move a checkpoint past it.
 *
 * @throws the last error when the signal is aborted or the attempts are used up.
 */
export async function deliver(
  batch: Pick<ParsedBatch, 'events' | 'letters'>,
  deps: DeliveryDeps,
  options: DeliveryOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await handOver(deps.sink, batch);
      return;
    } catch (error) {
      const { attemptsMax = Infinity } = options;
      const hopeless = attemptsMax !== Infinity && !isRetryable(error);
      if (options.signal.aborted || hopeless || attempt >= attemptsMax) throw error;
      const wait = Math.max(
        backoffMs(attempt, deps.random()),
        error instanceof AppError ? (error.retryAfterMs ?? 0) : 0,
      );
      deps.logger.warn(
        { attempt, wait_ms: wait, retryable: isRetryable(error), error: describeError(error) },
        'the event log did not take the batch; trying again',
      );
      try {
        await delay(wait, undefined, { signal: options.signal });
      } catch {
        throw error;
      }
    }
  }
}
