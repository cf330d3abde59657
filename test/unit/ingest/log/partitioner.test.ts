import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { eventKey, murmur2, partitionFor } from '../../../../ingest/log/partitioner.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';

const event: TokenEvent = {
  schema_version: 1,
  event_uid: '6ba7b810-9dad-81d1-80b4-00c04fd430c8',
  time: '2026-01-01T00:00:00.000Z',
  observed_time: '2026-01-01T00:00:00.000Z',
  source: { product: 'nginx', instance: 'edge-1', kind: 'proxy' },
  action: 'use',
  outcome: 'success',
};

describe('partitioner', () => {
  // Vectors of Kafka's own UtilsTest#testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Kafka does', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
  });

  it('puts every key where the default partitioner of kafkajs puts it', () => {
    const partitioner = kafkajs.Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 600 }),
        fc.integer({ min: 1, max: 64 }),
        (key, n) => {
          const partitionMetadata = Array.from({ length: n }, (_, partitionId) => ({
            partitionId,
            leader: 1,
            partitionErrorCode: 0,
            replicas: [1],
            isr: [1],
          }));
          expect(partitionFor(key, n)).toBe(
            partitioner({ topic: 't', partitionMetadata, message: { key, value: null } }),
          );
        },
      ),
    );
  });

  it('keeps order by token, else by client address, else by source', () => {
    const token = { token_uid: `tok_${'a'.repeat(22)}`, fp_key_id: 'k1', identity: 'opaque', kind: 'unknown' } as const;
    const client = { address: '192.0.2.1' };
    expect(eventKey({ ...event, token, client })).toBe(token.token_uid);
    expect(eventKey({ ...event, client })).toBe('client:192.0.2.1');
    expect(eventKey(event)).toBe('source:edge-1');
  });
});
