import fc from 'fast-check';
import {
  TIME_MAX_MS,
  TIME_MIN_MS,
  formatTime,
  isTimeMs,
  parseTime,
  tryFormatTime,
} from '../../../../ingest/event/time.js';

const anyTime = fc.integer({ min: TIME_MIN_MS, max: TIME_MAX_MS });

describe('formatTime', () => {
  it('writes what Date writes, at any time and in any order', () => {
    fc.assert(
      fc.property(anyTime, fc.integer({ min: -1500, max: 1500 }), (ms, step) => {
        expect(formatTime(ms)).toBe(new Date(ms).toISOString());
        const near = Math.min(Math.max(ms + step, TIME_MIN_MS), TIME_MAX_MS);
        expect(formatTime(near)).toBe(new Date(near).toISOString());
      }),
    );
  });

  it('cuts fractions of a millisecond off', () => {
    expect(formatTime(1.999)).toBe('1970-01-01T00:00:00.001Z');
    expect(formatTime(-5e-324)).toBe('1969-12-31T23:59:59.999Z');
    expect(formatTime(-0.5)).toBe('1969-12-31T23:59:59.999Z');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, TIME_MAX_MS + 1, TIME_MIN_MS - 0.5])(
    'refuses %s',
    (ms) => {
      expect(() => formatTime(ms)).toThrow(RangeError);
      expect(tryFormatTime(ms)).toBeUndefined();
      expect(isTimeMs(ms)).toBe(false);
      expect(formatTime(0)).toBe('1970-01-01T00:00:00.000Z');
    },
  );
});

describe('parseTime', () => {
  it('takes back what formatTime wrote', () => {
    fc.assert(
      fc.property(anyTime, (ms) => {
        expect(parseTime(formatTime(ms))).toBe(ms);
      }),
    );
  });

  it.each([
    ['2025-01-02T03:04:05Z', '2025-01-02T03:04:05.000Z'],
    ['2025-01-02T03:04:05.6Z', '2025-01-02T03:04:05.600Z'],
    ['2025-01-02T03:04:05.678901234Z', '2025-01-02T03:04:05.678Z'],
    ['2025-01-02T03:04:05,678+02:00', '2025-01-02T01:04:05.678Z'],
    ['2025-01-02t03:04:05-0530', '2025-01-02T08:34:05.000Z'],
    ['2025-01-02 03:04:05z', '2025-01-02T03:04:05.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['0001-02-03T00:00:00.000Z', '0001-02-03T00:00:00.000Z'],
    ['2024-02-29T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(parseTime(text)).toISOString()).toBe(expected);
  });

  it.each([
    '', 'yesterday', '2025-01-02', '2025-01-02T03:04:05', '2025-02-29T00:00:00.000Z', '2025-02-30T00:00:00Z',
    '2025-13-01T00:00:00Z', '2025-00-01T00:00:00Z', '2025-01-00T00:00:00Z', '2025-01-01T24:00:00.000Z', '2025-01-01T00:60:00Z',
    '2025-01-01T00:00:61Z', '2025-01-01T00:00:00+24:00', '2025-01-01T00:00:00.00xZ', '2025-01-01T00:00:00.Z', 'x'.repeat(1e6),
    '+12025-01-01T00:00:00Z',
  ])('%s is no time', (text) => {
    expect(parseTime(text)).toBeNaN();
    expect(parseTime(text)).toBeNaN();
  }); // prettier-ignore
});
