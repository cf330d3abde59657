import fc from 'fast-check';
import { EventEncoder } from '../../../../ingest/store/native/event-encoder.js';
import { storeTimeMs } from '../../../../ingest/store/native/event-time.js';
import type { PositionedEvent } from '../../../../ingest/store/store.js';
import { arbitraryEvent } from '../../../integration/store/arbitrary-events.js';

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

const block = (encoder: EventEncoder): Buffer => Buffer.concat(encoder.encode());

describe('EventEncoder', () => {
  const encoded = (...times: string[]): Buffer => {
    const encoder = new EventEncoder();
    for (const time of times) encoder.add(positioned(time));
    return block(encoder);
  };

  it('gives a block, gives it again, and gives all when rows were added', () => {
    const encoder = new EventEncoder();
    encoder.add(positioned('2026-01-02T03:04:05.678Z'));
    const first = block(encoder);
    expect(block(encoder).equals(first)).toBe(true);
    for (let n = 0; n < 3000; n++) encoder.add(positioned('2027-01-02T03:04:05.678Z'));
    const all = ['2026-01-02T03:04:05.678Z', ...Array.from({ length: 3000 }, () => '2027-01-02T03:04:05.678Z')];
    expect(block(encoder).equals(encoded(...all))).toBe(true);
    expect(encoder.rows).toBe(3001);
  });

  it('makes the same block in memory that others were made in as in new memory', () => {
    const used = new EventEncoder();
    const events = fc.array(arbitraryEvent, { maxLength: 12 });
    fc.assert(
      fc.property(events, (made) => {
        const fresh = new EventEncoder();
        used.clear();
        for (const [n, event] of made.entries()) {
          fresh.add({ event, partition: 3, offset: BigInt(n) });
          used.add({ event, partition: 3, offset: BigInt(n) });
        }
        return block(used).equals(block(fresh)) && used.rows === made.length;
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a time that cannot be read, and works on as if it had never come', () => {
    const encoder = new EventEncoder();
    const good = positioned('2026-01-02T03:04:05.678Z');
    encoder.add(good);
    const refused = expect.objectContaining({ code: 'TQ_EVENT_INVALID' }) as Error;
    expect(() => encoder.add(positioned('yesterday, around noon.'))).toThrow(refused);
    const token = {
      token_uid: `tok_${'Z'.repeat(22)}`,
      fp_key_id: 'k',
      identity: 'jwt',
      kind: 'access_token',
      jti: 'must not stay',
      expires_at: 'never',
    } as const;
    expect(() => encoder.add({ ...good, event: { ...good.event, token } })).toThrow(refused);
    encoder.add(good);
    const time = '2026-01-02T03:04:05.678Z';
    expect(block(encoder).equals(encoded(time, time))).toBe(true);
  });
});

describe('storeTimeMs', () => {
  it('reads as Date does and keeps to the range of the store', () => {
    const times = ['1969-12-31T23:59:59.999Z', '2024-02-29T12:34:56.789Z', '2024-02-29T00:00:00.000Z', '1970-01-01T00:00:00.001Z', '2299-12-31T23:59:59.999Z']; // prettier-ignore
    for (const time of times) expect(storeTimeMs(time)).toBe(Date.parse(time));
    expect(storeTimeMs('9999-12-31T23:59:59.999Z')).toBe(Date.UTC(2299, 11, 31, 23, 59, 59, 999));
    expect(storeTimeMs('0001-01-01T00:00:00.000Z')).toBe(Date.UTC(1900, 0, 1));
    expect(storeTimeMs('2026-01-02T03:04:05+02:00')).toBe(Date.UTC(2026, 0, 2, 1, 4, 5));
  });
});
