import { matchesEntity, type EntityMatch } from '../../../../detectors/core/entity-match.js';
import { HandOver } from '../../../../detectors/core/hand-over.js';
import { toObservation } from '../../../../detectors/core/observation.js';
import { toPulse } from '../../../../detectors/core/pulse.js';
import type { Finding } from '../../../../detectors/core/finding.js';
import { OverrideIndex } from '../../../../detectors/overrides/overridden-detector.js';
import { createDetectors, detectorsOptionsSchema } from '../../../../detectors/registry.js';
import { PartitionRuntime } from '../../../../detectors/worker/partition-runtime.js';
import { makePrincipal } from '../../../../ingest/event/principal.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { makeEvent, tokenUid, type EventSketch } from '../../../support/token-events.js';

const T0 = Date.UTC(2026, 2, 2);
const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const uidOf = (id: string): string => makePrincipal({ kind: 'user', issuer: 'test', id }).principal_uid;

interface Run {
  readonly stage?: 'token' | 'principal';
  readonly untilMs?: number;
  /** After so many events the runtime is replaced by one with what a checkpoint holds. */
  readonly restartAt?: number;
  /** And has these options. */
  readonly restartWith?: object;
}

function run(options: object, events: readonly TokenEvent[], { stage = 'token', untilMs, restartAt, restartWith = options }: Run = {}): readonly Finding[] {
  const make = (settings: object): PartitionRuntime => {
    const detectors = createDetectors(detectorsOptionsSchema.parse(settings));
    return new PartitionRuntime({ stage, detectors, allowedLatenessMs: 0, entitiesMax: 100 });
  };
  let runtime = make(options);
  const found: Finding[] = [];
  events.forEach((event, n) => {
    if (n === restartAt) {
      runtime.flush();
      const old = runtime;
      found.push(...old.takeFindings());
      runtime = make(restartWith);
      for (const entity of old.keyed.dirty()) runtime.restore(entity.uid, old.keyed.encode(entity));
      runtime.resumeAt(old.mark().watermarkMs);
    }
    runtime.offer(event, { offset: BigInt(n), ordinal: 0 });
  });
  runtime.flush();
  if (untilMs !== undefined) runtime.elapse(untilMs);
  return [...found, ...runtime.takeFindings()];
} // prettier-ignore

const measuresOf = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ detector, score, token_name: name }) => `${detector}/${score.measure} ${name}`);

/** A request each five seconds for an hour, then fifty in two seconds. */
function burst(token: string, more: Partial<EventSketch> = {}): TokenEvent[] {
  const times = [
    ...Array.from({ length: 720 }, (_, n) => n * 5 * SECOND),
    ...Array.from({ length: 50 }, (_, n) => HOUR + 40 * n),
  ];
  return times.map((ms) => makeEvent({ timeMs: T0 + ms, token, principal: token, id: `${token} ${ms}`, ...more }));
}
const together = (...lists: TokenEvent[][]): TokenEvent[] =>
  lists.flat().sort((a, b) => Date.parse(a.time) - Date.parse(b.time));

const all = { principal: 'p', token: 't', keyId: 'k' };
const event: TokenEvent = { ...makeEvent({ timeMs: T0, ...all }) };

describe('for whom an entry is', () => {
  const own = {
    token_uid: tokenUid('t'),
    principal_uid: uidOf('p'),
    key_id: 'k',
    issuer: 'https://id',
    kind: 'api_key',
  };
  const issued: TokenEvent = { ...event, token: { ...event.token!, issuer: 'https://id' } };
  it.each(Object.entries(own))('goes by %s', (field, value) => {
    expect(matchesEntity({ [field]: value }, issued)).toBe(true);
    expect(matchesEntity({ [field]: `${value}x` }, issued)).toBe(false);
    expect(matchesEntity({ ...own, [field]: `${value}x` }, issued)).toBe(false);
    expect(matchesEntity({ [field]: value }, {})).toBe(false);
  }); // prettier-ignore

  const placeOf = (seen: TokenEvent, ...entries: EntityMatch[]): number =>
    new OverrideIndex(entries).placeOf(toObservation(seen, 'principal'));

  it('takes the first that matches', () => {
    expect(placeOf(event, { key_id: 'other' }, { key_id: 'k' }, { kind: 'api_key' })).toBe(1);
    expect(placeOf(event, { key_id: 'other' })).toBe(-1);
  });

  it('is asked anew for each observation', () => {
    const index = new OverrideIndex([{ key_id: 'k' }]);
    const others = [event, makeEvent({ timeMs: T0, token: 't' }), event].map((one) => toObservation(one));
    expect(others.map((one) => [index.placeOf(one), index.placeOf(one)])).toEqual([
      [0, 0],
      [-1, -1],
      [0, 0],
    ]);
  });

  it('is never a source, whoever spoke through it', () => {
    expect(placeOf(toPulse(event, 'source', event.token), { kind: 'api_key' })).toBe(-1);
    expect(placeOf(toPulse(event, 'token', event.token), { kind: 'api_key' })).toBe(0);
  });
});

describe('overridden settings', () => {
  const rate = { rate: { requests_min: 1000 } };

  it('leave detectors alone of which no entry says anything', () => {
    const made = createDetectors(detectorsOptionsSchema.parse({ overrides: [{ kind: 'api_key', ...rate, off: ['travel'] }] }));
    expect(made.filter(({ asksWhose }) => asksWhose === true).map(({ id }) => id)).toEqual(['travel', 'rate']);
    expect(createDetectors().filter(({ asksWhose }) => asksWhose === true)).toEqual([]);
  }); // prettier-ignore

  it.each(['token', 'principal'] as const)('are for one and not for the other, in the %s stage', (stage) => {
    const events = together(burst('batch'), burst('other'));
    const sensitive = { rate: { requests_min: 20 } };
    const found = (options: object): readonly string[] => measuresOf(run({ ...sensitive, ...options }, events, { stage }));
    const loud = found({});
    expect(loud).toEqual(expect.arrayContaining(['rate/requests batch', 'rate/requests other']));
    const ofOther = loud.filter((one) => one.endsWith('other'));
    expect(found({ overrides: [{ principal_uid: uidOf('batch'), ...rate }] })).toEqual(ofOther);
    expect(found({ overrides: [{ principal_uid: uidOf('batch'), off: ['rate'] }] })).toEqual(ofOther);
    // What is left out stays as it is for all: with the default of 60 neither would be loud.
    const lower = { principal_uid: uidOf('batch'), rate: { threshold: 500 } };
    expect(found({ overrides: [lower] })).toEqual(ofOther);
    // The first entry holds alone, also for what it says nothing of.
    const first = { principal_uid: uidOf('batch'), off: ['travel'] };
    expect(found({ overrides: [first, { kind: 'api_key', ...rate }] })).toEqual(
      loud.filter((one) => one.endsWith('batch')),
    );
  }); // prettier-ignore

  it('make one louder, too', () => {
    const events = together(burst('vault'), burst('other'));
    expect(run({}, events)).toEqual([]);
    const overrides = [{ token_uid: tokenUid('vault'), rate: { requests_min: 20 } }];
    expect(new Set(measuresOf(run({ overrides }, events)))).toEqual(new Set(['rate/requests vault']));
  });

  it('do not change what is remembered of one that nothing is found of', () => {
    const events = burst('batch');
    const stateOf = (overrides: readonly object[]): unknown => {
      const detectors = createDetectors(detectorsOptionsSchema.parse({ overrides }));
      const runtime = new PartitionRuntime({ detectors, allowedLatenessMs: 0, entitiesMax: 10 });
      events.forEach((one, n) => runtime.offer(one, { offset: BigInt(n), ordinal: 0 }));
      runtime.flush();
      return [...runtime.keyed.all()].map((entity) => runtime.keyed.encode(entity).detectors);
    };
    const off = ['rate', 'baseline', 'exchange', 'lifecycle', 'concurrent', 'failures', 'scope', 'binding', 'honeytoken'];
    expect(stateOf([{ kind: 'api_key', off }])).toEqual(stateOf([]));
    expect(stateOf([{ kind: 'api_key', rate: { threshold: 9 } }])).toEqual(stateOf([]));
  }); // prettier-ignore

  describe('where nothing comes any more', () => {
    const keys = [makeEvent({ timeMs: T0, token: 'known', keyId: 'K1' }), makeEvent({ timeMs: T0, token: 'other', keyId: 'K2' })];
    const next = makeEvent({ timeMs: T0 + SECOND, token: 'other', keyId: 'K2' });
    const lifecycle = { unused_days: 1 };
    const unused = (options: object, change: Run = {}): readonly string[] =>
      measuresOf(run({ lifecycle, ...options }, [...keys, next], { untilMs: T0 + 3 * DAY, ...change }));

    it('an alarm of a detector that is off tells nothing, by whatever the entity is named', () => {
      expect([...unused({})].sort()).toEqual(['lifecycle/unused_alive known', 'lifecycle/unused_alive other']);
      for (const match of [{ key_id: 'K1' }, { token_uid: tokenUid('known') }]) {
        const overrides = [{ ...match, off: ['lifecycle'] }];
        expect(unused({ overrides })).toEqual(['lifecycle/unused_alive other']);
        expect(unused({ overrides }, { restartAt: 2 })).toEqual(['lifecycle/unused_alive other']);
      }
    });

    it('one that was stored before the entry was made is known by its uid', () => {
      const make = (overrides: readonly object[]): PartitionRuntime => {
        const detectors = createDetectors(detectorsOptionsSchema.parse({ lifecycle, overrides }));
        return new PartitionRuntime({ detectors, allowedLatenessMs: 0, entitiesMax: 10 });
      };
      const old = make([]);
      keys.forEach((one, n) => old.offer(one, { offset: BigInt(n), ordinal: 0 }));
      old.flush();
      const now = make([{ token_uid: tokenUid('known'), off: ['lifecycle'] }]);
      for (const entity of old.keyed.all()) now.restore(entity.uid, old.keyed.encode(entity));
      now.elapse(T0 + 3 * DAY);
      expect(measuresOf(now.takeFindings())).toEqual(['lifecycle/unused_alive other']);
    });
  }); // prettier-ignore

  it('tell nothing of a client that is silent, where silence is off for it', () => {
    const steady = (name: string, token: string): TokenEvent[] =>
      Array.from({ length: 1000 }, (_, n) => ({
        ...makeEvent({ timeMs: T0 + n * 60 * SECOND, token, id: `${token} ${n}` }),
        principal: makePrincipal({ kind: 'service_account', issuer: 'test', id: name, name }),
      }));
    const goesOn = steady('goes on', 'c').map((one, n) => {
      const time = new Date(T0 + n * 90 * SECOND).toISOString();
      return { ...one, time, observed_time: time };
    });
    const handOver = new HandOver();
    const events = together(steady('job', 'a'), steady('other', 'b'), goesOn).flatMap((one) =>
      handOver.take(one).map((handed) => handed.event),
    );
    const silence = { period_hours: 0.1, periods_min: 5, minutes_min: 30 };
    const silent = (overrides: readonly object[], before = overrides): readonly string[] =>
      run({ silence, overrides: before }, events, {
        stage: 'principal',
        untilMs: T0 + 25 * HOUR,
        // Some words before the end of those that fall silent.
        restartAt: events.findIndex(({ time }) => Date.parse(time) > T0 + 995 * 60 * SECOND),
        restartWith: { silence, overrides },
      })
        .filter(({ detector }) => detector === 'silence')
        .map(({ principal_name: name }) => name);
    expect(silent([])).toEqual(expect.arrayContaining(['job', 'other']));
    const job = makePrincipal({ kind: 'service_account', issuer: 'test', id: 'job' }).principal_uid;
    const left = silent([]).filter((name) => name !== 'job');
    expect(silent([{ principal_uid: job, off: ['silence'] }])).toEqual(left);
    const patient = [{ principal_uid: job, silence: { minutes_min: 10_080 } }];
    expect(silent(patient)).toEqual(left);
    // A limit that was found by the settings of all is another at the next word.
    expect(silent(patient, [])).toEqual(left);
  });

  it('find the same after a restart where only some events of a token name who is excepted', () => {
    const sized = (n: number, response_bytes: number, principal?: string): TokenEvent => {
      const timeMs = T0 + n * 600 * SECOND;
      const one = makeEvent({ timeMs, token: 't', id: `sized ${n}`, ...(principal !== undefined && { principal }) });
      return { ...one, target: { ...one.target, response_bytes } };
    };
    const usual = Array.from({ length: 6 * 30 }, (_, n) => sized(n, 200_000));
    const at = usual.length;
    const large = [sized(at, 3_000_000), sized(at + 1, 3_000_000, 'p'), sized(at + 2, 3_000_000)];
    const options = {
      exchange: { bytes_min: 2_000_000, threshold: 12 },
      overrides: [{ principal_uid: uidOf('p'), exchange: { bytes_min: 1_000_000, threshold: 2, hours_min: 168 } }],
    };
    const events = [...usual, ...large];
    const once = run(options, events);
    expect(measuresOf(once)).toContain('exchange/response_bytes t');
    for (const restartAt of [at + 1, at + 2]) expect(run(options, events, { restartAt })).toEqual(once);
  });
});
