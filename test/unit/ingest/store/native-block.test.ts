import { EncoderPool } from '../../../../ingest/store/native/encoder-pool.js';
import { EventEncoder } from '../../../../ingest/store/native/event-encoder.js';
import { NativeBlock } from '../../../../ingest/store/native/native-block.js';
import type { PositionedEvent } from '../../../../ingest/store/store.js';

const at = (time: string, offset: number): PositionedEvent => ({
  event: {
    schema_version: 1,
    event_uid: '00000000-0000-8000-8000-000000000000',
    time,
    observed_time: time,
    source: { product: 'nginx', instance: 'i', kind: 'proxy' },
    action: 'use',
    outcome: 'success',
  },
  partition: 0,
  offset: BigInt(offset),
});

function blockOf(events: readonly PositionedEvent[], monthsMax: number): NativeBlock {
  const block = new NativeBlock(monthsMax);
  for (const event of events) block.add(event);
  return block;
}

function encoded(events: readonly PositionedEvent[]): Buffer {
  const encoder = new EventEncoder();
  for (const event of events) encoder.add(event);
  return Buffer.concat(encoder.encode());
}

const wholeBlocks = (block: NativeBlock): Buffer[] => [...block.encode()].map((parts) => Buffer.concat(parts));

describe('NativeBlock', () => {
  it('is one insert for few months, and none while it is empty', () => {
    const events = [at('2026-01-01T00:00:00.000Z', 0), at('2026-02-01T00:00:00.000Z', 1)];
    expect(wholeBlocks(blockOf(events, 2))).toEqual([encoded(events)]);
    expect([...blockOf([], 2).encode()]).toEqual([]);
  });

  it('is cut by month, keeps the order inside and every event once, and comes out the same each time', () => {
    const months = [5, 1, 3, 1, 2, 5, 4];
    const events = months.map((month, n) => at(`2026-0${month}-07T00:00:00.000Z`, n));
    const block = blockOf(events, 2);
    expect(block.rows).toBe(7);
    const pick = (...offsets: number[]): Buffer => encoded(offsets.map((offset) => events[offset]!));
    const wanted = [pick(0, 1, 3, 5), pick(2, 4), pick(6)];
    expect(wholeBlocks(block)).toEqual(wanted);
    expect(wholeBlocks(block)).toEqual(wanted);
  });

  it('gives its memory to the next block, and is good for nothing after that', () => {
    const pool = new EncoderPool();
    const first = new NativeBlock(2, pool);
    const events = [5, 1, 3].map((month, n) => at(`2026-0${month}-07T00:00:00.000Z`, n));
    for (const event of events) first.add(event);
    first.release();
    expect(first.rows).toBe(3);
    const gone = expect.objectContaining({ code: 'TQ_INTERNAL' }) as Error;
    expect(() => first.add(events[0]!)).toThrow(gone);
    expect(() => [...first.encode()]).toThrow(gone);
    expect(() => first.release()).toThrow(gone);
    const next = new NativeBlock(2, pool);
    next.add(events[2]!);
    expect(wholeBlocks(next)).toEqual([encoded([events[2]!])]);
  });
});

describe('EncoderPool', () => {
  const filled = (encoder: EventEncoder, rows: number): EventEncoder => {
    for (let n = 0; n < rows; n += 1) encoder.add(at('2026-05-07T00:00:00.000Z', n));
    return encoder;
  };

  it('lends an encoder again, empty, to one at a time', () => {
    const pool = new EncoderPool();
    const first = filled(pool.take(), 3);
    expect(pool.take()).not.toBe(first);
    pool.give(first);
    expect(pool.take()).toBe(first);
    expect(first.rows).toBe(0);
    expect(pool.take()).not.toBe(first);
  });

  it('lets go of what is far larger than it has to be, and of what is too many', () => {
    const pool = new EncoderPool();
    const large = filled(pool.take(), 800);
    pool.give(large);
    pool.give(filled(pool.take(), 100));
    expect(pool.take()).toBe(large);
    pool.give(filled(large, 99));
    expect(pool.take()).not.toBe(large);
    const many = Array.from({ length: 6 }, () => filled(new EventEncoder(), 1));
    for (const encoder of many) pool.give(encoder);
    expect(Array.from({ length: 6 }, () => pool.take()).filter((taken) => many.includes(taken))).toHaveLength(4);
  });
});
