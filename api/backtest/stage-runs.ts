import { createDetectors, type DetectorsOptions } from '../../detectors/registry.js';
import type { Stage } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import { type Decoy, DecoyIndex } from '../../detectors/honeytoken/decoys.js';
import { OfflineStage } from '../../detectors/worker/offline-stage.js';
import { parseTime } from '../../ingest/event/time.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { StoredEvents } from '../../ingest/store/stored-events.js';

/** One stage under each of some settings. Plain, so that it can go to a thread. */
export interface StagePlan {
  readonly stage: Stage;
  readonly settings: readonly DetectorsOptions[];
  readonly decoys: readonly Decoy[];
  readonly allowedLatenessMs: number;
  readonly entitiesMax: number;
}

export interface StageAnswer {
  readonly events: number;
  /** Time of the last event, milliseconds since the Unix epoch; null for none. */
  readonly lastMs: number | null;
  /** By settings, in their order. */
  readonly findings: readonly (readonly Finding[])[];
}

/** A stage that is offered lines of stored events in order of their time; it answers in the same order. */
export interface StageRunner {
  take(lines: string): StageAnswer | Promise<StageAnswer>;
  /** No event will come any more. */
  end(): StageAnswer | Promise<StageAnswer>;
  stop(): Promise<void>;
}

/** A stage in this thread. */
export class StageRuns implements StageRunner {
  readonly #stored = new StoredEvents();
  readonly #stages: readonly OfflineStage[];

  constructor({ settings, decoys, ...plan }: StagePlan) {
    const known = new DecoyIndex(decoys);
    this.#stages = settings.map((one) => new OfflineStage({ ...plan, detectors: createDetectors(one, known) }));
  }

  take(lines: string): StageAnswer {
    let events = 0;
    let last: TokenEvent | undefined;
    for (const event of this.#stored.each(lines)) {
      for (const stage of this.#stages) stage.offer(event);
      last = event;
      events += 1;
    }
    const lastMs = last === undefined ? null : parseTime(last.time);
    return { events, lastMs, findings: this.#findings(false) };
  }

  end(): StageAnswer {
    return { events: 0, lastMs: null, findings: this.#findings(true) };
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  #findings(end: boolean): (readonly Finding[])[] {
    return this.#stages.map((stage) => stage.takeFindings(end));
  }
}
