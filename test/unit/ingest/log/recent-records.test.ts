import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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

it('keeps nothing alive of what it let go', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const recent = new RecentRecords(100_000);
  const owners = [{}, {}];
  const values: WeakRef<Uint8Array>[] = [];
  for (let n = 0; n < 500; n += 1) {
    const value = Buffer.alloc(10_000);
    values.push(new WeakRef(value));
    const one = { offset: BigInt(Math.floor(n / 2)), key: null, value, headers: {}, timestampMs: 0 };
    recent.add(owners[n % 2] ?? {}, one);
  }
  // A weak reference holds until the turn ends in which it was made.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const alive = values.filter((value) => value.deref() !== undefined).length;
  expect(recent.read(owners[0] ?? {}, 249n, 1, 1)).toHaveLength(1);
  expect(alive).toBeLessThanOrEqual(10);
});
