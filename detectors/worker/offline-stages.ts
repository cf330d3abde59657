import type { TokenEvent } from '../../ingest/event/token-event.js';
import { stages, type AnyDetector } from '../core/detector.js';
import type { Finding } from '../core/finding.js';
import { HandOver } from '../core/hand-over.js';
import { eventTimeMs } from '../core/observation.js';
import { PartitionRuntime } from './partition-runtime.js';

export interface OfflineOptions {
  readonly detectors: readonly AnyDetector[];
  readonly allowedLatenessMs: number;
  readonly entitiesMax: number;
}

/**
 * Both stages over one stream of events without a log or a store, as the worker runs them: the second sees what the first
 * hands on.
 */
export class OfflineStages {
  readonly #runtimes: ReadonlyMap<(typeof stages)[number], PartitionRuntime>;
  readonly #handOver = new HandOver();
  #offset = 0n;
  #peakMs = -Infinity;

  constructor(options: OfflineOptions) {
    this.#runtimes = new Map(stages.map((stage) => [stage, new PartitionRuntime({ ...options, stage })]));
  }

  offer(event: TokenEvent): void {
    const position = { offset: this.#offset, ordinal: 0 };
    this.#offset += 1n;
    this.#runtimes.get('token')?.offer(event, position);
    const timeMs = eventTimeMs(event);
    if (timeMs > this.#peakMs) this.#peakMs = timeMs;
    for (const handedOn of this.#handOver.take(event, timeMs)) {
      this.#runtimes.get('principal')?.offer(handedOn.event, position);
    }
  }

  /** Those made since the last call, of the token stage first. @param end true if no event will come any more. */
  takeFindings(end = false): readonly Finding[] {
    return [...this.#runtimes.values()].flatMap((runtime) => {
      if (end) runtime.end(this.#peakMs);
      return runtime.takeFindings();
    });
  }
}
