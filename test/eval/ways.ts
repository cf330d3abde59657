import { type AnyDetector, type Stage } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import { HandOver } from '../../detectors/core/hand-over.js';
import { entityOf, eventTimeMs } from '../../detectors/core/observation.js';
import { MINUTE_MS } from '../../detectors/core/pulse.js';
import { createDetectors, type DetectorsOptions } from '../../detectors/registry.js';
import { OfflineStages } from '../../detectors/worker/offline-stages.js';
import { PartitionRuntime } from '../../detectors/worker/partition-runtime.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { eventKey, partitionFor } from '../../ingest/log/partitioner.js';
import { makeEvent } from '../support/token-events.js';
import type { Judge } from './judges.js';

const settings = { allowedLatenessMs: 1000, entitiesMax: 1_000_000 };

/** One way to run both stages; what it found is remembered as it stands. */
export abstract class Way implements Judge {
  readonly name: string;
  /** The whole finding by its id. */
  readonly found = new Map<string, string>();

  constructor(name: string) {
    this.name = name;
  }

  abstract offer(event: TokenEvent): void;
  abstract finish(): Promise<void>;
  protected abstract take(): readonly Finding[];

  findings(): Promise<readonly []> {
    for (const finding of this.take()) this.found.set(finding.finding_uid, JSON.stringify(finding));
    return Promise.resolve([]);
  }
}

/** In one go, as a backtest does. */
class Replayed extends Way {
  readonly #stages: OfflineStages;
  #ended = false;

  constructor(detectors: readonly AnyDetector[]) {
    super('replayed');
    this.#stages = new OfflineStages({ ...settings, detectors });
  }

  offer(event: TokenEvent): void {
    this.#stages.offer(event);
  }

  finish(): Promise<void> {
    this.#ended = true;
    return Promise.resolve();
  }

  protected take(): readonly Finding[] {
    return this.#stages.takeFindings(this.#ended);
  }
}

/** One partition of a stage, which can be taken down and built up again from its encoded states. */
class Partition {
  readonly #make: () => PartitionRuntime;
  #runtime: PartitionRuntime;
  #offset = 0n;
  /** Offered and perhaps still waiting, by offset. */
  #recent: (readonly [offset: bigint, event: TokenEvent])[] = [];
  readonly #found: Finding[] = [];

  constructor(make: () => PartitionRuntime) {
    this.#make = make;
    this.#runtime = make();
  }

  get watermarkMs(): number {
    return this.#runtime.watermarkMs;
  }

  offer(event: TokenEvent): void {
    this.#recent.push([this.#offset, event]);
    this.#runtime.offer(event, { offset: this.#offset, ordinal: 0 });
    this.#offset += 1n;
  }

  advance(watermarkMs: number): void {
    this.#runtime.advance(watermarkMs);
  }

  end(peakMs: number): void {
    this.#runtime.end(peakMs);
  }

  take(): readonly Finding[] {
    const { waitingFrom } = this.#runtime.mark();
    this.#recent = this.#recent.filter(([offset]) => waitingFrom !== null && offset >= waitingFrom);
    return [...this.#found.splice(0), ...this.#runtime.takeFindings()];
  }

  restart(): void {
    const old = this.#runtime;
    this.#found.push(...old.takeFindings());
    const waiting = new Set([...old.waitingByEntity().values()].flat().map(({ offset }) => offset));
    this.#runtime = this.#make();
    for (const entity of old.keyed.all()) this.#runtime.restore(entity.uid, old.keyed.encode(entity));
    this.#runtime.resumeAt(old.watermarkMs);
    for (const [offset, event] of this.#recent) {
      if (waiting.has(offset)) this.#runtime.offer(event, { offset, ordinal: 0 });
    }
  }
}

interface Shape {
  readonly tokens: number;
  readonly principals: number;
  /** Events after which all partitions are taken down; Infinity for never. */
  readonly restartEvery: number;
}

/** How often the second stage hears how far the first has come, events. */
const TELL_EVERY = 50;

/**
 * On many partitions, as workers do: each partition of the first stage has its own time and hands on what it heard; the
 * second stage waits for the one that is furthest behind.
 */
class Partitioned extends Way {
  readonly #shape: Shape;
  readonly #tokens: readonly Partition[];
  readonly #principals: readonly Partition[];
  #handOvers: readonly HandOver[];
  #marksMs: number[];
  #count = 0;

  constructor(name: string, shape: Shape, detectors: readonly AnyDetector[]) {
    super(name);
    this.#shape = shape;
    const make = (stage: Stage, count: number): readonly Partition[] =>
      Array.from({ length: count }, (_, n) => {
        const speaksFor = (sourceUid: string): boolean => partitionFor(sourceUid, count) === n;
        const watermarkGiven = stage === 'principal';
        return new Partition(() => new PartitionRuntime({ ...settings, stage, watermarkGiven, detectors, speaksFor }));
      });
    this.#tokens = make('token', shape.tokens);
    this.#principals = make('principal', shape.principals);
    this.#handOvers = this.#tokens.map(() => new HandOver());
    this.#marksMs = this.#tokens.map(() => -Infinity);
  }

  offer(event: TokenEvent): void {
    const at = partitionFor(eventKey(event), this.#shape.tokens);
    this.#tokens[at]!.offer(event);
    const timeMs = eventTimeMs(event);
    this.#marksMs[at] = Math.max(this.#marksMs[at]!, timeMs);
    for (const handedOn of this.#handOvers[at]!.take(event, timeMs)) {
      const uid = entityOf(handedOn.event, 'principal') ?? '';
      const [from, to] = handedOn.everywhere
        ? [0, this.#shape.principals]
        : [partitionFor(uid, this.#shape.principals)];
      for (const lane of this.#principals.slice(from, to ?? from + 1)) lane.offer(handedOn.event);
    }
    this.#count += 1;
    if (this.#count % TELL_EVERY === 0) this.#tell();
    if (this.#count % this.#shape.restartEvery === 0) this.#restart();
  }

  finish(): Promise<void> {
    const peakMs = Math.max(...this.#marksMs);
    for (const partition of [...this.#tokens, ...this.#principals]) partition.end(peakMs);
    return Promise.resolve();
  }

  protected take(): readonly Finding[] {
    return [...this.#tokens, ...this.#principals].flatMap((partition) => partition.take());
  }

  #tell(): void {
    const leastMs = Math.min(...this.#marksMs);
    for (const lane of this.#principals) lane.advance(leastMs);
  }

  #restart(): void {
    for (const partition of [...this.#tokens, ...this.#principals]) partition.restart();
    this.#handOvers = this.#tokens.map(() => new HandOver());
  }
}

/** The ways that must find the same: in one go, on several partitions, and with restarts. @param restartEvery events. */
export function allWays(restartEvery: number, options?: DetectorsOptions): readonly Way[] {
  const detectors = createDetectors(options);
  return [
    new Replayed(detectors),
    new Partitioned('sharded', { tokens: 7, principals: 3, restartEvery: Infinity }, detectors),
    new Partitioned('restarted', { tokens: 2, principals: 2, restartEvery }, detectors),
  ];
}

interface Sensor {
  readonly name: string;
  readonly source: string;
  /** Minute of each ten at which it speaks. */
  readonly minute: number;
  readonly stops: boolean;
}

const BEAT_MS = 600_000;
/** A key that stops while its source goes on, and a source that stops with its only key. */
const sensors: readonly Sensor[] = [
  { name: 'steady', source: 'field-a', minute: 0, stops: false },
  { name: 'broken', source: 'field-a', minute: 4, stops: true },
  { name: 'lost', source: 'field-b', minute: 7, stops: true },
];

/** Keys without an owner that speak by the clock beside the traffic, until two of three stop: somebody must miss them. */
export class Beating implements Judge {
  readonly name = 'beating';
  readonly #ways: readonly Judge[];
  readonly #stopMs: number;
  /** Ten minutes of sensors after the other. */
  #fromMs = NaN;
  #sensor = 0;

  constructor(ways: readonly Judge[], stopMs: number) {
    this.#ways = ways;
    this.#stopMs = stopMs;
  }

  offer(event: TokenEvent): void {
    const timeMs = eventTimeMs(event);
    if (Number.isNaN(this.#fromMs)) this.#fromMs = Math.ceil(timeMs / BEAT_MS) * BEAT_MS;
    while (this.#beat(timeMs));
    for (const way of this.#ways) way.offer(event);
  }

  async findings(): Promise<readonly Finding[]> {
    for (const way of this.#ways) await way.findings();
    return [];
  }

  async finish(): Promise<void> {
    for (const way of this.#ways) await way.finish();
  }

  /** Whoever is next speaks if it is time. */
  #beat(nowMs: number): boolean {
    const { name, source, minute, stops } = sensors[this.#sensor]!;
    const timeMs = this.#fromMs + minute * MINUTE_MS;
    if (timeMs > nowMs) return false;
    this.#sensor = (this.#sensor + 1) % sensors.length;
    if (this.#sensor === 0) this.#fromMs += BEAT_MS;
    if (stops && timeMs >= this.#stopMs) return true;
    const made = makeEvent({ timeMs, observedMs: timeMs, token: name, id: `${name} ${timeMs}` });
    const event = { ...made, source: { ...made.source, instance: source } };
    for (const way of this.#ways) way.offer(event);
    return true;
  }
}

/** Ids of findings that not all ways made alike. */
export function differences(ways: readonly Pick<Way, 'found'>[]): readonly string[] {
  const uids = new Set(ways.flatMap(({ found }) => [...found.keys()]));
  return [...uids].filter((uid) => new Set(ways.map(({ found }) => found.get(uid))).size > 1);
}
