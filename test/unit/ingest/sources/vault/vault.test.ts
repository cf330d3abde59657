import { vaultFactory } from '../../../../../ingest/sources/vault/source.js';
import { attribute, contextAt, eventOf, eventsOf, fpOf, refusalOf, uidOf } from '../source-kit.js';
import { auth, child, hash, record } from './vault-records.js';

const source = vaultFactory.create({});
describe('one call, two records', () => {
  it('counts the response as the use and leaves the request out', () => {
    expect(eventsOf(source, record({ type: 'request' }))).toEqual([]);
    const event = eventOf(source, record({}));
    expect([event.action, event.outcome, event.time]).toEqual(['use', 'success', '2025-05-31T10:11:12.345Z']);
  });

  it('gives a refusal that both records tell of one event id and one token', () => {
    const error = '1 error occurred:\n\t* permission denied\n\n';
    const request = eventOf(source, record({ type: 'request', error: 'permission denied' }));
    const response = eventOf(source, record({ error }));
    expect(response.event_uid).toBe(request.event_uid);
    expect(response.token?.token_uid).toBe(request.token?.token_uid);
    expect([response.outcome, response.reason]).toEqual(['failure', 'insufficient_scope']);
    expect(response.reason_detail).toBe('1 error occurred: * permission denied');
  });

  it('names a call without request id by its position', () => {
    const help = record({ operation: 'help', request: { id: '' } });
    expect(eventOf(source, help, 1).event_uid).not.toBe(eventOf(source, help, 2).event_uid);
  });
});

describe('facts of a use', () => {
  const event = eventOf(
    source,
    record({ request: { headers: { 'user-agent': ['vault-cli/1.17'] }, client_certificate_serial_number: '01:ff' } }),
  );

  it('names the token by the hash of its accessor, with its other names', () => {
    expect(event.token).toMatchObject({
      token_uid: uidOf(`vault:${hash('b')}`),
      identity: 'vault',
      kind: 'service_token',
      issuer: 'test-1',
      scopes: ['default', 'kv'],
      issued_at: '2025-05-31T10:00:00.000Z',
      expires_at: '2025-05-31T11:00:00.000Z',
      aliases: [
        { kind: 'vault_accessor', value: hash('b') },
        { kind: 'vault_token_hmac', value: hash('a') },
      ],
    });
  });

  it('tells principal, client, target and transport', () => {
    expect(event.principal).toEqual({
      principal_uid: 'vault:test-1|e2853091-6c3c-2200-3ff7-0b664ed70c4d',
      kind: 'user',
      id: 'e2853091-6c3c-2200-3ff7-0b664ed70c4d',
      name: 'r1',
    });
    expect(event.client).toEqual({ address: '10.0.0.9', port: 4242 });
    expect(event.target).toEqual({ service: 'vault', method: 'read', path: 'kv/data/prod/db', route: 'kv/{*}' });
    expect([event.transport, event.user_agent, event.trace?.request_id]).toEqual([
      'mtls', 'vault-cli/1.17', '19073d8c-7567-7ee9-1144-c8ce601ec79d',
    ]); // prettier-ignore
  });

  it('names a batch token, which has no accessor, by the hash of the token', () => {
    const batch = eventOf(
      source,
      record({ auth: { ...auth, accessor: undefined }, request: { client_token_accessor: undefined } }),
    );
    expect(batch.token?.token_uid).toBe(uidOf(`vault:${hash('a')}`));
  });

  it('fingerprints the token of a raw device and says that it stood in the log', () => {
    const raw = record({
      auth: { ...auth, client_token: 'hvs.CAESIJcanary0000000000000' },
      request: { client_token: 'hvs.CAESIJcanary0000000000000' },
    });
    const event = eventOf(source, raw);
    expect(event.token?.secret_fp).toBe(fpOf('hvs.CAESIJcanary0000000000000'));
    expect(event.exposures).toEqual(['token_in_log']);
    expect(JSON.stringify(event)).not.toContain('canary');
  });

  it('does not call it a use when nothing was presented', () => {
    const open = record({ path: 'sys/health', auth: null, request: { client_token: '', client_token_accessor: '' } });
    const event = eventOf(source, open);
    expect([event.action, event.token]).toEqual(['other', undefined]);
  });
});

describe('life of a token', () => {
  it('issues the token of a login', () => {
    const event = eventOf(
      source,
      record({
        path: 'auth/userpass/login/r1',
        operation: 'update',
        auth,
        request: { client_token: '', client_token_accessor: '' },
        response: { auth },
      }),
    );
    expect([event.action, event.outcome, event.token?.token_uid]).toEqual([
      'issue',
      'success',
      uidOf(`vault:${hash('b')}`),
    ]);
    expect(event.token?.parent).toBeUndefined();
  });

  it.each([
    ['auth/userpass/login/r1', 'invalid username or password', 'invalid_credentials'],
    ['auth/approle/login', 'invalid role or secret ID', 'invalid_credentials'],
    ['auth/ldap-eu/login/x', 'permission denied', 'invalid_credentials'],
    ['auth/oidc/oidc/callback', 'Vault is sealed', 'temporarily_unavailable'],
  ])('a refused %s is a failed login', (path, error, reason) => {
    const event = eventOf(
      source,
      record({
        path,
        operation: 'update',
        auth: null,
        request: { client_token: '', client_token_accessor: '' },
        error,
      }),
    );
    expect([event.action, event.outcome, event.reason, event.token]).toEqual(['login', 'failure', reason, undefined]);
  });

  it('knows a hashed error in the data of a login response', () => {
    const event = eventOf(
      source,
      record({
        path: 'auth/userpass/login/r1',
        operation: 'update',
        auth: null,
        response: { data: { error: hash('f') } },
      }),
    );
    expect([event.outcome, event.reason, event.reason_detail]).toEqual(['failure', 'invalid_credentials', undefined]);
  });

  it.each([
    ['auth/userpass/login/r1', 'username:userpass/r1', 'r1'],
    ['auth/team/ldap/login/anna', 'username:team/ldap/anna', 'anna'],
    ['auth/approle/login', undefined, undefined],
  ])('a refused %s names the account that was typed, which is nobody yet', (path, id, name) => {
    const { principal } = eventOf(
      source,
      record({
        path,
        operation: 'update',
        auth: null,
        request: { client_token: '', client_token_accessor: '' },
        error: 'invalid username or password',
      }),
    );
    expect([principal?.id, principal?.name]).toEqual([id, name]);
  });

  it.each(['auth/token/create', 'auth/token/create-orphan', 'auth/token/create/ci'])('%s issues a child', (path) => {
    const event = eventOf(source, record({ path, operation: 'update', response: { auth: child } }));
    expect(event.action).toBe('issue');
    expect(event.token).toMatchObject({
      token_uid: uidOf(`vault:${hash('d')}`),
      scopes: ['ci'],
      parent: { kind: 'vault_accessor', value: hash('b') },
    });
    expect(event.principal?.id).toBe('display_name:token-ci');
    expect(attribute(event, 'actor')).toBe('vault:test-1|e2853091-6c3c-2200-3ff7-0b664ed70c4d');
  });

  it('gives a token without a name of its own no owner: all of them are called `token`', () => {
    const nameless = { ...child, display_name: 'token', metadata: null };
    const made = eventOf(
      source,
      record({ path: 'auth/token/create', operation: 'update', response: { auth: nameless } }),
    );
    expect(made.principal).toBeUndefined();
    expect(eventOf(source, record({ auth: nameless })).principal).toBeUndefined();
    expect(eventOf(source, record({ auth: { ...nameless, display_name: 'root' } })).principal?.id).toBe(
      'display_name:root',
    );
  });

  it('finds the token inside a wrapped login by its accessor', () => {
    const wrap_info = {
      ttl: 60,
      token: hash('8'),
      accessor: hash('9'),
      creation_path: 'auth/approle/login',
      wrapped_accessor: hash('d'),
    };
    const event = eventOf(
      source,
      record({ path: 'auth/approle/login', operation: 'update', auth: null, response: { wrap_info } }),
    );
    expect([event.action, event.token?.token_uid]).toEqual(['issue', uidOf(`vault:${hash('d')}`)]);
    expect(attribute(event, 'wrap_ttl')).toBe('60');
  });

  it.each([
    ['auth/token/renew-self', 'update', {}, 'refresh', `vault:${hash('b')}`],
    ['auth/token/revoke-self', 'update', {}, 'revoke', `vault:${hash('b')}`],
    ['auth/token/lookup-self', 'read', {}, 'introspect', `vault:${hash('b')}`],
    ['auth/token/revoke-accessor', 'update', { accessor: hash('d') }, 'revoke', `vault:${hash('d')}`],
    ['auth/token/revoke', 'update', { token: hash('c') }, 'revoke', `vault:${hash('c')}`],
    ['auth/token/lookup-accessor', 'update', { accessor: hash('d') }, 'introspect', `vault:${hash('d')}`],
    ['sys/wrapping/unwrap', 'update', { token: hash('8') }, 'exchange', `vault:${hash('8')}`],
    ['sys/wrapping/lookup', 'update', { token: hash('8') }, 'introspect', `vault:${hash('8')}`],
  ])('%s', (path, operation, data, action, canonical) => {
    const event = eventOf(source, record({ path, operation, request: { data } }));
    expect([event.action, event.token?.token_uid]).toEqual([action, uidOf(canonical)]);
  });

  it('does not make the one who revokes the owner of the revoked token', () => {
    const event = eventOf(
      source,
      record({ path: 'auth/token/revoke-accessor', operation: 'update', request: { data: { accessor: hash('d') } } }),
    );
    expect(event.principal).toBeUndefined();
    expect(attribute(event, 'actor')).toContain('e2853091');
  });

  it.each([
    ['sys/policies/acl/admin', 'update', 'policy_change'],
    ['sys/policies/acl/admin', 'read', 'use'],
    ['auth/approle/role/ci', 'create', 'policy_change'],
    ['auth/approle/role/ci/secret-id', 'update', 'create'],
    ['auth/approle/role/ci/secret-id-accessor/destroy', 'update', 'delete'],
    ['sys/audit/file', 'delete', 'policy_change'],
    ['sys/seal', 'update', 'admin'],
    ['sys/leases/revoke', 'update', 'revoke'],
    ['sys/rotate', 'update', 'admin'],
    ['sys/leases/renew', 'update', 'refresh'],
    ['sys/leases/lookup', 'update', 'introspect'],
    ['sys/control-group/authorize', 'update', 'grant'],
    ['auth/approle/tidy/secret-id', 'update', 'admin'],
    ['auth/approle/role/ci/secret-id/lookup', 'update', 'introspect'],
    ['identity/lookup/entity', 'update', 'use'],
    ['identity/oidc/token/web', 'read', 'issue'],
    ['identity/oidc/provider/default/token', 'update', 'issue'],
    ['identity/oidc/provider/default/userinfo', 'update', 'use'],
    ['identity/oidc/introspect', 'update', 'introspect'],
    ['identity/oidc/key/k', 'update', 'policy_change'],
    ['identity/entity', 'update', 'policy_change'],
    ['transit/encrypt/k', 'update', 'use'],
    ['kv/data/x', 'of-a-later-version', 'other'],
  ])('%s by %s is %s', (path, operation, action) => {
    expect(eventOf(source, record({ path, operation })).action).toBe(action);
  });

  it('names a secret id by its accessor from its making to its end, and a login’s token by it', () => {
    const path = 'auth/approle/role/ci/secret-id';
    const data = { secret_id: hash('c'), secret_id_accessor: hash('d'), secret_id_ttl: 0 };
    const made = eventOf(source, record({ path, operation: 'update', response: { data } }));
    expect(made.token).toMatchObject({ token_uid: uidOf(`vault:${hash('d')}`), kind: 'api_key' });
    expect(made.token?.parent?.kind).toBe('vault_accessor');
    expect([made.principal, attribute(made, 'actor')]).toEqual([undefined, expect.stringContaining('e2853091')]);
    const ended = eventOf(
      source,
      record({
        path: `${path}-accessor/destroy`,
        operation: 'update',
        request: { data: { secret_id_accessor: hash('d') } },
      }),
    );
    expect([ended.action, ended.token?.token_uid]).toEqual(['delete', made.token?.token_uid]);
    const login = eventOf(
      source,
      record({
        path: 'auth/approle/login',
        operation: 'update',
        request: { client_token: undefined, client_token_accessor: undefined, data: { secret_id: hash('c') } },
        response: { auth: { client_token: hash('e'), accessor: hash('f'), display_name: 'approle', policies: ['x'] } },
      }),
    );
    expect([login.action, login.token?.parent]).toEqual(['issue', { kind: 'vault_token_hmac', value: hash('c') }]);
  });

  it('does not end or make the token of who ends or makes something that the record does not name', () => {
    for (const path of [
      'auth/token/revoke',
      'auth/approle/role/ci/secret-id/destroy',
      'identity/oidc/provider/p/token',
    ])
      expect(eventOf(source, record({ path, operation: 'update' })).token).toBeUndefined();
  });

  it('keeps a record of an unknown type as other', () => {
    const event = eventOf(source, record({ type: 'of-a-later-version' }));
    expect([event.action, event.source.record_type]).toEqual(['other', 'of-a-later-version']);
  });
});

describe('reasons', () => {
  it.each([
    ['permission denied', true, 'insufficient_scope'],
    ['permission denied', false, 'invalid_token'],
    ['2 errors occurred:\n\t* permission denied\n\t* invalid token\n', false, 'invalid_token'],
    ['missing client token', false, 'missing_token'],
    ['request path "x": rate limit quota exceeded', true, 'rate_limited'],
    ['Vault is sealed', true, 'temporarily_unavailable'],
    ['no handler for route "x"', true, 'not_found'],
    ['internal error', true, 'server_error'],
    ['a word of a later version', true, 'other'],
  ])('%j, token known: %s, is %s', (error, known, reason) => {
    expect(eventOf(source, record({ error, auth: known ? auth : null })).reason).toBe(reason);
  });

  it('does not take a secret that is called error for a failure', () => {
    expect(eventOf(source, record({ response: { data: { error: hash('f'), other: hash('e') } } })).outcome).toBe(
      'success',
    );
  });
});

describe('what stands between records', () => {
  it.each([
    '2025-05-31T10:11:12.345Z [INFO]  core: vault is unsealed',
    '==> Vault server configuration:',
    '             Cgo: disabled',
    'and starts unsealed with a single unseal key. The root token is already',
    '{"@level":"info","@message":"core: post-unseal setup starting","@module":"core","@timestamp":"2025-05-31T10:11:12.345Z"}',
    '',
  ])('%j is no event', (raw) => {
    expect(eventsOf(source, raw)).toEqual([]);
  });

  it('reads a record behind a prefix', () => {
    expect(eventOf(source, `@cee: ${JSON.stringify(record({}))}`).action).toBe('use');
  });

  it('takes pretty-printed records apart, log lines between them included', () => {
    const text = `${JSON.stringify(record({}), null, 2)}\n2025-05-31T10:11:12.345Z [INFO]  core: x\n${JSON.stringify(record({ type: 'request' }), null, 2)}\n`;
    const parts = source.split?.(text);
    expect(parts?.ok === true && parts.value.map((part) => eventsOf(source, part).length)).toEqual([1, 0, 0]);
  });
});

describe('bad records', () => {
  it.each([
    ['broken JSON', '{"time":"2025', ''],
    ['no type', JSON.stringify({ ...record({}), type: undefined }), '/type'],
    ['no request', JSON.stringify({ ...record({}), request: undefined }), '/request'],
    ['no time', JSON.stringify({ ...record({}), time: 'yesterday' }), '/time'],
    ['binary', '\u0000\u0001\ufffd', ''],
    ['a bad member of a list', `[${JSON.stringify(record({}))},{"type":"response"}]`, '/1/request'],
  ])('%s is refused with its place', (_, raw, field) => {
    expect(refusalOf(source, raw).field).toBe(field);
  });

  it('has no options', () => {
    expect(() => vaultFactory.create({ salt: 'x' })).toThrow(/vault/);
    expect(source.parse('{', contextAt()).ok).toBe(false);
  });
});
