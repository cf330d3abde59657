import type { Finding } from '../../detectors/core/finding.js';
import type { Worker } from '../../detectors/worker/worker.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { appendEvents, makeWorker, openParts, type RealParts, until } from '../support/real-worker.js';
import { Way } from './ways.js';

const PARTITIONS = 5;
const APPEND_EVENTS = 5_000;
const RECORD_EVENTS = 200;
/** Records that may wait in a partition before more are made: not all made hours are to be in memory at once. */
const BEHIND_MAX = 100;
const WAIT_MS = 3_600_000;
/** So few that states leave for the store and come back. */
const KEYS_MAX = 2_000;
const STOP_MS = 60_000;

/** The worker itself, on the embedded log and the ClickHouse engine, stopped and made anew now and then. */
export class LiveWay extends Way {
  readonly #parts: RealParts;
  readonly #restartEvery: number;
  #worker: Worker;
  #due: TokenEvent[] = [];
  #appended = 0;
  readonly #made: Finding[] = [];

  private constructor(parts: RealParts, restartEvery: number) {
    super('live');
    this.#parts = parts;
    this.#restartEvery = restartEvery;
    this.#worker = this.#newWorker();
  }

  /** @param restartEvery events. */
  static async open(directory: string, restartEvery: number): Promise<LiveWay> {
    const way = new LiveWay(await openParts(directory, PARTITIONS), restartEvery);
    await way.#worker.start();
    return way;
  }

  offer(event: TokenEvent): void {
    this.#due.push(event);
  }

  override async findings(): Promise<readonly []> {
    if (this.#due.length >= APPEND_EVENTS) await this.#append();
    return super.findings();
  }

  async finish(): Promise<void> {
    await this.#append();
    await until(() => this.#worker.caughtUp(), WAIT_MS);
    await this.#worker.finish();
  }

  async close(): Promise<void> {
    await this.#worker.stop(STOP_MS);
    await this.#parts.stop();
  }

  protected take(): readonly Finding[] {
    return this.#made.splice(0);
  }

  async #append(): Promise<void> {
    const times = Math.floor(this.#appended / this.#restartEvery);
    this.#appended += this.#due.length;
    await appendEvents(this.#parts.log, this.#due.splice(0), RECORD_EVENTS);
    await until(() => Promise.resolve(this.#worker.status().every(({ lag }) => lag < BEHIND_MAX)), WAIT_MS);
    if (Math.floor(this.#appended / this.#restartEvery) === times) return;
    await this.#worker.stop(STOP_MS);
    this.#worker = this.#newWorker();
    await this.#worker.start();
  }

  #newWorker(): Worker {
    return makeWorker(this.#parts, {
      options: { keepsHops: false, keysMax: KEYS_MAX, liveKeysMax: KEYS_MAX / 4 },
      onFinding: (findings) => {
        this.#made.push(...findings);
        return Promise.resolve();
      },
    });
  }
}
