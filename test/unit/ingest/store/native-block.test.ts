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
  return encoder.encode();
}

describe('NativeBlock', () => {
  it('is one insert for few months, and none while it is empty', () => {
    const events = [at('2026-01-01T00:00:00.000Z', 0), at('2026-02-01T00:00:00.000Z', 1)];
    expect([...blockOf(events, 2).encode()]).toEqual([encoded(events)]);
    expect([...blockOf([], 2).encode()]).toEqual([]);
  });

  it('is cut by month, keeps the order inside and every event once, and comes out the same each time', () => {
    const months = [5, 1, 3, 1, 2, 5, 4];
    const events = months.map((month, n) => at(`2026-0${month}-07T00:00:00.000Z`, n));
    const block = blockOf(events, 2);
    expect(block.rows).toBe(7);
    const pick = (...offsets: number[]): Buffer => encoded(offsets.map((offset) => events[offset]!));
    const wanted = [pick(0, 1, 3, 5), pick(2, 4), pick(6)];
    expect([...block.encode()]).toEqual(wanted);
    expect([...block.encode()]).toEqual(wanted);
  });
});
