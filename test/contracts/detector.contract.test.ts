import fc from 'fast-check';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { stages, type AnyDetector, type Notice, type Observation, type Stage } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';
import { HandOver } from '../../detectors/core/hand-over.js';
import { DecoyIndex } from '../../detectors/honeytoken/decoys.js';
import { entityOf, toObservation } from '../../detectors/core/observation.js';
import { guidanceOf } from '../../detectors/guidance.js';
import { createDetectors } from '../../detectors/registry.js';
import { PartitionRuntime } from '../../detectors/worker/partition-runtime.js';
import { eagerOptions } from '../support/eager-options.js';
import { makeEvent, tokenUid } from '../support/token-events.js';
import { formatTime } from '../../ingest/event/time.js';
import { outspoken, unsoundOutlook } from '../support/outlook-soundness.js';
import { seededRandom } from '../support/random.js';

const T0 = Date.UTC(2026, 2, 2);
const LATENESS_MS = 1000;

/** One token of the traffic is a decoy. */
const planted = { token_uid: tokenUid('t0'), secret_fp: '', name: 'decoy', planted: 'here', removedMs: null };
const detectors = createDetectors(eagerOptions, new DecoyIndex([planted]));

/** Three tokens in a row belong to one principal. */
const ownerOf = (token: string): string => `p${Math.floor(Number(token.slice(1)) / 3)}`;

/** What a stage is given of these events. */
function seenBy(stage: Stage, events: readonly TokenEvent[]): readonly TokenEvent[] {
  if (stage === 'token') return events;
  const handOver = new HandOver();
  return events.flatMap((event) => handOver.take(event).map((one) => one.event));
}

function actionOf(dice: number): TokenEvent['action'] {
  if (dice < 0.05) return 'revoke';
  if (dice < 0.1) return 'login';
  if (dice < 0.11) return 'logout';
  return dice < 0.12 ? 'grant' : 'use';
}

/** Places, programs, routes and refusals in the variety that detectors of facts need. */
function adorned(event: TokenEvent, random: () => number): TokenEvent {
  const elsewhere = random() < 0.05;
  const route = `/orders/${Math.floor(random() * 8)}`;
  const denied = event.target?.status === 404 && random() < 0.6;
  // Each service is new at some time; one of the principals is there first.
  const report = `reports-${Math.floor((Date.parse(event.time) - T0) / 1_800_000)}`;
  return {
    ...event,
    client: elsewhere
      ? { address: '198.51.100.66', geo: { latitude: -33.87, longitude: 151.21 } }
      : { address: '203.0.113.7', geo: { latitude: 48.85, longitude: 2.35 } },
    session_uid: `s${Math.floor(random() * 3)}`,
    user_agent: elsewhere ? 'curl/8.5.0' : 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    target: {
      ...event.target,
      ...(event.event_uid < '08' && { service: report }),
      route,
      method: random() < 0.03 ? 'DELETE' : 'GET',
      response_bytes: parseInt(event.event_uid.slice(0, 6), 16),
      duration_ms: parseInt(event.event_uid.slice(0, 2), 16),
      ...(denied && { status: 403 }),
    },
    ...(event.token !== undefined && { token: { ...event.token, scopes: ['orders:read'] } }),
    ...(denied && { reason: 'insufficient_scope' }),
    // Some refusals are of what was typed, and not of the token.
    ...(event.target?.status === 401 && event.event_uid < 'c' && { reason: 'invalid_credentials' as const }),
    ...(random() < 0.01 && { exposures: ['token_in_url'] }),
  };
}

/** Some tokens at their own pace, with bursts, failures, refusals and pauses, in time order. */
function traffic(seed: number, count: number, tokens = 5, owned = true): TokenEvent[] {
  const random = seededRandom(seed);
  const events: TokenEvent[] = [];
  let timeMs = T0;
  for (let n = 0; n < count; n += 1) {
    const dice = random();
    const burst = n % 1000 > 850;
    timeMs += burst ? 30 : dice < 0.001 ? 7_200_000 * random() : dice < 0.5 ? 40 : 9000 * random();
    const token = burst ? 't0' : `t${Math.floor(random() * random() * tokens)}`;
    const failed = random() < (n % 500 > 400 ? 0.8 : 0.05);
    const event = makeEvent({
      timeMs: Math.floor(timeMs),
      token,
      ...(owned && { principal: ownerOf(token) }),
      id: `${seed}/${n}`,
      ...(failed ? { outcome: 'failure', status: random() < 0.5 ? 404 : 401 } : {}),
      kind: random() < 0.1 ? 'issuer' : 'proxy',
      action: actionOf(random()),
    });
    // One of two sources falls silent for a while.
    const second = n % 3 === 0 && (n % 3000 < 1800 || n % 3000 > 2700);
    const instance = second ? 'second' : 'first';
    events.push({ ...adorned(event, random), source: { ...event.source, instance } });
  }
  return events;
}

/** Long after all events: every alarm that is still set is due. */
const END_MS = T0 + 90 * 86_400_000;

function newRuntime(stage: Stage, speaks = true): PartitionRuntime {
  return new PartitionRuntime({
    stage,
    detectors,
    allowedLatenessMs: LATENESS_MS,
    entitiesMax: 1000,
    speaksFor: () => speaks,
  });
}

/** @param speaks false for a partition that knows the sources but does not tell of them. */
function run(stage: Stage, events: readonly TokenEvent[], speaks = true): readonly Finding[] {
  const runtime = newRuntime(stage, speaks);
  events.forEach((event, n) => runtime.offer(event, { offset: BigInt(n), ordinal: 0 }));
  runtime.flush();
  runtime.elapse(END_MS);
  return runtime.takeFindings();
}

const byUid = (findings: readonly Finding[]): Finding[] =>
  [...findings].sort((a, b) => (a.finding_uid < b.finding_uid ? -1 : 1));

/** Freezes what can be frozen; typed arrays and private fields are held by comparing the encoding. */
function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const key of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[key]);
}

/** Another state object with the same content. */
const copy = (detector: AnyDetector, state: unknown): unknown => detector.decode(detector.encode(state));

/** A detector that knows nobody but the entity itself. */
const alone = (): undefined => undefined;

/** Wakes a detector as long as it wants to be, before a time. */
function woken(
  detector: AnyDetector,
  state: unknown,
  beforeMs: number,
  { entityKind, entityUid }: Observation,
): readonly [unknown, readonly Notice[]] {
  const notices: Notice[] = [];
  let now = state;
  for (;;) {
    const timeMs = detector.wakeMs?.(now) ?? Infinity;
    if (timeMs >= beforeMs || detector.wake === undefined) return [now, notices];
    const [next, told] = detector.wake(now, { timeMs, entityKind, entityUid }, alone);
    // Else it would be woken for ever.
    expect(detector.wakeMs?.(next)).toBeGreaterThan(timeMs);
    notices.push(...told);
    now = next;
  }
}

/** Walks one key's observations through a detector, and wakes it in between when it wants to be. */
function walk(
  detector: AnyDetector,
  observations: readonly Observation[],
  each: (state: unknown, observation: Observation, notices: readonly Notice[]) => void,
): unknown {
  let state = detector.initial();
  for (const observation of observations) {
    const [now, notices] = woken(detector, state, observation.timeMs, observation);
    state = now;
    each(state, observation, notices);
    const suspect = detector
      .score(state, observation, alone)
      .some((score) => detector.classify(score, observation, state, alone) !== null);
    state = detector.learn(state, observation, suspect, alone);
  }
  return state;
}

/** Minutes in which a token without a known owner spoke: steadily, then after a long silence. */
function words(): readonly TokenEvent[] {
  const said = traffic(7, 3000, 1, false);
  const pulses = seenBy('principal', said).filter(({ token, action }) => token !== undefined && action === 'use');
  // The traffic itself pauses for long near its beginning.
  const steady = pulses.slice(pulses.length - 80);
  return steady.map((event, n) => {
    const timeMs = Date.parse(event.time) + (n < 60 ? 0 : 3 * 3_600_000);
    return { ...event, time: formatTime(timeMs), observed_time: formatTime(timeMs) };
  });
}

const runs = detectors.flatMap((detector) => detector.stages.map((stage) => [detector.id, stage, detector] as const));

describe.each(detectors)('detector $id', (detector) => {
  it('runs somewhere, and tells its reader ordinary causes and next steps in whole sentences', () => {
    expect(detector.stages.length).toBeGreaterThan(0);
    for (const texts of [detector.falsePositives, detector.nextSteps]) {
      expect(texts.length).toBeGreaterThan(0);
      for (const text of texts) expect(text).toMatch(/^[A-Z].{15,}\.$/);
    }
    expect(guidanceOf(detector.id)).toEqual({
      falsePositives: detector.falsePositives,
      nextSteps: detector.nextSteps,
    });
  });
});

describe.each(runs)('detector %s in the %s stage', (_id, stage, detector) => {
  const see = (event: TokenEvent): Observation => toObservation(event, stage);
  const observations = (
    detector.hearsPulses === true && detector.wakeMs !== undefined ? words() : traffic(7, 3000, 1)
  ).map(see);

  it('gives readings and verdicts on this traffic, or the tests below prove nothing', () => {
    let readings = 0;
    let verdicts = 0;
    walk(detector, observations, (state, observation, notices) => {
      const scores = detector.score(state, observation, alone);
      readings += scores.length + notices.length;
      verdicts += scores.filter((score) => detector.classify(score, observation, state, alone) !== null).length;
      verdicts += notices.length;
    });
    expect(readings).toBeGreaterThan(0);
    expect(verdicts).toBeGreaterThan(0);
  });

  it('scores without changing the state', () => {
    let turn = 0;
    walk(detector, observations, (state, observation) => {
      turn += 1;
      // All of them would take most of the suite's time.
      if (turn % 5 !== 0) return;
      const before = detector.encode(state);
      const frozen = copy(detector, state);
      deepFreeze(frozen);
      const scores = detector.score(frozen, observation, alone);
      for (const score of scores) detector.classify(score, observation, frozen, alone);
      expect(detector.encode(frozen)).toBe(before);
      expect(detector.score(state, observation, alone)).toEqual(scores);
    });
  });

  it('tells what it compares without changing the state, in few and finite numbers', () => {
    const wrong: unknown[] = [];
    let turn = 0;
    let told = 0;
    walk(detector, observations, (state, observation) => {
      turn += 1;
      if (turn % 5 !== 0) return;
      const frozen = copy(detector, state);
      deepFreeze(frozen);
      told += detector.outlook?.(frozen, observation).length ?? 0;
      wrong.push(...unsoundOutlook(detector, state, frozen, observation));
    });
    expect([wrong, told > 0]).toEqual([[], outspoken.has(detector.id)]);
  });

  it('never asks the clock or for randomness', () => {
    const { now } = Date;
    const { random } = Math;
    const poison = (): number => {
      throw new Error('a detector asked the clock or for randomness');
    };
    Date.now = poison;
    Math.random = poison;
    try {
      const state = walk(detector, observations, () => undefined);
      detector.decode(detector.encode(state));
    } finally {
      Date.now = now;
      Math.random = random;
    }
  });

  it('keeps its state within the bound it states, whatever comes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 40_000_000 }), (seed, step) => {
        const random = seededRandom(seed);
        let timeMs = T0;
        const wild = Array.from({ length: 800 }, () => {
          timeMs += Math.floor(random() * step);
          return see(
            makeEvent({
              timeMs,
              token: 'x',
              principal: 'x',
              ...(random() < 0.3 ? { outcome: 'failure', status: 404 } : {}),
            }),
          );
        });
        const state = walk(detector, wild, () => undefined);
        expect(detector.encode(state).length).toBeLessThanOrEqual(detector.stateBytesMax);
      }),
      { numRuns: 20 },
    );
  });

  it('goes on from an encoded state exactly as from the state itself', () => {
    let other = detector.initial();
    let turn = 0;
    const parted: number[] = [];
    walk(detector, observations, (state, observation, notices) => {
      turn += 1;
      if (turn % 37 === 0) other = copy(detector, other);
      const [now, told] = woken(detector, other, observation.timeMs, observation);
      other = now;
      if (JSON.stringify(told) !== JSON.stringify(notices)) parted.push(turn);
      const scores = detector.score(other, observation, alone);
      const mine = [detector.encode(state), JSON.stringify(detector.score(state, observation, alone))];
      if (detector.encode(other) !== mine[0] || JSON.stringify(scores) !== mine[1]) parted.push(turn);
      const suspect = scores.some((score) => detector.classify(score, observation, other, alone) !== null);
      other = detector.learn(other, observation, suspect, alone);
    });
    expect(parted).toEqual([]);
  });

  it('refuses text that it did not write', () => {
    expect(() => detector.decode('')).toThrow(TypeError);
    expect(() => detector.decode('{"a":1}')).toThrow(TypeError);
  });

  it('gives finite readings with a window that ends at the observation, and SQL without loose quotes', () => {
    const closed = (sql: string): boolean => sql.startsWith('SELECT ') && (sql.match(/'/g) ?? []).length % 2 === 0;
    // Jest's matchers cost more than the detectors, so what is wrong is gathered first.
    const wrong: unknown[] = [];
    walk(detector, observations, (state, observation, notices) => {
      for (const { score, sql } of notices) {
        const past = score.windowStartMs <= score.windowEndMs && score.windowEndMs < observation.timeMs;
        if (!past || !closed(sql)) wrong.push({ score, sql });
      }
      for (const score of detector.score(state, observation, alone)) {
        const numbers = [score.value, score.observed, score.expected, score.spread];
        const sound =
          numbers.every((number) => Number.isFinite(number) && number >= 0) &&
          score.windowEndMs === observation.timeMs &&
          score.windowStartMs <= score.windowEndMs &&
          (score.warmedUp || score.value === 0);
        const sql = detector.sql(score, observation);
        if (!sound || !closed(sql)) wrong.push({ score, sql });
      }
    });
    expect(wrong).toEqual([]);
  });
});

describe.each(stages)('all detectors in the runtime of the %s stage', (stage) => {
  const traffics = traffic(11, 6000, 15);
  const events = seenBy(stage, traffics);
  const expected = run(stage, events);

  it('find something from every detector', () => {
    expect(new Set(expected.map((finding) => finding.detector))).toEqual(
      new Set(runs.filter(([, where]) => where === stage).map(([id]) => id)),
    );
    for (const { entity_kind: kind, entity_uid: uid, token_uid: token, principal_uid: principal } of expected) {
      if (kind === 'source') continue;
      expect({ kind, uid }).toEqual({ kind: stage, uid: stage === 'token' ? token : principal });
      expect(token).toMatch(/^tok_/);
    }
  });

  it('find the same in any order within the allowed lateness', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed);
        const arrival = new Map(
          traffics.map((event) => [event, Date.parse(event.time) + random() * (LATENESS_MS - 1)]),
        );
        const shuffled = [...traffics].sort((a, b) => arrival.get(a)! - arrival.get(b)!);
        expect(run(stage, seenBy(stage, shuffled))).toEqual(expected);
      }),
      { numRuns: 5 },
    );
  });

  it('find the same when entities are spread over several workers', () => {
    const shards = [0, 1, 2].map((shard) =>
      run(
        stage,
        events.filter((event) => {
          const isPulse = stage === 'principal' && event.principal === undefined;
          return isPulse || (entityOf(event, stage)?.charCodeAt(stage === 'token' ? 8 : 6) ?? 0) % 3 === shard;
        }),
        shard === 0,
      ),
    );
    expect(byUid(shards.flat())).toEqual(byUid(expected));
  });

  it('find the same in a replay from a snapshot at any point, and nothing twice', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: events.length - 1 }), { minLength: 1, maxLength: 4 }), (cuts) => {
        const found: Finding[] = [];
        let runtime = newRuntime(stage);
        let from = 0;
        for (const cut of [...new Set(cuts)].sort((a, b) => a - b)) {
          offer(runtime, from, cut);
          found.push(...runtime.takeFindings());
          runtime = reopen(runtime, cut);
          from = cut;
        }
        offer(runtime, from, events.length);
        runtime.flush();
        runtime.elapse(END_MS);
        found.push(...runtime.takeFindings());
        expect(found).toEqual(expected);
      }),
      { numRuns: 8 },
    );
  });

  function offer(runtime: PartitionRuntime, from: number, to: number): void {
    for (let n = from; n < to; n += 1) runtime.offer(events[n]!, { offset: BigInt(n), ordinal: 0 });
  }

  /** A new runtime from what a checkpoint holds; events that waited are offered again. */
  function reopen(old: PartitionRuntime, next: number): PartitionRuntime {
    const restored = newRuntime(stage);
    for (const entity of old.keyed.dirty()) restored.restore(entity.uid, old.keyed.encode(entity));
    for (const entity of restored.keyed.all()) entity.dirty = true;
    const { watermarkMs, waitingFrom } = old.mark();
    restored.resumeAt(watermarkMs);
    const waiting = new Set([...old.waitingByEntity().values()].flat().map(({ offset }) => Number(offset)));
    for (let n = Number(waitingFrom ?? next); n < next; n += 1) {
      if (waiting.has(n)) offer(restored, n, n + 1);
      else restored.passOver(events[n]!);
    }
    return restored;
  }

  it('hold no more entities than the cap', () => {
    const runtime = new PartitionRuntime({ stage, detectors, allowedLatenessMs: 0, entitiesMax: 10 });
    for (let n = 0; n < 500; n += 1) {
      const event = makeEvent({ timeMs: T0 + n * 10, token: `many${n}`, principal: `many${n}` });
      runtime.offer(event, { offset: BigInt(n), ordinal: 0 });
    }
    runtime.flush();
    expect(runtime.keyed.size).toBe(10);
    expect(runtime.keyed.evictions).toBe(490);
  });

  it('let go of entities that were silent for longer than any detector remembers', () => {
    const runtime = newRuntime(stage);
    const idleMs = Math.max(...detectors.filter(({ stages: where }) => where.includes(stage)).map((one) => one.idleMs));
    const times: [string, number][] = [
      ['silent', T0],
      ['used', T0 + 10_000],
      ['late', T0 + idleMs + 5000],
    ];
    times.forEach(([token, timeMs], n) =>
      runtime.offer(makeEvent({ timeMs, token, principal: token }), { offset: BigInt(n), ordinal: 0 }),
    );
    runtime.flush();
    runtime.forgetIdle();
    expect([...runtime.keyed.all()].map(({ uid }) => uid)).toEqual(
      stage === 'token' ? [tokenUid('used'), tokenUid('late')] : ['test|used', 'test|late'],
    );
  });
});
