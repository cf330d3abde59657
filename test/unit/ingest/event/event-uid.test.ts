import { createHash } from 'node:crypto';
import { deterministicUuid, eventUidFromId, eventUidFromPosition, uuidV8 } from '../../../../ingest/event/event-uid.js';

const UUID_V8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('uuidV8', () => {
  it('sets version and variant and keeps the other 122 bits', () => {
    expect(uuidV8(Buffer.alloc(16, 0))).toBe('00000000-0000-8000-8000-000000000000');
    expect(uuidV8(Buffer.alloc(32, 0xff))).toBe('ffffffff-ffff-8fff-bfff-ffffffffffff');
    expect(uuidV8(createHash('sha256').update('1:a').digest())).toBe(deterministicUuid('a'));
  });
});

describe('event ids', () => {
  const at = { container: '/var/log/nginx/access.log', offset: 42 };

  it('are UUIDv8, the same for the same record', () => {
    const uid = eventUidFromPosition('nginx', 'edge', at);
    expect(uid).toMatch(UUID_V8);
    expect(eventUidFromPosition('nginx', 'edge', { ...at })).toBe(uid);
    expect(eventUidFromPosition('nginx', 'edge', at, 0)).toBe(uid);
    expect(eventUidFromId('keycloak', 'main', 'abc')).toMatch(UUID_V8);
  });

  it('differ with every part, and no shift of characters between parts makes two alike', () => {
    const all = [
      eventUidFromPosition('nginx', 'edge', at),
      eventUidFromPosition('nginx', 'edge', at, 1),
      eventUidFromPosition('nginx', 'edge', { ...at, offset: 43 }),
      eventUidFromPosition('nginx', 'edge', { ...at, container: 'x' }),
      eventUidFromPosition('nginx', 'edge2', at),
      eventUidFromPosition('envoy', 'edge', at),
      eventUidFromId('nginx', 'edge', '42'),
      eventUidFromId('a', 'bc', 'd'),
      eventUidFromId('ab', 'c', 'd'),
      deterministicUuid('a', ''),
      deterministicUuid('', 'a'),
      deterministicUuid('a'),
      deterministicUuid('1:a'),
      deterministicUuid(),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('never change from release to release', () => {
    expect(eventUidFromId('keycloak', 'main', 'abc')).toBe(
      uuidV8(createHash('sha256').update('2:id8:keycloak4:main3:abc').digest()),
    );
  });
});
