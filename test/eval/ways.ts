import { stages, type Stage } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import { entityOf } from '../../detectors/core/observation.js';
import { toPrincipalEvent } from '../../detectors/core/principal-event.js';
import { createDetectors } from '../../detectors/registry.js';
import { PartitionRuntime } from '../../detectors/worker/partition-runtime.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { partitionFor } from '../../ingest/log/partitioner.js';
import type { Judge } from './judges.js';

const newRuntime = (stage: Stage): PartitionRuntime =>
  new PartitionRuntime({ stage, detectors: createDetectors(), allowedLatenessMs: 1000, entitiesMax: 1_000_000 });

/** One runtime that is taken down and built up again from its encoded states every so many events. */
class Restarted {
  readonly #stage: Stage;
  readonly #everyEvents: number;
  #runtime: PartitionRuntime;
  #offset = 0n;
  /** Offered and perhaps still waiting, by offset. */
  #recent: (readonly [offset: bigint, event: TokenEvent])[] = [];
  readonly #found: Finding[] = [];

  constructor(stage: Stage, everyEvents: number) {
    this.#stage = stage;
    this.#everyEvents = everyEvents;
    this.#runtime = newRuntime(stage);
  }

  offer(event: TokenEvent): void {
    this.#recent.push([this.#offset, event]);
    this.#runtime.offer(event, { offset: this.#offset, ordinal: 0 });
    this.#offset += 1n;
    if (this.#offset % BigInt(this.#everyEvents) === 0n) this.#restart();
  }

  takeFindings(): readonly Finding[] {
    return [...this.#found.splice(0), ...this.#runtime.takeFindings()];
  }

  flush(): void {
    this.#runtime.flush();
  }

  #restart(): void {
    const old = this.#runtime;
    this.#found.push(...old.takeFindings());
    const { watermarkMs, waitingFrom } = old.mark();
    const waiting = new Set([...old.waitingByEntity().values()].flat().map(({ offset }) => offset));
    this.#recent = this.#recent.filter(([offset]) => waitingFrom !== null && offset >= waitingFrom);
    this.#runtime = newRuntime(this.#stage);
    for (const entity of old.keyed.all()) this.#runtime.keyed.restore(entity.uid, old.keyed.encode(entity));
    this.#runtime.resumeAt(watermarkMs);
    for (const [offset, event] of this.#recent) {
      if (waiting.has(offset)) this.#runtime.offer(event, { offset, ordinal: 0 });
    }
  }
}

type Part = Pick<PartitionRuntime, 'flush' | 'takeFindings'> & { readonly take: (event: TokenEvent) => void };

function partOf(runtime: PartitionRuntime): Part {
  let offset = 0n;
  return {
    take: (event) => {
      runtime.offer(event, { offset, ordinal: 0 });
      offset += 1n;
    },
    flush: () => runtime.flush(),
    takeFindings: () => runtime.takeFindings(),
  };
}

function restartedPart(stage: Stage, everyEvents: number): Part {
  const runtime = new Restarted(stage, everyEvents);
  return {
    take: (event) => runtime.offer(event),
    flush: () => runtime.flush(),
    takeFindings: () => runtime.takeFindings(),
  };
}

/** One way to run both stages; what it found is remembered as it stands. */
export class Way implements Judge {
  readonly name: string;
  /** The whole finding by its id. */
  readonly found = new Map<string, string>();
  readonly #parts: ReadonlyMap<Stage, readonly Part[]>;

  constructor(name: string, make: (stage: Stage) => readonly Part[]) {
    this.name = name;
    this.#parts = new Map(stages.map((stage) => [stage, make(stage)]));
  }

  offer(event: TokenEvent): void {
    for (const [stage, parts] of this.#parts) {
      const seen = stage === 'token' ? event : toPrincipalEvent(event);
      const uid = seen === null ? null : entityOf(seen, stage);
      if (seen === null || uid === null) continue;
      parts[partitionFor(uid, parts.length)]?.take(seen);
    }
  }

  findings(): Promise<readonly []> {
    for (const part of [...this.#parts.values()].flat()) {
      for (const finding of part.takeFindings()) this.found.set(finding.finding_uid, JSON.stringify(finding));
    }
    return Promise.resolve([]);
  }

  finish(): Promise<void> {
    for (const part of [...this.#parts.values()].flat()) part.flush();
    return Promise.resolve();
  }
}

/** The ways that must find the same: in one go, on several partitions, and with restarts. @param restartEvery events. */
export const allWays = (restartEvery: number): readonly Way[] => [
  new Way('replayed', (stage) => [partOf(newRuntime(stage))]),
  new Way('sharded', (stage) => Array.from({ length: stage === 'token' ? 7 : 3 }, () => partOf(newRuntime(stage)))),
  new Way('restarted', (stage) => [restartedPart(stage, restartEvery)]),
];

/** Ids of findings that not all ways made alike. */
export function differences(ways: readonly Way[]): readonly string[] {
  const uids = new Set(ways.flatMap(({ found }) => [...found.keys()]));
  return [...uids].filter((uid) => new Set(ways.map(({ found }) => found.get(uid))).size > 1);
}
