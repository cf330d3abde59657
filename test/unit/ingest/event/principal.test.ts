import { makePrincipal, principalFromClaims } from '../../../../ingest/event/principal.js';

const secret = 'ghp_Zk3vQ9tR7mW2xY5bN8cJ4dL6fH1gP0sAqEuT';

describe('makePrincipal', () => {
  it('is one object for the same principal that comes again', () => {
    const make = (): ReturnType<typeof makePrincipal> =>
      makePrincipal({ kind: 'user', issuer: 'https://sso.example.com', id: 'alice', name: 'Alice', clientId: 'web' });
    const first = make();
    make();
    expect(make()).toEqual(first);
    expect(make()).toBe(make());
    expect(first).toEqual({
      principal_uid: 'https://sso.example.com|alice', kind: 'user', id: 'alice', name: 'Alice', client_id: 'web',
    }); // prettier-ignore
  });

  it('keeps a subject that is an address apart from others of its domain, where the issuer has no path', () => {
    const uid = (issuer: string, id: string): string =>
      makePrincipal({ kind: 'user', issuer, id, name: id }).principal_uid;
    for (const issuer of [
      'https://kubernetes.default.svc.cluster.local',
      'https://idp.example.com:8443',
      'http://keycloak',
    ])
      for (const id of ['anna@example.com', 'b.longer-name2026@example.com'])
        expect(uid(issuer, id)).toBe(`${issuer}|${id}`);
    expect(uid('https://idp.example.com', 'user:anna@example.com')).toBe(
      'https://idp.example.com|user:anna@example.com',
    );
    expect(uid('https://idp.example.com', `${secret}@example.com`)).not.toContain(secret);
    expect(uid('https://anna:s3cret-word-9x@idp.example.com', 'u')).not.toContain('s3cret');
    expect(uid('https://anna|x:s3cret-word-9x@idp', 'u')).not.toContain('s3cret');
  });

  it('tells principals of one id apart by whatever else is told of them', () => {
    const inputs = [
      { kind: 'user', issuer: 'a', id: 'bob' },
      { kind: 'client', issuer: 'a', id: 'bob' },
      { kind: 'user', issuer: 'b', id: 'bob' },
      { kind: 'user', id: 'bob' },
      { kind: 'user', issuer: 'a', id: 'bob', name: 'Bob' },
      { kind: 'user', issuer: 'a', id: 'bob', clientId: 'Bob' },
    ] as const;
    for (let round = 0; round < 4; round += 1) {
      for (const input of inputs) {
        const { issuer, id, name, clientId, kind } = {
          issuer: undefined,
          name: undefined,
          clientId: undefined,
          ...input,
        };
        expect(makePrincipal(input)).toEqual({
          principal_uid: issuer === undefined ? id : `${issuer}|${id}`,
          kind,
          id,
          ...(name !== undefined && { name }),
          ...(clientId !== undefined && { client_id: clientId }),
        });
      }
    }
  });

  it('takes a secret out of every text, however often it comes', () => {
    for (let round = 0; round < 4; round += 1) {
      const all = [
        makePrincipal({ kind: 'user', issuer: 'a', id: secret }),
        makePrincipal({ kind: 'user', issuer: secret, id: 'carol' }),
        makePrincipal({ kind: 'user', issuer: 'a', id: 'carol', name: secret }),
        makePrincipal({ kind: 'user', issuer: 'a', id: 'carol', clientId: secret }),
      ];
      expect(JSON.stringify(all)).not.toContain(secret);
    }
  });
});

describe('principalFromClaims', () => {
  const kindOf = (claims: Readonly<Record<string, string>>): string | undefined =>
    principalFromClaims({ iss: 'https://sso.example.com/realms/main', sub: 'c0ffee', azp: 'cart', ...claims })?.kind;

  it('knows the service account of a client by the grant that Keycloak writes into the id of the token', () => {
    expect(kindOf({ jti: 'trrtcc:3c9c1f1e-1111-4222-8333-444455556666' })).toBe('service_account');
    expect(kindOf({ jti: 'onrtac:3c9c1f1e-1111-4222-8333-444455556666' })).toBe('unknown');
    expect(kindOf({ jti: '3c9c1f1e-1111-4222-8333-444455556666' })).toBe('unknown');
    expect(kindOf({ jti: 'onrtac:3c9c1f1e-1111-4222-8333-444455556666', sid: 's' })).toBe('user');
  });
});
