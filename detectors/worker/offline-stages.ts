import type { TokenEvent } from '../../ingest/event/token-event.js';
import { stages } from '../core/detector.js';
import type { Finding } from '../core/finding.js';
import { OfflineStage, type OfflineOptions } from './offline-stage.js';

/** Both stages over one stream of events: the second sees what the first hands on. */
export class OfflineStages {
  readonly #stages: readonly OfflineStage[];

  constructor(options: OfflineOptions) {
    this.#stages = stages.map((stage) => new OfflineStage({ ...options, stage }));
  }

  offer(event: TokenEvent): void {
    for (const stage of this.#stages) stage.offer(event);
  }

  /** Those made since the last call, of the token stage first. @param end true if no event will come any more. */
  takeFindings(end = false): readonly Finding[] {
    return this.#stages.flatMap((stage) => stage.takeFindings(end));
  }
}
