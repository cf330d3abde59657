import { isAllowedPeer, peerNames } from '../../../../ingest/collectors/peer/peer-names.js';

it('reads every name of a certificate', () => {
  const subjectaltname = 'DNS:a.example, URI:spiffe://x/ns/a/sa/b, IP Address:127.0.0.1';
  expect(peerNames({ subjectaltname })).toEqual(['a.example', 'spiffe://x/ns/a/sa/b', '127.0.0.1']);
});

it.each([
  'URI:"spiffe://x/a, URI:spiffe://victim/b"',
  'DNS:"a\\", URI:spiffe://victim/b"',
  'othername:<unsupported>, URI:spiffe://victim/b',
  undefined,
])('takes no name from %p that is not surely one', (subjectaltname) => {
  expect(peerNames({ subjectaltname } as { subjectaltname?: string })).toEqual([]);
  expect(peerNames(undefined)).toEqual([]);
});

it('allows names word by word, or by their beginning before a final *', () => {
  expect(isAllowedPeer(['spiffe://x/ns/a/sa/b'], ['spiffe://x/ns/a/*'])).toBe(true);
  expect(isAllowedPeer(['spiffe://x/ns/ab/sa/b'], ['spiffe://x/ns/a/*'])).toBe(false);
  expect(isAllowedPeer(['spiffe://x/ns/a/sa/b'], ['spiffe://x/ns/a/sa'])).toBe(false);
  expect(isAllowedPeer([], ['*'])).toBe(false);
});
