import type { CredentialFacts } from '../../../../../ingest/event/token-facts.js';
import { ClaimsCache } from '../../../../../ingest/sources/shared/claims-cache.js';

const facts = (name: string): CredentialFacts => ({
  token: { token_uid: name, fp_key_id: 'k', identity: 'jwt', kind: 'unknown' },
});

describe('ClaimsCache', () => {
  it('finds facts by all claims, whatever their order', () => {
    const cache = new ClaimsCache();
    cache.set({ iss: 'i', jti: 'a', aud: ['x', 'y'], exp: 1 }, facts('one'));
    expect(cache.get({ exp: 1, aud: ['x', 'y'], jti: 'a', iss: 'i' })?.token.token_uid).toBe('one');
  });

  it.each([
    [{ iss: 'i', jti: 'a', aud: ['x'], exp: 1 }],
    [{ iss: 'i', jti: 'a', aud: 'x', exp: 1 }],
    [{ iss: 'i', jti: 'a', aud: ['x', 'y'], exp: '1' }],
    [{ iss: 'j', jti: 'a', aud: ['x', 'y'], exp: 1 }],
    [{ iss: 'i', jti: 'a', aud: ['x', 'y'] }],
    [{ iss: 'i', jti: 'a', aud: ['x', 'y'], exp: 1, sub: 's' }],
    [{ iss: 'i', sub: 'a' }],
    [{}],
  ])('does not take other claims for the same: %j', (claims) => {
    const cache = new ClaimsCache();
    cache.set({ iss: 'i', jti: 'a', aud: ['x', 'y'], exp: 1 }, facts('one'));
    expect(cache.get(claims)).toBeUndefined();
  });

  it('keeps what several sources tell of one token', () => {
    const cache = new ClaimsCache();
    for (const sub of ['a', 'b', 'c', 'd']) cache.set({ jti: 'a', sub }, facts(sub));
    for (const sub of ['a', 'b', 'c', 'd']) expect(cache.get({ jti: 'a', sub })?.token.token_uid).toBe(sub);
    cache.set({ jti: 'a', sub: 'e' }, facts('e'));
    expect(cache.get({ jti: 'a', sub: 'a' })).toBeUndefined();
  });

  it('is not changed by what becomes of the claims afterwards', () => {
    const cache = new ClaimsCache();
    const claims: Record<string, unknown> = { sid: 's', sub: 'x' };
    cache.set(claims, facts('one'));
    claims['sub'] = 'y';
    expect(cache.get({ sid: 's', sub: 'x' })?.token.token_uid).toBe('one');
    expect(cache.get(claims)).toBeUndefined();
  });
});
