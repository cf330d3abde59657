import fc from 'fast-check';
import { createBaselineDetector } from '../../../../detectors/baseline/baseline-detector.js';
import { baselineOptionsSchema } from '../../../../detectors/baseline/baseline-options.js';
import { decodeExcesses, encodeExcesses, isFirstTurn, likeIt, NO_EXCESSES, withExcess, type Excesses } from '../../../../detectors/baseline/month-memory.js'; // prettier-ignore
import type { Finding } from '../../../../detectors/core/finding.js';
import { PartitionRuntime } from '../../../../detectors/worker/partition-runtime.js';
import { makeEvent } from '../../../support/token-events.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const hourOf = (time: string): number => Date.parse(time) / HOUR_MS;
const excessAt = (time: string, requests = 300): Excesses => withExcess(NO_EXCESSES, hourOf(time), requests);
const isLikeIt = (before: string, now: string): boolean => likeIt(excessAt(before), hourOf(now)) !== null;

describe('the same day of an earlier month', () => {
  it.each([
    ['the last day', '2026-01-31T02:00Z', '2026-02-28T02:00Z'],
    ['the first day', '2026-02-01T02:00Z', '2026-03-01T02:00Z'],
    ['the fifteenth', '2026-01-15T02:00Z', '2026-02-15T02:00Z'],
    ['the last working day', '2026-01-30T17:00Z', '2026-03-31T17:00Z'],
    ['the third working day', '2026-03-04T17:00Z', '2026-04-03T17:00Z'],
    ['an hour of summer time earlier, over midnight', '2026-03-01T00:00Z', '2026-03-31T23:00Z'],
    ['a quarter later', '2025-12-31T02:00Z', '2026-03-31T02:00Z'],
  ])('is %s', (_, before, now) => expect(isLikeIt(before, now)).toBe(true));

  it.each([
    ['two hours later', '2026-01-31T02:00Z', '2026-02-28T04:00Z'],
    ['a week later', '2026-01-24T02:00Z', '2026-01-31T02:00Z'],
    ['the day after the turn', '2026-01-31T02:00Z', '2026-02-01T02:00Z'],
    ['a working day in the middle', '2026-01-12T02:00Z', '2026-02-10T02:00Z'],
    ['after more than a quarter', '2025-11-30T02:00Z', '2026-03-31T02:00Z'],
  ])('is not %s', (_, before, now) => expect(isLikeIt(before, now)).toBe(false));

  it('is the busiest of several', () => {
    const known = withExcess(excessAt('2026-01-31T02:00Z', 900), hourOf('2026-02-28T02:00Z'), 300);
    expect(likeIt(known, hourOf('2026-03-31T02:00Z'))?.peak).toBe(900);
  });

  it('of the day before the turn is unknown to whoever began after the turn before', () => {
    const turn = hourOf('2026-03-01T00:00Z');
    expect(isFirstTurn(hourOf('2026-02-05T00:00Z'), turn - 20)).toBe(true);
    expect(isFirstTurn(hourOf('2026-02-05T00:00Z'), turn + 30)).toBe(true);
    expect(isFirstTurn(hourOf('2026-02-05T00:00Z'), turn + 40)).toBe(false);
    expect(isFirstTurn(hourOf('2026-02-05T00:00Z'), turn - 40)).toBe(false);
    expect(isFirstTurn(hourOf('2026-01-28T00:00Z'), turn - 20)).toBe(false);
  });
});

describe('the memory of months', () => {
  const hours = fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 50, max: 5_000_000 })), {
    maxLength: 60,
  });

  it('stays small, whatever it is told, and comes back from its text', () => {
    fc.assert(
      fc.property(hours, (steps) => {
        let hour = hourOf('2026-01-01T00:00Z');
        let known = NO_EXCESSES;
        for (const [step, requests] of steps) {
          hour += step;
          known = withExcess(known, hour, requests);
        }
        expect(known.length).toBeLessThanOrEqual(8);
        const text = encodeExcesses(known);
        expect(text.length).toBeLessThanOrEqual(8 * 20);
        expect(decodeExcesses(text)).toEqual(known);
      }),
    );
  });

  it('refuses a text that nobody wrote', () => {
    expect(() => decodeExcesses('a:b')).toThrow(TypeError);
    expect(() => decodeExcesses('a:b:?')).toThrow(TypeError);
  });
});

/** A day since 5 January 2026, hour, requests. */
type Run = readonly [day: number, hour: number, requests: number];
const START_MS = Date.UTC(2026, 0, 5);
const detector = createBaselineDetector(baselineOptionsSchema.parse({}));
const dayOf = (time: string): number => (Date.parse(time) - START_MS) / DAY_MS;

/** What is told of a job that makes 100 requests at 02:00 each night and further ones in these hours. */
function findingsOf(runs: readonly Run[], days: number): readonly Finding[] {
  const runtime = new PartitionRuntime({ detectors: [detector], allowedLatenessMs: 1000, entitiesMax: 10 });
  const nights = Array.from({ length: days }, (_, day): Run => [day, 2, 100]);
  const times = [...nights, ...runs]
    .flatMap(([day, hour, requests]) =>
      Array.from({ length: requests }, (_, n) => START_MS + day * DAY_MS + hour * HOUR_MS + Math.floor((n * HOUR_MS) / requests)),
    )
    .sort((a, b) => a - b);
  times.forEach((timeMs, n) => runtime.offer(makeEvent({ timeMs, token: 'job', id: `r${n}` }), { offset: BigInt(n), ordinal: 0 }));
  runtime.flush();
  return runtime.takeFindings();
} // prettier-ignore

const told = (findings: readonly Finding[]) =>
  findings.filter(({ severity }) => severity !== 'info').map(({ time, fidelity, severity }) => [time.slice(0, 10), severity, fidelity]); // prettier-ignore

const january = dayOf('2026-01-31');
const february = dayOf('2026-02-28');
const march = dayOf('2026-03-31');

describe('the end of a month', () => {
  it('is told with low fidelity at first, then is a signal that says what it was compared with', () => {
    const findings = findingsOf([[january, 2, 300], [february, 2, 320], [march, 2, 280]], 90); // prettier-ignore
    expect(told(findings)).toEqual([
      ['2026-01-31', 'low', 'low'],
      ['2026-01-31', 'medium', 'low'],
    ]);
    expect(findings.find(({ score }) => score.measure === 'requests')?.summary).toContain('the turn of a month');
    const second = findings.find(({ time }) => time.startsWith('2026-02-28'));
    expect(second?.score.measure).toBe('requests_monthly');
    expect(second?.summary).toContain('compared with the same day of an earlier month, 2026-01-31, when it made 400');
  });

  it('excuses no hour with far more, none of another day, and no job that has five times its usual work', () => {
    const known: readonly Run[] = [[january, 2, 300], [february, 2, 300]]; // prettier-ignore
    const more = findingsOf([...known, [march, 2, 900]], 90);
    expect(told(more).filter(([day]) => day === '2026-03-31').at(-1)).toEqual(['2026-03-31', 'medium', 'medium']); // prettier-ignore
    expect(more.at(-1)?.summary).toContain('compared with');
    expect(told(findingsOf([...known, [march - 12, 2, 300]], 90)).at(-1)).toEqual(['2026-03-19', 'medium', 'medium']);
    expect(told(findingsOf([[january, 2, 500]], 30)).at(-1)).toEqual(['2026-01-31', 'medium', 'medium']);
  });

  it('does not grow unseen', () => {
    const grown = findingsOf([[january, 2, 300], [february, 2, 450], [march, 2, 600]], 90); // prettier-ignore
    expect(told(grown).map(([day]) => day)).toContain('2026-03-31');
    expect(told(grown).map(([day]) => day)).not.toContain('2026-02-28');
  });

  it('is not learnt from an hour in which much failed', () => {
    const failing = (count: number): number => (count % 2 === 0 ? 404 : 200);
    const runtime = new PartitionRuntime({ detectors: [detector], allowedLatenessMs: 1000, entitiesMax: 10 });
    let offset = 0n;
    const use = (timeMs: number, status: number): void => {
      const outcome = status === 404 ? 'failure' : 'success';
      runtime.offer(makeEvent({ timeMs, token: 'job', id: `f${offset}`, status, outcome }), { offset, ordinal: 0 });
      offset += 1n;
    };
    for (let day = 0; day < 58; day += 1) {
      const isEnd = day === january || day === february;
      for (let n = 0; n < (isEnd ? 400 : 100); n += 1) {
        use(START_MS + day * DAY_MS + 2 * HOUR_MS + n * 8000, day === january ? failing(n) : 200);
      }
    }
    runtime.flush();
    const second = runtime
      .takeFindings()
      .filter(({ time, severity }) => time.startsWith('2026-02-28') && severity !== 'info');
    expect(second.map(({ score }) => score.measure)).toContain('requests');
  });

  it('of a job that runs on no other day is learnt in steps', () => {
    const monthly = (requests: number): readonly Run[] =>
      ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30'].map((day): Run => [dayOf(day), 13, requests]);
    const days = (requests: number): readonly string[] =>
      [...new Set(told(findingsOf(monthly(requests), 120)).map(([day]) => day ?? ''))];
    expect(days(420)).toEqual(['2026-01-31']);
    expect(days(3000)).toEqual(['2026-01-31', '2026-02-28']);
  }); // prettier-ignore

  it('is known from hours of the store that a state begins with', () => {
    const history = Array.from({ length: 20 * 24 }, (_, n) => {
      const hourStartMs = Date.UTC(2026, 0, 20) + n * HOUR_MS;
      const isNight = n % 24 === 2;
      return { hourStartMs, requests: isNight ? (new Date(hourStartMs).getUTCDate() === 31 ? 400 : 100) : 0, failures: 0 };
    }); // prettier-ignore
    const state = detector.warmUp(detector.initial(), history);
    expect(state.excesses).toEqual([{ day: Math.floor(Date.UTC(2026, 0, 31) / DAY_MS), hours: 4, peak: 400 }]);
    expect(state.since).toBe(hourOf('2026-01-20T00:00Z'));
  });
});

it('reads states from before months were remembered', () => {
  const history = Array.from({ length: 40 }, (_, n) => ({ hourStartMs: START_MS + n * HOUR_MS, requests: 5, failures: 0 })); // prettier-ignore
  const state = detector.warmUp(detector.initial(), history);
  const [head = '', ...rings] = detector.encode(state).split('|');
  const older = [head.split(',').slice(0, 13).join(','), ...rings].join('|');
  expect(detector.decode(older)).toEqual(state);
});
