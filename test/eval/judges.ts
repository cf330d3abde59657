import { stages, type Stage } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import { toPrincipalEvent } from '../../detectors/core/principal-event.js';
import { DecoyIndex } from '../../detectors/honeytoken/decoys.js';
import { createDetectors, type DetectorsOptions } from '../../detectors/registry.js';
import { PartitionRuntime } from '../../detectors/worker/partition-runtime.js';
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

class StageJudge implements Judge {
  readonly name: Stage;
  readonly #runtime: PartitionRuntime;
  #offset = 0n;

  constructor(stage: Stage, options?: DetectorsOptions) {
    this.name = stage;
    const { allowedLatenessMs, keysMax } = workerOptionsSchema.parse({});
    const detectors = createDetectors(options, new DecoyIndex([decoy]));
    this.#runtime = new PartitionRuntime({ stage, detectors, allowedLatenessMs, entitiesMax: keysMax });
  }

  /** As the worker hands on: the principal stage sees less of an event. */
  offer(event: TokenEvent): void {
    const seen = this.name === 'token' ? event : toPrincipalEvent(event);
    if (seen === null) return;
    this.#runtime.offer(seen, { offset: this.#offset, ordinal: 0 });
    this.#offset += 1n;
  }

  findings(): readonly Finding[] {
    return this.#runtime.takeFindings();
  }

  finish(): void {
    this.#runtime.flush();
  }
}

/** Both stages with the shipped settings. */
export const streamJudges = (options?: DetectorsOptions): readonly Judge[] =>
  stages.map((stage) => new StageJudge(stage, options));
