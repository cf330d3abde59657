import { backoffMs } from '../../ingest/core/backoff.js';
import { describeError } from '../../ingest/core/errors.js';
import type { Logger } from '../../ingest/core/logger.js';

const HEARTBEAT_MS = 1000;
const CAP_MS = 15_000;

/** Thrown instead of trying again, once the partition is given up. */
export class GivenUp extends Error {
  constructor() {
    super('The partition was given up; what is not committed is read again.');
    this.name = 'GivenUp';
  }
}

export interface Patience {
  readonly logger: Logger;
  /** False once the deadline of a stop has passed or the partition is lost. */
  goOn(): boolean;
  /** Told of each failure, with words that are safe to show. */
  failed(reason: string): void;
}

/** Waits without keeping the process alive for it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/**
 * Repeats an operation that is safe to repeat until it succeeds. Permanent refusals are repeated too: the block holds
 * events that exist nowhere else but in the log, and an operator's mend (rights, disk, schema) lets it pass.
 */
export async function persist<T>(what: string, patience: Patience, operation: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    if (!patience.goOn()) throw new GivenUp();
    try {
      return await operation();
    } catch (error) {
      if (error instanceof GivenUp || !patience.goOn()) throw error;
      const reason = `${what}: ${describeError(error)}`;
      patience.failed(reason);
      patience.logger.warn({ attempt, reason }, 'an operation of the worker failed and is tried again');
      await pause(backoffMs(attempt, 0.5, 100, CAP_MS));
    }
  }
}

/** Awaits long work and keeps the membership in the consumer group alive meanwhile. */
export async function withHeartbeat<T>(work: Promise<T>, heartbeat: () => Promise<void>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const settled = work.then(
    () => true,
    () => true,
  );
  for (;;) {
    const tick = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), HEARTBEAT_MS);
    });
    const done = await Promise.race([settled, tick]);
    clearTimeout(timer);
    if (done) return work;
    await heartbeat();
  }
}
