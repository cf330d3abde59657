import fc from 'fast-check';
import { type Origin, originHeaders, readOrigin } from '../../../../detectors/worker/origin.js';
import { type End, Origins } from '../../../../detectors/worker/origins.js';

const origin = (
  partition: number,
  offsets: readonly number[],
  watermarkMs: number | null,
  next: number | null = null,
): Origin => ({
  partition,
  offsets,
  watermarkMs,
  next,
});

describe('headers of an observation record', () => {
  it('say the same when read as when written', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.array(fc.nat(2 ** 40)),
        fc.option(fc.integer({ min: -1e15, max: 1e15 })),
        fc.option(fc.nat(2 ** 40)),
        (partition, some, watermarkMs, next) => {
          const offsets = some.flatMap((n) => [n, n]).sort((a, b) => a - b);
          const written = origin(partition, offsets, watermarkMs, next);
          expect(readOrigin(originHeaders(written), offsets.length)).toEqual(written);
        },
      ),
    );
  });

  it.each([
    ['nothing', {}],
    ['another number of events', { ...originHeaders(origin(1, [1, 2], 5)), origin_offsets: '1' }],
    ['a run longer than the record', { ...originHeaders(origin(1, [1, 2], 5)), origin_offsets: '1*999999999' }],
    ['no number', { ...originHeaders(origin(1, [1, 2], 5)), origin_offsets: '1,x' }],
    ['no partition', { ...originHeaders(origin(1, [1, 2], 5)), origin_partition: '-1' }],
    ['no time', { ...originHeaders(origin(1, [1, 2], 5)), origin_watermark: 'soon' }],
  ])('are refused when they say %s', (_name, headers) => {
    expect(readOrigin(headers, 2)).toBeNull();
  });
});

describe('Origins', () => {
  const end = (partition: number, high: bigint, low = 0n): End => ({ partition, low, high });

  it('waits for every source, then goes by the slowest, unless the log says that there is no more of it', () => {
    const origins = new Origins(3);
    expect(origins.take(origin(0, [0], 100, 1), 0n)).toBe(-Infinity);
    expect(origins.take(origin(1, [0], 50, 1), 1n)).toBe(-Infinity);
    expect(origins.settle([end(0, 1n), end(1, 1n), end(2, 7n)])).toEqual({ watermarkMs: -Infinity, still: false });
    // Expired records come no more.
    expect(origins.settle([end(0, 2n), end(1, 1n), end(2, 7n, 7n)])).toEqual({ watermarkMs: 100, still: false });
    expect(origins.settle([end(0, 2n), end(1, 2n), end(2, 0n)])).toEqual({ watermarkMs: 50, still: false });
    expect(origins.settle([end(0, 1n), end(1, 1n), end(2, 0n)])).toEqual({ watermarkMs: 100, still: true });
    expect(origins.take(origin(2, [], 70, 7), 2n)).toBe(50);
    expect(origins.take(origin(1, [1], 110, 2), 3n)).toBe(70);
    expect(origins.peakMs).toBe(110);
  });

  it('knows what came before by its offset, for each source apart, and as of an earlier record', () => {
    const origins = new Origins(2);
    origins.take(origin(0, [3, 3, 5], 100), 7n);
    origins.take(origin(1, [4], 100), 8n);
    const again = origin(0, [3, 5, 6], 100);
    expect([0, 1, 2].map((ordinal) => origins.isNew(again, ordinal))).toEqual([false, false, true]);
    expect(origins.isNew(origin(1, [5], 1), 0)).toBe(true);
    const before = new Origins(2);
    before.restore(origins.mark(8n));
    expect(before.isNew(origin(1, [4], 1), 0)).toBe(true);
    expect(before.isNew(origin(0, [5], 1), 0)).toBe(false);
  });
});
