import { isRetryable } from '../../ingest/core/errors.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Marker } from './checkpoint-store.js';
import type { Intake } from './intake.js';
import { Origins, type EncodedSources, type End } from './origins.js';
import type { PartitionRuntime } from './partition-runtime.js';
import { decodeObservations, type DecodedRecord } from './record-intake.js';

/** Observations: each says where it comes from, so that one number a source tells what is new. */
export class PrincipalIntake implements Intake {
  readonly decode = decodeObservations;
  readonly #origins: Origins;
  readonly #ends: () => Promise<readonly End[]>;

  /**
   * @param sources how many partitions token events have.
   * @param ends asks the log where they end.
   */
  constructor(sources: number, ends: () => Promise<readonly End[]>) {
    this.#origins = new Origins(sources);
    this.#ends = ends;
  }

  open(marker: Marker): Promise<void> {
    this.#origins.restore(marker.sources);
    return Promise.resolve();
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  isNew(_event: TokenEvent, { origin }: DecodedRecord, ordinal: number): boolean {
    return origin !== undefined && this.#origins.isNew(origin, ordinal);
  }

  finish({ origin, offset }: DecodedRecord, runtime: PartitionRuntime): void {
    if (origin !== undefined) runtime.advance(this.#origins.take(origin, offset));
  }

  /**
   * Asks the log only if something waits for a source that is behind the others, be it an event or an alarm, or for the last
   * second.
   */
  async rest(runtime: PartitionRuntime, quiet: boolean): Promise<void> {
    const endWaits = quiet && runtime.waitingCount > 0;
    if (!endWaits && !runtime.isHeldAt(this.#origins.peakMs)) return;
    let ends: readonly End[];
    try {
      ends = await this.#ends();
    } catch (error) {
      // Nothing is lost by waiting: it is asked again, and who may not ask hears it elsewhere.
      if (isRetryable(error)) return;
      throw error;
    }
    const { watermarkMs, still } = this.#origins.settle(ends);
    runtime.advance(watermarkMs);
    if (still) runtime.flush();
  }

  mark(from: bigint): EncodedSources {
    return this.#origins.mark(from);
  }
}
