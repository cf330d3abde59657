import { createBaselineDetector } from '../../../../detectors/baseline/baseline-detector.js';
import { baselineOptionsSchema } from '../../../../detectors/baseline/baseline-options.js';
import { shortfall } from '../../../../detectors/baseline/drop.js';
import { QuantisedRing } from '../../../../detectors/core/quantised-ring.js';

const limits = { requestsMin: 50, threshold: 6 };

function ringOf(hours: number, requests: (hour: number) => number | null): QuantisedRing {
  const ring = new QuantisedRing(28 * 24);
  for (let hour = 0; hour < hours; hour += 1) ring.push(requests(hour));
  return ring;
}

describe('a shortfall', () => {
  it('is far below every hour at the same place of the day', () => {
    const ring = ringOf(8 * 24, () => 200);
    expect(shortfall(ring, 60, limits)).toEqual({ expected: 200, spread: Math.sqrt(200) });
    expect(shortfall(ring, 100, limits)).toBeNull();
  });

  it('is none while no week is known, and none where there is little to lose', () => {
    expect(
      shortfall(
        ringOf(167, () => 200),
        0,
        limits,
      ),
    ).toBeNull();
    expect(
      shortfall(
        ringOf(8 * 24, () => 49),
        0,
        limits,
      ),
    ).toBeNull();
    // Sixty expected and twenty seen: fewer than half, and no more than chance takes away.
    expect(
      shortfall(
        ringOf(8 * 24, () => 60),
        20,
        limits,
      ),
    ).toBeNull();
  });

  it('is none where one such hour was as quiet, and is told by the hour of the week once that is known', () => {
    const quietOnce = ringOf(8 * 24, (hour) => (hour === 3 * 24 ? 40 : 200));
    expect(shortfall(quietOnce, 30, limits)).toBeNull();
    const monday = (hour: number): number => (hour % 168 < 24 ? 40 : 300);
    expect(shortfall(ringOf(28 * 24, monday), 30, limits)).toBeNull();
    expect(shortfall(ringOf(28 * 24 + 30, monday), 30, limits)).toMatchObject({ expected: 300 });
  });

  it('ignores hours that must not teach', () => {
    expect(
      shortfall(
        ringOf(8 * 24, (hour) => (hour % 24 === 0 ? null : 200)),
        10,
        limits,
      ),
    ).toBeNull();
  });
});

it('reads states from before low hours were counted', () => {
  const detector = createBaselineDetector(baselineOptionsSchema.parse({}));
  const [head = '', ...rings] = detector.encode(detector.initial()).split('|');
  const older = [head.split(',').slice(0, 12).join(','), ...rings].join('|');
  expect(detector.decode(older).lowRun).toBe(0);
  expect(detector.encode(detector.decode(older))).toBe(detector.encode(detector.initial()));
});
