import { ALARM_SCORE, SeriesDetector, VALUE_MAX } from '../../../../detectors/series/series-detector.js';
import { seededRandom } from '../../../support/random.js';

const STEP_MS = 300_000;
const DAY = 288;
const startMs = Date.parse('2026-01-05T00:00:00Z');

function scores(values: readonly number[]): number[] {
  const detector = new SeriesDetector();
  return values.map((value, i) => detector.score(startMs + i * STEP_MS, value));
}

const alarms = (values: readonly number[]): number[] =>
  scores(values).flatMap((score, i) => (score >= ALARM_SCORE ? [i] : []));

/** Noise of standard deviation 1 around 100 (Box–Muller), 14 days of five minutes. */
function noise(points = 14 * DAY): number[] {
  const random = seededRandom(11);
  return Array.from(
    { length: points },
    () => 100 + Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
}

const daily = (values: readonly number[]): number[] =>
  values.map((value, i) => value + 40 * Math.sin((2 * Math.PI * (i % DAY)) / DAY));

describe('SeriesDetector', () => {
  it('raises about as many false alarms as its threshold promises: 7 scales, one in 32,000 points each', () => {
    const points = 70 * DAY;
    expect(alarms(noise(points)).length).toBeLessThan(3 * ((7 * points) / 32_000));
    expect(alarms(daily(noise(points))).length).toBeLessThan(3 * ((7 * points) / 32_000));
  });

  it('stays quiet on a flat line, and on a daily pattern without noise', () => {
    expect(alarms(new Array<number>(14 * DAY).fill(5))).toEqual([]);
    expect(alarms(daily(new Array<number>(14 * DAY).fill(100)))).toEqual([]);
  });

  it('sees a spike at once, and says it once', () => {
    const values = daily(noise());
    values[10 * DAY] = 400;
    const without = alarms(daily(noise()));
    expect(alarms(values).filter((i) => !without.includes(i))).toEqual([10 * DAY]);
  });

  it('sees what is ordinary at noon but not at night', () => {
    const values = daily(noise());
    const night = 10 * DAY + (3 * DAY) / 4;
    for (let i = night; i < night + 6; i += 1) values[i] = 140;
    expect(alarms(values)).toContain(night);
  });

  it('sees a small shift that lasts, tells it from a spike, and learns the new level', () => {
    const at = 7 * DAY;
    const values = noise(28 * DAY).map((value, i) => (i < at ? value : value + 3));
    const after = alarms(values).filter((i) => i >= at);
    expect(after[0]).toBeLessThan(at + DAY / 4);
    const chance = alarms(noise(28 * DAY));
    expect(after.filter((i) => i > at + 7 * DAY).length).toBeLessThanOrEqual(chance.length);
  });

  it('says nothing in the first 150 points', () => {
    const values = noise(200);
    values[100] = 1e6;
    expect(alarms(values).filter((i) => i < 150)).toEqual([]);
  });

  it('gives a point the same score whatever comes after it', () => {
    const values = daily(noise(1000));
    expect(scores(values.slice(0, 600))).toEqual(scores(values).slice(0, 600));
  });

  it('keeps every score within 0 and 1 at the largest values', () => {
    const random = seededRandom(3);
    const values = Array.from({ length: 1000 }, () => (random() < 0.1 ? VALUE_MAX : -VALUE_MAX));
    for (const score of scores(values)) {
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
  });
});
