import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { AnyDetector, Stage } from '../core/detector.js';
import type { Finding } from '../core/finding.js';
import { HandOver } from '../core/hand-over.js';
import { eventTimeMs } from '../core/observation.js';
import { PartitionRuntime } from './partition-runtime.js';

export interface OfflineOptions {
  readonly detectors: readonly AnyDetector[];
  readonly allowedLatenessMs: number;
  readonly entitiesMax: number;
}

/** One stage over a stream of events without a log or a store, as the worker runs it. */
export class OfflineStage {
  readonly #runtime: PartitionRuntime;
  /** Of what the token stage hands on; null for that stage itself. */
  readonly #handOver: HandOver | null;
  #offset = 0n;
  #peakMs = -Infinity;

  constructor(options: OfflineOptions & { readonly stage: Stage }) {
    this.#runtime = new PartitionRuntime(options);
    this.#handOver = options.stage === 'token' ? null : new HandOver();
  }

  offer(event: TokenEvent): void {
    const position = { offset: this.#offset, ordinal: 0 };
    this.#offset += 1n;
    const timeMs = eventTimeMs(event);
    if (timeMs > this.#peakMs) this.#peakMs = timeMs;
    if (this.#handOver === null) this.#runtime.offer(event, position);
    else for (const handedOn of this.#handOver.take(event, timeMs)) this.#runtime.offer(handedOn.event, position);
  }

  /** Those made since the last call. @param end true if no event will come any more. */
  takeFindings(end = false): readonly Finding[] {
    if (end) this.#runtime.end(this.#peakMs);
    return this.#runtime.takeFindings();
  }
}
