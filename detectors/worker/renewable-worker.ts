import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '../../ingest/core/errors.js';
import type { Logger } from '../../ingest/core/logger.js';
import type { DetectorsOptions } from '../registry.js';
import type { PartitionStatus } from './partition-worker.js';
import type { StageWorker } from './stage-worker.js';
import type { Worker } from './worker.js';

/** What a partition may take to end its block and to write its checkpoint. */
const STOP_MS = 30_000;
const AGAIN_MS = 2000;

/** Whether findings of a detector raise something is not the worker's affair, nor are the tests of its settings. */
const inForce = (options: DetectorsOptions): string => JSON.stringify({ ...options, observe: [], tests: [] });

/**
 * A worker that takes over new settings of its detectors while its process goes on: it ends as at a stop, with checkpoints, and begins anew
 * from them, so no state is lost and no event is read past. Detectors that forget something else with other settings do so as after a restart.
 */
export class RenewableWorker implements Worker {
  readonly name = 'worker';
  readonly #make: (options: DetectorsOptions) => Worker;
  readonly #logger: Logger;
  #current: Worker;
  #settings: string;
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param make a worker that is not started, for these settings. */
  constructor(make: (options: DetectorsOptions) => Worker, options: DetectorsOptions, logger: Logger) {
    this.#make = make;
    this.#logger = logger;
    this.#settings = inForce(options);
    this.#current = make(options);
  }

  get stages(): readonly StageWorker[] {
    return this.#current.stages;
  }

  start(): Promise<void> {
    return this.#current.start();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    await this.#turn;
    await this.#current.stop(deadlineMs);
  }

  /** Takes the settings over; what is the same already changes nothing. Resolves when it runs with them. */
  configure(options: DetectorsOptions): Promise<void> {
    const settings = inForce(options);
    if (settings === this.#settings) return this.#turn;
    this.#settings = settings;
    this.#turn = this.#turn.then(() => this.#renew(options));
    return this.#turn;
  }

  status(): readonly PartitionStatus[] {
    return this.#current.status();
  }

  caughtUp(): Promise<boolean> {
    return this.#current.caughtUp();
  }

  expectNoMore(): void {
    this.#current.expectNoMore();
  }

  finish(): Promise<void> {
    return this.#current.finish();
  }

  async #renew(options: DetectorsOptions): Promise<void> {
    if (this.#stopped) return;
    await this.#ended();
    while (!this.#isStopped()) {
      this.#current = this.#make(options);
      try {
        await this.#current.start();
        this.#logger.info({}, 'the detectors run with new settings');
        return;
      } catch (error) {
        this.#logger.error({ reason: describeError(error) }, 'the worker did not begin anew; trying again');
        await this.#ended();
        await delay(AGAIN_MS);
      }
    }
  }

  /** It may change while a start is waited for. */
  #isStopped(): boolean {
    return this.#stopped;
  }

  async #ended(): Promise<void> {
    try {
      await this.#current.stop(STOP_MS);
    } catch (error) {
      this.#logger.warn(
        { reason: describeError(error) },
        'the worker did not end in order; it begins anew from its last checkpoints',
      );
    }
  }
}
