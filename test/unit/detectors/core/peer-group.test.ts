import { peerGroupOf } from '../../../../detectors/core/peer-group.js';
import { makePrincipal } from '../../../../ingest/event/principal.js';

const groupOf = (input: Parameters<typeof makePrincipal>[0]) => peerGroupOf(makePrincipal(input));
const label = (input: Parameters<typeof makePrincipal>[0]): string | undefined => groupOf(input)?.label;

describe('peers of a principal', () => {
  it('are the users of one client, the machines of one team, else all of a kind at one issuer', () => {
    const issuer = 'https://id.example';
    expect(label({ kind: 'user', issuer, id: 'u1', clientId: 'web' })).toBe('client web');
    expect(label({ kind: 'user', issuer, id: 'u1' })).toBe(`user of ${issuer}`);
    expect(label({ kind: 'client', issuer, id: 'partner', clientId: 'partner' })).toBe(`client of ${issuer}`);
    expect(label({ kind: 'workload', id: 'spiffe://corp/ns/shop/sa/web' })).toBe('spiffe://corp/ns/shop/');
    expect(label({ kind: 'workload', id: 'spiffe://corp/eu/shop/web' })).toBe('spiffe://corp/eu/shop/');
    expect(label({ kind: 'service_account', issuer: 'k8s', id: 'system:serviceaccount:shop:web' })).toBe(
      'system:serviceaccount:shop:',
    );
    expect(label({ kind: 'role', id: 'arn:aws:iam::123456789012:role/batch' })).toBe('arn:aws:iam::123456789012:role/');
    expect(groupOf({ kind: 'client', id: 'one-of-its-own' })).toBeNull();
    expect(groupOf({ kind: 'user', issuer: 'i'.repeat(2000), id: 'u1' })).toBeNull();
  });

  it('are not those of another issuer, kind, client or team', () => {
    const all = [
      groupOf({ kind: 'user', issuer: 'a', id: 'u1', clientId: 'web' }),
      groupOf({ kind: 'user', issuer: 'b', id: 'u1', clientId: 'web' }),
      groupOf({ kind: 'user', issuer: 'a', id: 'u1', clientId: 'mobile' }),
      groupOf({ kind: 'user', issuer: 'a', id: 'u1' }),
      groupOf({ kind: 'client', issuer: 'a', id: 'u1' }),
      groupOf({ kind: 'service_account', issuer: 'a', id: 'system:serviceaccount:x:u' }),
      groupOf({ kind: 'service_account', issuer: 'a', id: 'system:serviceaccount:y:u' }),
    ];
    expect(new Set(all.map((group) => group?.hash)).size).toBe(all.length);
    expect(groupOf({ kind: 'user', issuer: 'a', id: 'u2', clientId: 'web' })).toEqual(all[0]);
  });

  it('quotes what a token says of itself', () => {
    expect(groupOf({ kind: 'user', issuer: "a' OR 1=1 --", id: 'u', clientId: "w'eb" })?.condition).toBe(
      "startsWith(principal_uid, 'a\\' OR 1=1 --|') AND principal_kind = 'user' AND client_id = 'w\\'eb'",
    );
  });
});
