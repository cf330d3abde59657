import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { canonical, githubHashedToken, tokenFromCanonical } from '../../../../ingest/event/canonical.js';
import { validateEvent } from '../../../../ingest/event/event-codec.js';
import { createFingerprinter } from '../../../../ingest/event/fingerprint.js';
import { decodeJwt } from '../../../../ingest/event/jwt.js';
import { RawSecret } from '../../../../ingest/event/raw-secret.js';
import {
  describeCredential,
  tokenFromAwsAccessKeyId,
  tokenFromJwtClaims,
  tokenFromKeyId,
  tokenFromSession,
  type CredentialFacts,
} from '../../../../ingest/event/token-facts.js';

const fp = createFingerprinter([{ id: 'k1', key: Buffer.alloc(32, 1) }]);
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const signature = 'c2lnbmF0dXJlLXRoYXQtbXVzdC1ub3QtbGVhdmU';
const jwt = (claims: unknown, header: unknown = { alg: 'RS256', kid: 'key-1', typ: 'JWT' }): string =>
  `${part(header)}.${part(claims)}.${signature}`;
const describeText = (text: string): CredentialFacts => describeCredential(new RawSecret(text), fp);

const asEvent = ({ token, principal, session_uid }: CredentialFacts): unknown => ({
  schema_version: 1,
  event_uid: '00000000-0000-8000-8000-000000000000',
  time: '2025-01-01T00:00:00.000Z',
  observed_time: '2025-01-01T00:00:00.000Z',
  source: { product: 'test', instance: 'a', kind: 'proxy' },
  action: 'use',
  outcome: 'success',
  token,
  ...(principal !== undefined && { principal }),
  ...(session_uid !== undefined && { session_uid }),
});

describe('describeCredential of a JWT', () => {
  const claims = {
    iss: 'https://id.example/realms/shop',
    sub: 'f:1:alice',
    aud: ['orders', 'account'],
    jti: 'j-1',
    sid: 's-1',
    azp: 'web',
    typ: 'Bearer',
    scope: 'openid  orders:read',
    iat: 1735787045,
    nbf: 1735787045.5,
    exp: 1735787345,
    preferred_username: 'alice',
    cnf: { 'x5t#S256': 'thumb' },
  };
  const text = jwt(claims);
  const facts = describeText(text);

  it('reads every claim an event has a place for', () => {
    expect(facts).toEqual({
      token: {
        token_uid: fp.tokenUid('jwt:https://id.example/realms/shop|j-1'),
        secret_fp: fp.secretFp(new RawSecret(text)),
        fp_key_id: 'k1',
        identity: 'jwt',
        kind: 'access_token',
        key_id: 'key-1',
        algorithm: 'RS256',
        issuer: 'https://id.example/realms/shop',
        jti: 'j-1',
        audience: ['orders', 'account'],
        scopes: ['openid', 'orders:read'],
        issued_at: '2025-01-02T03:04:05.000Z',
        not_before: '2025-01-02T03:04:05.500Z',
        expires_at: '2025-01-02T03:09:05.000Z',
        binding: { method: 'mtls', x5t_s256: 'thumb' },
        aliases: [
          { kind: 'jti', value: 'j-1' },
          { kind: 'sid', value: 's-1' },
        ],
      },
      principal: {
        principal_uid: 'https://id.example/realms/shop|f:1:alice',
        kind: 'user',
        id: 'f:1:alice',
        name: 'alice',
        client_id: 'web',
      },
      session_uid: 's-1',
    });
    expect(validateEvent(asEvent(facts)).ok).toBe(true);
  });

  it('gives the token of the issuer event that knows iss and jti alone, and lets no signature out', () => {
    const told = tokenFromCanonical(canonical.jwt(claims.iss, claims.jti), fp, { kind: 'access_token' });
    expect(told.token_uid).toBe(facts.token.token_uid);
    expect(tokenFromJwtClaims(claims, fp).token.token_uid).toBe(facts.token.token_uid);
    expect(JSON.stringify([facts, decodeJwt(text)])).not.toContain(signature);
  });

  it('tells a forgery with the same claims by its fingerprint', () => {
    const forged = describeText(`${text.slice(0, -4)}AAAA`).token;
    expect(forged.token_uid).toBe(facts.token.token_uid);
    expect(forged.secret_fp).not.toBe(facts.token.secret_fp);
  });

  it.each([
    ['at+jwt', {}, { alg: 'RS256', typ: 'at+jwt' }, 'access_token'],
    ['Keycloak refresh', { typ: 'Refresh' }, undefined, 'refresh_token'],
    ['Keycloak offline', { typ: 'Offline' }, undefined, 'refresh_token'],
    ['ID token', { typ: 'ID' }, undefined, 'id_token'],
    ['ID token by nonce', { nonce: 'n' }, undefined, 'id_token'],
    ['scp', { scp: ['a'] }, undefined, 'access_token'],
    ['nothing said', {}, undefined, 'unknown'],
  ])('kind: %s', (_what, more, header, kind) => {
    expect(describeText(jwt({ iss: 'i', jti: 'j', ...more }, header)).token.kind).toBe(kind);
  });

  it.each([
    [
      'Keycloak service account',
      { sub: 'u', azp: 'c', preferred_username: 'service-account-c' },
      'service_account',
      'i|u',
    ],
    ['Kubernetes', { sub: 'system:serviceaccount:shop:cart' }, 'service_account', 'i|system:serviceaccount:shop:cart'],
    ['client credentials, RFC 9068', { sub: 'c', client_id: 'c' }, 'client', 'i|c'],
    ['client credentials, Auth0', { sub: 'c@clients', azp: 'c' }, 'client', 'i|c@clients'],
    ['no subject', { client_id: 'c' }, 'client', 'i|c'],
    ['SPIFFE', { sub: 'spiffe://d/ns/a' }, 'workload', 'spiffe://d/ns/a'],
    ['a bare subject', { sub: 'x' }, 'unknown', 'i|x'],
    ['a user', { sub: 'x', preferred_username: 'ann' }, 'user', 'i|x'],
  ])('principal: %s', (_what, more, kind, uid) => {
    expect(describeText(jwt({ iss: 'i', jti: 'j', ...more })).principal).toMatchObject({ kind, principal_uid: uid });
  });

  it('is named by its bytes without iss or jti, and by hint.issuer where that is all that lacks', () => {
    expect(describeText(jwt({ iss: 'i', sub: 'x' })).token).toMatchObject({ identity: 'opaque', issuer: 'i' });
    const hinted = describeCredential(new RawSecret(jwt({ jti: 'j' })), fp, { issuer: 'i' });
    expect(hinted.token.token_uid).toBe(fp.tokenUid('jwt:i|j'));
  });

  it('reads the header alone of an encrypted token', () => {
    const jwe = `${part({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: 'k' })}.a.b.c.d`;
    expect(describeText(jwe).token).toMatchObject({ identity: 'opaque', algorithm: 'RSA-OAEP', key_id: 'k' });
    expect(decodeJwt(jwe)?.claims).toBeUndefined();
  });

  it('leaves out what has the wrong type or cannot be', () => {
    const odd = describeText(
      jwt({
        iss: 7,
        sub: {},
        jti: ['j'],
        aud: [1, 'a', ''],
        scope: 5,
        exp: '1',
        iat: 1e300,
        nbf: null,
        cnf: 'x',
        sid: 1,
      }),
    );
    expect(odd.token).toEqual({
      token_uid: expect.stringMatching(/^tok_/) as string,
      secret_fp: expect.stringMatching(/^fp_/) as string,
      fp_key_id: 'k1',
      identity: 'opaque',
      kind: 'access_token',
      key_id: 'key-1',
      algorithm: 'RS256',
      audience: ['a'],
    });
    expect(odd.principal).toBeUndefined();
  });

  it('shows no secret that stands in a claim, and makes no alias of what it cannot keep whole', () => {
    const secret = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
    const claims = {
      iss: `https://u:${secret}@id`,
      sub: secret,
      jti: secret,
      sid: secret,
      aud: secret,
      azp: secret,
      scope: secret,
      preferred_username: secret,
    };
    const facts = describeText(jwt(claims, { alg: 'none', kid: secret }));
    expect(JSON.stringify(facts)).not.toContain(secret);
    expect(facts.token.aliases).toBeUndefined();
    expect(describeText(jwt({ iss: 'i', jti: 'x'.repeat(257) })).token).not.toHaveProperty('aliases');
    expect(describeText(jwt({ iss: 'i', jti: 'j', sub: 'apikey:7' })).principal?.principal_uid).toBe('i|apikey:7');
  });

  it('always gives what the schema takes, whatever the claims', () => {
    const long = fc.constantFrom('x'.repeat(3000), '\ud800', 'a\u0000b', '😀'.repeat(600), '');
    const value = fc.oneof(fc.jsonValue(), long, fc.array(long, { maxLength: 100 }), fc.double());
    const names = ['iss', 'sub', 'aud', 'jti', 'sid', 'azp', 'client_id', 'scope', 'scp', 'iat', 'nbf', 'exp', 'cnf', 'typ', 'preferred_username', '__proto__'] as const; // prettier-ignore
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), fc.dictionary(fc.constantFrom('alg', 'kid', 'typ'), value), (claims, header) => {
        const facts = describeText(jwt(claims, { alg: 'none', ...header }));
        const told = tokenFromJwtClaims(claims, fp, { header });
        for (const one of [facts, told]) expect(validateEvent(asEvent(one))).toEqual({ ok: true, value: asEvent(one) });
      }),
      { numRuns: 500 },
    ); // prettier-ignore
  });
});

describe('decodeJwt on hostile text', () => {
  it.each([
    ['one part', 'eyJhbGciOiJub25lIn0'],
    ['two parts', 'eyJhbGciOiJub25lIn0.e30'],
    ['four parts', 'eyJhbGciOiJub25lIn0.e30.a.b'],
    ['six parts', 'eyJhbGciOiJub25lIn0.a.b.c.d.e'],
    ['a header without alg', `${part({ typ: 'JWT' })}.${part({})}.x`],
    ['claims that are a list', `${part({ alg: 'none' })}.${part([])}.x`],
    ['claims that are no JSON', `${part({ alg: 'none' })}.eyJh.x`],
    ['standard base64', `${part({ alg: 'none' })}.e+/=.x`],
    ['claims of 1 MiB', `${part({ alg: 'none' })}.${part({ a: 'x'.repeat(1 << 20) })}.x`],
    ['a header of 64 KiB', `${part({ alg: 'x'.repeat(65536) })}.${part({})}.x`],
  ])('%s is none', (_what, text) => {
    expect(decodeJwt(text)).toBeUndefined();
    expect(describeText(text).token.identity).toBe('opaque');
  });

  it('takes nesting as deep as the bound allows', () => {
    const deep = `{"iss":"i","jti":"j","a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    const text = `${part({ alg: 'none' })}.${Buffer.from(deep).toString('base64url')}.`;
    expect(describeText(text).token.identity).toBe('jwt');
  });

  it('takes a header that begins with white space', () => {
    const spaced = Buffer.from('{ "alg":"none"}').toString('base64url');
    expect(describeText(`${spaced}.${part({ iss: 'i', jti: 'j' })}.`).token.identity).toBe('jwt');
  });
});

describe('describeCredential of other formats', () => {
  it.each([
    ['ghp_0123456789abcdefghijABCDEFGHIJ012345', 'github', 'personal_access_token', 'github'],
    ['github_pat_0123456789abcdefghijABCDEFGHIJ', 'github', 'personal_access_token', 'github'],
    ['ghs_0123456789abcdefghijABCDEFGHIJ012345', 'github', 'access_token', 'github'],
    ['ghr_0123456789abcdefghijABCDEFGHIJ012345', 'github', 'refresh_token', 'github'],
    ['glpat-0123456789abcdefghij', 'opaque', 'personal_access_token', 'gitlab'],
    ['xoxb-1-2-abc', 'opaque', 'access_token', 'slack'],
    ['hvs.CAESIabcdef', 'opaque', 'service_token', 'vault'],
    ['s.0123456789abcdefghijABCD', 'opaque', 'service_token', 'vault'],
    ['sk_live_0123456789abcdef', 'opaque', 'api_key', 'stripe'],
    ['npm_0123456789abcdef', 'opaque', 'access_token', 'npm'],
  ])('%s', (text, identity, kind, issuer) => {
    const { token } = describeText(text);
    expect(token).toMatchObject({ identity, kind, issuer, secret_fp: fp.secretFp(new RawSecret(text)) });
    expect(JSON.stringify(token)).not.toContain(text);
    expect(validateEvent(asEvent({ token })).ok).toBe(true);
  });

  it('names GitHub tokens as the audit log does', () => {
    const secret = new RawSecret('ghp_0123456789abcdefghijABCDEFGHIJ012345');
    const hashed = createHash('sha256').update(secret.reveal()).digest('base64');
    expect(githubHashedToken(secret)).toBe(hashed);
    expect(describeCredential(secret, fp).token.token_uid).toBe(fp.tokenUid(`github:${hashed}`));
  });

  it('names an AWS access key by its id, which is no secret', () => {
    const { token } = describeText('AKIAIOSFODNN7EXAMPLE');
    expect(token).toEqual(tokenFromAwsAccessKeyId('AKIAIOSFODNN7EXAMPLE', fp));
    expect(token).toMatchObject({ identity: 'aws', key_id: 'AKIAIOSFODNN7EXAMPLE', kind: 'access_key' });
    expect(token.token_uid).toBe(fp.tokenUid('aws:AKIAIOSFODNN7EXAMPLE'));
  });

  it('takes kind and issuer of anything else from the hints', () => {
    const secret = new RawSecret('whatever');
    expect(describeCredential(secret, fp).token).toEqual({
      token_uid: fp.tokenUid('opaque:whatever'),
      secret_fp: fp.secretFp(secret),
      fp_key_id: 'k1',
      identity: 'opaque',
      kind: 'unknown',
    });
    expect(describeCredential(secret, fp, { kind: 'api_key', issuer: 'kong' }).token).toMatchObject({
      kind: 'api_key',
      issuer: 'kong',
    });
  });
});

describe('canonical identities', () => {
  it('keep pairs apart whose parts hold the separator', () => {
    expect(canonical.jwt('a|b', 'c').text).not.toBe(canonical.jwt('a', 'b|c').text);
    expect(canonical.key('a\\', '|b').text).not.toBe(canonical.key('a\\|', 'b').text);
    expect(canonical.jwt('https://id.example', 'j|1').text).toBe('jwt:https://id.example|j|1');
  });

  it('name sessions and key ids', () => {
    expect(tokenFromSession('i', 's', fp)).toMatchObject({
      token_uid: fp.tokenUid('session:i|s'),
      identity: 'session',
      kind: 'session',
    });
    expect(tokenFromKeyId('kong', 'id-1', fp)).toMatchObject({
      token_uid: fp.tokenUid('key:kong|id-1'),
      identity: 'key',
      key_id: 'id-1',
    });
  });

  it('join a token to its names under the older keys', () => {
    const rotated = createFingerprinter([
      { id: 'k2', key: Buffer.alloc(32, 2) },
      { id: 'k1', key: Buffer.alloc(32, 1) },
    ]);
    const secret = new RawSecret('whatever');
    const { token } = describeCredential(secret, rotated);
    expect(token.fp_key_id).toBe('k2');
    expect(token.aliases).toEqual([
      { kind: 'previous_token_uid', value: describeCredential(secret, fp).token.token_uid },
      { kind: 'secret_fp', value: fp.secretFp(secret) },
    ]);
  });
});
