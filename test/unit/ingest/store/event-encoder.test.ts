import { EventEncoder } from '../../../../ingest/store/native/event-encoder.js';
import { EventTimeReader } from '../../../../ingest/store/native/event-time.js';
import type { PositionedEvent } from '../../../../ingest/store/store.js';

const positioned = (time: string): PositionedEvent => ({
  event: {
    schema_version: 1,
    event_uid: '00112233-4455-8677-8899-aabbccddeeff',
    time,
    observed_time: '2026-01-02T03:04:05.678Z',
    source: { product: 'nginx', instance: 'i', kind: 'proxy' },
    action: 'use',
    outcome: 'success',
  },
  partition: 0,
  offset: 0n,
});

describe('EventEncoder', () => {
  it('gives the caller a block that the next one does not touch', () => {
    const encoder = new EventEncoder();
    const first = encoder.encode([positioned('2026-01-02T03:04:05.678Z')]);
    const copy = Buffer.from(first);
    encoder.encode([positioned('2027-01-02T03:04:05.678Z'), positioned('2028-01-02T03:04:05.678Z')]);
    expect(first.equals(copy)).toBe(true);
    expect(encoder.encode([positioned('2026-01-02T03:04:05.678Z')]).equals(first)).toBe(true);
  });

  it('refuses a time that cannot be read, and works on afterwards', () => {
    const encoder = new EventEncoder();
    expect(() => encoder.encode([positioned('yesterday, around noon.')])).toThrow(
      expect.objectContaining({ code: 'TQ_EVENT_INVALID' }) as Error,
    );
    const other = new EventEncoder().encode([positioned('2026-01-02T03:04:05.678Z')]);
    expect(encoder.encode([positioned('2026-01-02T03:04:05.678Z')]).equals(other)).toBe(true);
  });
});

describe('EventTimeReader', () => {
  it('reads as Date does, whatever day was read before, and keeps to the range of the store', () => {
    const reader = new EventTimeReader();
    const times = ['1969-12-31T23:59:59.999Z', '2024-02-29T12:34:56.789Z', '2024-02-29T00:00:00.000Z', '1970-01-01T00:00:00.001Z', '2299-12-31T23:59:59.999Z']; // prettier-ignore
    for (const time of [...times, ...times]) expect(reader.read(time)).toBe(Date.parse(time));
    expect(reader.read('9999-12-31T23:59:59.999Z')).toBe(Date.UTC(2299, 11, 31, 23, 59, 59, 999));
    expect(reader.read('0001-01-01T00:00:00.000Z')).toBe(Date.UTC(1900, 0, 1));
    expect(reader.read('2026-01-02T03:04:05+02:00')).toBe(Date.UTC(2026, 0, 2, 1, 4, 5));
  });
});
