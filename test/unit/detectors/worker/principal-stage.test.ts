import fc from 'fast-check';
import type { Finding } from '../../../../detectors/core/finding.js';
import { HandOver } from '../../../../detectors/core/hand-over.js';
import { createDetectors, detectorsOptionsSchema } from '../../../../detectors/registry.js';
import { Forwarder } from '../../../../detectors/worker/forwarder.js';
import type { End } from '../../../../detectors/worker/origins.js';
import { PartitionRuntime } from '../../../../detectors/worker/partition-runtime.js';
import { PrincipalIntake } from '../../../../detectors/worker/principal-intake.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import type { StoredRecord } from '../../../../ingest/log/event-log.js';
import { eventKey, partitionFor } from '../../../../ingest/log/partitioner.js';
import { seededRandom } from '../../../support/random.js';
import { makeEvent } from '../../../support/token-events.js';

const T0 = Date.UTC(2026, 2, 2);
const LATENESS_MS = 1000;
const detectors = createDetectors(
  detectorsOptionsSchema.parse({
    rate: { buckets: 60, buckets_min: 5, requests_min: 20 },
    baseline: { hours_min: 2, requests_min: 20, failures_min: 3 },
    silence: { period_hours: 0.1, periods_min: 5, minutes_min: 2 },
  }),
);

/** A key without a known owner that speaks all the time until it stops, and one of a source that stops with it. */
function regulars(timeMs: number, id: string, share: number): TokenEvent[] {
  const said: TokenEvent[] = [];
  if (share < 0.6) said.push(makeEvent({ timeMs, token: 'agent', id: `agent ${id}` }));
  if (share < 0.8) {
    const event = makeEvent({ timeMs, token: 'sensor', id: `sensor ${id}` });
    said.push({ ...event, source: { ...event.source, instance: 'second' } });
  }
  return said;
}

/** Principals with rotating tokens: no token lives longer than five minutes, so only principals have a past. */
function traffic(seed: number, count: number): TokenEvent[] {
  const random = seededRandom(seed);
  const events: TokenEvent[] = [];
  let timeMs = T0;
  for (let n = 0; n < count; n += 1) {
    const burst = n % 1000 > 850;
    timeMs += burst ? 30 : random() < 0.001 ? 3_600_000 : 9000 * random();
    const principal = burst ? 'p0' : `p${Math.floor(random() * random() * 4)}`;
    const guess = n % 700 > 660;
    const made = makeEvent({
      timeMs: Math.floor(timeMs),
      principal: guess ? 'guessed' : principal,
      id: `${seed}/${n}`,
      ...(guess
        ? { kind: 'issuer', action: 'login', outcome: 'failure', reason: 'invalid_credentials', status: 0 }
        : { token: `${principal}/${Math.floor(timeMs / 300_000)}/${n % 3}` }),
      ...(!guess && random() < 0.1 ? { outcome: 'failure', status: 404 } : {}),
    });
    events.push(made, ...regulars(Math.floor(timeMs), `${seed}/${n}`, n / count));
  }
  return events;
}

/** All events of all principals in one place, as if there were no partitions. */
function expectedFindings(events: readonly TokenEvent[]): readonly Finding[] {
  const runtime = new PartitionRuntime({
    stage: 'principal',
    detectors,
    allowedLatenessMs: LATENESS_MS,
    entitiesMax: 1000,
  });
  const handOver = new HandOver();
  events
    .flatMap((event) => handOver.take(event))
    .forEach(({ event }, n) => runtime.offer(event, { offset: BigInt(n), ordinal: 0 }));
  runtime.end(Date.parse(events.at(-1)!.time));
  return runtime.takeFindings();
}

const byUid = (findings: readonly Finding[]): Finding[] =>
  [...findings].sort((a, b) => (a.finding_uid < b.finding_uid ? -1 : 1));

/** One partition of observations: what the log holds, and who reads it. */
class Lane {
  /** Where each source ends, as the log would say. */
  readonly #ends: () => Promise<readonly End[]>;
  readonly records: StoredRecord[] = [];
  readonly findings: Finding[] = [];
  readonly #sources: number;
  readonly #speaksFor: (sourceUid: string) => boolean;
  #runtime: PartitionRuntime;
  #intake: PrincipalIntake;
  #next = 0;

  constructor(sources: number, ends: () => Promise<readonly End[]>, speaksFor: (sourceUid: string) => boolean) {
    this.#sources = sources;
    this.#speaksFor = speaksFor;
    this.#runtime = this.#newRuntime();
    this.#ends = ends;
    this.#intake = new PrincipalIntake(sources, ends);
  }

  get waiting(): number {
    return this.#runtime.waitingCount;
  }

  readAll(): void {
    for (; this.#next < this.records.length; this.#next += 1) {
      const record = this.#intake.decode(this.records[this.#next]!);
      const { offset } = record;
      record.events.forEach((event, ordinal) => {
        if (this.#intake.isNew(event, record, ordinal)) this.#runtime.offer(event, { offset, ordinal });
      });
      this.#intake.finish(record, this.#runtime);
    }
    this.findings.push(...this.#runtime.takeFindings());
  }

  async rest(quiet: boolean): Promise<void> {
    await this.#intake.rest(this.#runtime, quiet);
    this.findings.push(...this.#runtime.takeFindings());
  }

  /** What a checkpoint holds goes into a new runtime, and what waited is read again. */
  async restart(): Promise<void> {
    const old = this.#runtime;
    const { watermarkMs, waitingFrom } = old.mark();
    const from = waitingFrom ?? BigInt(this.#next);
    const sources = this.#intake.mark(from);
    const waiting = new Set(
      [...old.waitingByEntity().values()].flat().map(({ offset, ordinal }) => `${offset}:${ordinal}`),
    );
    this.#runtime = this.#newRuntime();
    for (const entity of old.keyed.all()) this.#runtime.restore(entity.uid, old.keyed.encode(entity));
    this.#runtime.resumeAt(watermarkMs);
    this.#intake = new PrincipalIntake(this.#sources, this.#ends);
    await this.#intake.open({ next: BigInt(this.#next), replayFrom: from, watermarkMs, sources });
    for (const stored of this.records.slice(Number(from), this.#next)) {
      const record = this.#intake.decode(stored);
      const { offset } = record;
      record.events.forEach((event, ordinal) => {
        if (!this.#intake.isNew(event, record, ordinal)) return;
        if (waiting.has(`${offset}:${ordinal}`)) this.#runtime.offer(event, { offset, ordinal });
        else this.#runtime.passOver(event);
      });
      this.#intake.finish(record, this.#runtime);
    }
    expect(this.#runtime.waitingCount).toBe(old.waitingCount);
  }

  #newRuntime(): PartitionRuntime {
    return new PartitionRuntime({
      stage: 'principal',
      watermarkGiven: true,
      detectors,
      allowedLatenessMs: LATENESS_MS,
      entitiesMax: 1000,
      speaksFor: this.#speaksFor,
    });
  }
}

/** Both stages with everything that may go otherwise in another run: speeds, batches, kills, restarts. */
async function run(
  events: readonly TokenEvent[],
  partitions: number,
  laneCount: number,
  seed: number,
): Promise<readonly Finding[]> {
  const random = seededRandom(seed);
  const sources = Array.from({ length: partitions }, (_, partition) => ({
    events: events.filter((event) => partitionFor(eventKey(event), partitions) === partition),
    forwarder: new Forwarder(partition, 0, laneCount),
    /** Events that collectors have appended so far. */
    produced: 0,
    next: 0,
    committed: 0,
    speed: 1 + Math.floor(random() * 300),
  }));
  const ends = (): Promise<readonly End[]> =>
    Promise.resolve(
      sources.map(({ produced }, partition) => ({ partition, low: 0n, high: BigInt(Math.ceil(produced / 2)) })),
    );
  const lanes = Array.from(
    { length: laneCount },
    (_, lane) => new Lane(partitions, ends, (uid) => partitionFor(uid, laneCount) === lane),
  );
  const append = (partition: number, nowMs: number): void => {
    for (const { partition: lane, ...record } of sources[partition]!.forwarder.load(nowMs)) {
      const { records } = lanes[lane]!;
      records.push({ ...record, offset: BigInt(records.length) });
    }
  };
  // Collectors are ahead in event time by another span at each turn, and may stand still for long.
  let reachedMs = T0;
  for (let turn = 0; sources.some((source) => source.next < source.events.length); turn += 1) {
    if (random() < 0.3) reachedMs += random() * random() * 7_200_000;
    for (const source of sources) {
      while (source.produced < source.events.length && Date.parse(source.events[source.produced]!.time) < reachedMs) {
        source.produced += 1;
      }
    }
    const partition = Math.floor(random() * partitions);
    const source = sources[partition]!;
    // Two events a record of the log, so that an offset carries more than one; a record is taken whole.
    const whole = source.produced === source.events.length ? source.produced : source.produced & ~1;
    source.produced = whole;
    const until = Math.min(whole, source.next + 2 * Math.ceil(random() * source.speed));
    for (let n = source.next; n < until; n += 1) {
      source.forwarder.add(source.events[n]!, BigInt(n >> 1));
      source.forwarder.finish(BigInt(n >> 1));
    }
    source.next = Math.max(source.next, until);
    append(partition, turn * 30);
    if (random() < 0.3) source.committed = source.next;
    if (random() < 0.05) {
      // Killed: whoever comes next begins at the commit and hands the same events on once more.
      source.forwarder = new Forwarder(partition, source.committed >> 1, laneCount);
      source.next = source.committed;
    }
    if (random() < 0.5) for (const lane of lanes) lane.readAll();
    if (random() < 0.3) await lanes[Math.floor(random() * laneCount)]!.rest(random() < 0.5);
    if (random() < 0.1) await lanes[Math.floor(random() * laneCount)]!.restart();
  }
  for (let partition = 0; partition < partitions; partition += 1) append(partition, 1e9);
  for (const lane of lanes) {
    lane.readAll();
    await lane.rest(true);
    expect(lane.waiting).toBe(0);
  }
  return lanes.flatMap((lane) => lane.findings);
}

describe('the principal stage', () => {
  const events = traffic(5, 2500);
  const expected = byUid(expectedFindings(events));

  it('finds what no token could be found by: bursts over short-lived tokens, guessing without a token', () => {
    const found = new Set(expected.map(({ detector, principal_name: name }) => `${detector}/${name}`));
    expect(found).toContain('rate/p0');
    expect(found).toContain('failures/guessed');
    const silent = expected.filter(({ detector }) => detector === 'silence');
    expect(silent.map(({ score, entity_kind }) => `${entity_kind} ${score.measure}`).sort()).toEqual([
      'source source_silent',
      'token token_silent',
    ]);
    const tokens = new PartitionRuntime({ detectors, allowedLatenessMs: LATENESS_MS, entitiesMax: 10_000 });
    events.forEach((event, n) => tokens.offer(event, { offset: BigInt(n), ordinal: 0 }));
    tokens.flush();
    expect(tokens.takeFindings().filter(({ detector }) => detector === 'failures')).toEqual([]);
  });

  it('finds the same from any number of partitions at any speed, with kills and restarts, and nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer(),
        async (partitions, laneCount, seed) => {
          // The traffic is compared without what compact events leave out.
          expect(byUid(await run(events, partitions, laneCount, seed))).toEqual(expected);
        },
      ),
      { numRuns: 8 },
    );
  });
});
