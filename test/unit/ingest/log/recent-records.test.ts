import { RecentRecords } from '../../../../ingest/log/embedded/recent-records.js';
import type { StoredRecord } from '../../../../ingest/log/event-log.js';

const record = (offset: number, bytes = 100): StoredRecord => ({
  offset: BigInt(offset),
  key: null,
  value: Buffer.alloc(bytes),
  headers: {},
  timestampMs: 0,
});

const offsets = (records: readonly StoredRecord[] | undefined): readonly number[] | undefined =>
  records?.map(({ offset }) => Number(offset));

describe('RecentRecords', () => {
  const a = {};
  const b = {};

  it('gives the very records of one partition, from an offset on, within the bounds of the read', () => {
    const recent = new RecentRecords(1 << 20);
    const records = [5, 6, 7, 8].map((offset) => record(offset));
    for (const one of records) recent.add(a, one);
    recent.add(b, record(0));
    expect(recent.read(a, 6n, 10, 1 << 20)?.[0]).toBe(records[1]);
    expect(offsets(recent.read(a, 6n, 10, 1 << 20))).toEqual([6, 7, 8]);
    expect(offsets(recent.read(a, 5n, 2, 1 << 20))).toEqual([5, 6]);
    expect(offsets(recent.read(a, 5n, 10, 150))).toEqual([5, 6]);
    expect(offsets(recent.read(b, 0n, 10, 1 << 20))).toEqual([0]);
    // Everything has been read: nothing there, rather than not known.
    expect(recent.read(a, 9n, 10, 1 << 20)).toEqual([]);
  });

  it('does not know what came before it, nor a partition of which it has nothing', () => {
    const recent = new RecentRecords(4 * 1256);
    recent.add(a, record(5, 1000));
    expect(recent.read(a, 4n, 10, 1 << 20)).toBeUndefined();
    expect(recent.read(b, 0n, 10, 1 << 20)).toBeUndefined();
  });

  it('lets go of the oldest of all partitions first', () => {
    const recent = new RecentRecords(4 * 1256);
    for (let n = 0; n < 3000; n++) recent.add(n % 2 === 0 ? a : b, record(n >> 1, 1000));
    expect(recent.read(a, 1497n, 10, 1 << 20)).toBeUndefined();
    expect(offsets(recent.read(a, 1498n, 10, 1 << 20))).toEqual([1498, 1499]);
    expect(offsets(recent.read(b, 1498n, 10, 1 << 20))).toEqual([1498, 1499]);
    recent.add(a, record(1500, 1 << 20));
    expect(recent.read(a, 1500n, 10, 1 << 20)).toBeUndefined();
  });
});
