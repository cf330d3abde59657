import type { Finding } from '../../detectors/core/finding.js';
import { DecoyIndex } from '../../detectors/honeytoken/decoys.js';
import { createDetectors, type DetectorsOptions } from '../../detectors/registry.js';
import { OfflineStages } from '../../detectors/worker/offline-stages.js';
import { workerOptionsSchema } from '../../detectors/worker/worker-options.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { decoy } from './attacks/abused.js';

/** Whatever reads events in order of arrival and says what it found: the stream detectors of a stage, a set of rules. */
export interface Judge {
  readonly name: string;
  offer(event: TokenEvent): void;
  /** Since the last call; after `finish` nothing more comes. */
  findings(): readonly Finding[];
  finish(): void;
}

class StreamJudge implements Judge {
  readonly name = 'stream detectors';
  readonly #stages: OfflineStages;
  #ended = false;

  constructor(options?: DetectorsOptions) {
    const { allowedLatenessMs, keysMax } = workerOptionsSchema.parse({});
    const detectors = createDetectors(options, new DecoyIndex([decoy]));
    this.#stages = new OfflineStages({ detectors, allowedLatenessMs, entitiesMax: keysMax });
  }

  offer(event: TokenEvent): void {
    this.#stages.offer(event);
  }

  findings(): readonly Finding[] {
    return this.#stages.takeFindings(this.#ended);
  }

  finish(): void {
    this.#ended = true;
  }
}

/** Both stages with the shipped settings. */
export const streamJudges = (options?: DetectorsOptions): readonly Judge[] => [new StreamJudge(options)];
