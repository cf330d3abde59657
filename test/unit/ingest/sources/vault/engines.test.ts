import { vaultFactory } from '../../../../../ingest/sources/vault/source.js';
import { attribute, eventOf, eventsOf, uidOf } from '../source-kit.js';
import { auth, hash, record } from './vault-records.js';

const source = vaultFactory.create({});

describe('credentials that secrets engines hand out', () => {
  const lease = 'database/creds/readonly/0aBcDeFgHiJkLmNoPqRsTuVw';
  const made = record({
    path: 'database/creds/readonly',
    request: { mount_point: 'database/', mount_type: 'database' },
    response: {
      mount_type: 'database',
      secret: { lease_id: lease },
      data: { username: hash('1'), password: hash('2') },
    },
  });

  it('is a use of the calling token and an issue of what is under the lease', () => {
    const events = eventsOf(source, made);
    expect(events.map((event) => [event.action, event.token?.kind, event.principal?.name])).toEqual([
      ['use', 'service_token', 'r1'],
      ['issue', 'basic', 'r1'],
    ]);
    expect(events[1]?.token).toMatchObject({
      token_uid: uidOf(`key:vault:test-1|lease:${lease}`),
      key_id: `lease:${lease}`,
      parent: { kind: 'vault_accessor', value: hash('b') },
    });
    expect(events[0]?.event_uid).not.toBe(events[1]?.event_uid);
    expect(eventsOf(source, made)).toEqual(events);
  });

  it('is only a use where it was refused', () => {
    const refused = record({ path: 'database/creds/readonly', error: 'permission denied', response: {} });
    expect(eventsOf(source, refused).map((event) => [event.action, event.outcome])).toEqual([['use', 'failure']]);
  });

  it.each([
    ['sys/leases/renew', 'refresh', { lease_id: hash('7') }, { secret: { lease_id: lease } }],
    ['sys/renew', 'refresh', { lease_id: hash('7') }, { secret: { lease_id: lease } }],
    [`sys/leases/revoke/${lease}`, 'revoke', undefined, {}],
    [`sys/revoke/${lease}`, 'revoke', undefined, {}],
    ['sys/leases/lookup', 'introspect', { lease_id: lease }, {}],
  ])('%s is a %s of the same credential, and nobody is its owner for it', (path, action, data, response) => {
    const event = eventOf(source, record({ path, operation: 'update', request: { data }, response }));
    expect([event.action, event.token?.token_uid, event.principal]).toEqual([
      action,
      uidOf(`key:vault:test-1|lease:${lease}`),
      undefined,
    ]);
    expect(attribute(event, 'actor')).toBe('vault:test-1|e2853091-6c3c-2200-3ff7-0b664ed70c4d');
  });

  it('joins the hash of a lease in a request to its id in the answer', () => {
    const renewed = record({
      path: 'sys/leases/renew', operation: 'update', request: { data: { lease_id: hash('7') } }, response: { secret: { lease_id: lease } },
    }); // prettier-ignore
    const revoked = record({
      path: 'sys/leases/revoke',
      operation: 'update',
      request: { data: { lease_id: hash('7') } },
    });
    expect(eventOf(source, renewed).token?.aliases).toContainEqual({ kind: 'key_id', value: `lease:${hash('7')}` });
    expect(eventOf(source, revoked).token?.token_uid).toBe(uidOf(`key:vault:test-1|lease:${hash('7')}`));
  });

  it('follows a certificate from its issue to its revocation', () => {
    const pki = { mount_point: 'pki-eu/', mount_type: 'pki' };
    const issued = eventsOf(
      source,
      record({
        path: 'pki-eu/issuer/default/issue/web', operation: 'update', request: { ...pki, data: { common_name: hash('3') } },
        response: { data: { serial_number: hash('4'), private_key: hash('5') } },
      }),
    ); // prettier-ignore
    const revoked = eventOf(
      source,
      record({ path: 'pki-eu/revoke', operation: 'update', request: { ...pki, data: { serial_number: hash('4') } } }),
    );
    expect(issued.map((event) => [event.action, event.token?.kind])).toEqual([
      ['use', 'service_token'],
      ['issue', 'client_certificate'],
    ]);
    expect([revoked.action, revoked.token?.token_uid]).toEqual(['revoke', issued[1]?.token?.token_uid]);
  });

  it.each([
    ['database', 'config/prod', 'policy_change'],
    ['aws', 'roles/deploy', 'policy_change'],
    ['pki', 'root/generate/internal', 'policy_change'],
    ['aws', 'config/rotate-root', 'rotate'],
    ['database', 'rotate-role/app', 'rotate'],
    ['transit', 'keys/orders/rotate', 'rotate'],
    ['transit', 'keys/orders', 'admin'],
    ['transit', 'decrypt/orders', 'use'],
    ['kv', 'config', 'use'],
    ['kv', 'roles/deploy', 'use'],
  ])('a write to %s/%s is %s', (type, rest, action) => {
    const event = eventOf(
      source,
      record({ path: `m/${rest}`, operation: 'update', request: { mount_point: 'm/', mount_type: type } }),
    );
    expect(event.action).toBe(action);
    // What is rotated the record does not name; it is not the token of who asked.
    expect(event.token === undefined).toBe(action === 'rotate');
  });
});

describe('calls about tokens and sign-ins', () => {
  it.each([
    ['sys/capabilities-self', 'introspect', hash('b')],
    ['sys/capabilities-accessor', 'introspect', hash('d')],
    ['identity/oidc/provider/p/userinfo', 'use', hash('b')],
    ['sys/locked-users/auth_userpass_1/unlock/anna', 'grant', hash('b')],
    ['sys/decode-token', 'admin', hash('b')],
    ['sys/generate-root-token/attempt', 'admin', hash('b')],
    ['sys/workflows/manage/x', 'policy_change', hash('b')],
  ])('%s is %s', (path, action, accessor) => {
    const event = eventOf(source, record({ path, operation: 'update', request: { data: { accessor: hash('d') } } }));
    expect([event.action, event.token?.token_uid]).toEqual([action, uidOf(`vault:${accessor}`)]);
  });

  it.each([
    ['auth/oidc/oidc/auth_url', 'other'],
    ['auth/saml/sso_service_url', 'other'],
    ['auth/userpass/users/anna/password', 'rotate'],
    ['auth/ldap/rotate-root', 'rotate'],
    ['identity/oidc/key/main/rotate', 'rotate'],
  ])('%s is %s', (path, action) => {
    expect(eventOf(source, record({ path, operation: 'update' })).action).toBe(action);
  });

  it('knows a sign-in by the token in its answer, whatever its endpoint is called', () => {
    const event = eventOf(
      source,
      record({
        path: 'auth/saml/token', operation: 'update', auth: { token_type: 'default' },
        request: { client_token: '', client_token_accessor: '' }, response: { auth },
      }),
    ); // prettier-ignore
    expect([event.action, event.outcome, event.token?.token_uid]).toEqual([
      'issue',
      'success',
      uidOf(`vault:${hash('b')}`),
    ]);
  });

  it('takes a token that Vault does not know for invalid, though its auth block is there', () => {
    const event = eventOf(source, record({ error: 'permission denied', auth: { token_type: 'default' } }));
    expect([event.outcome, event.reason]).toEqual(['failure', 'invalid_token']);
  });

  it('tells by which policies a call was let in, and what ran', () => {
    const granting = [{ name: 'kv', namespace_id: 'root', type: 'acl' }, { name: 'default', type: 'acl' }, 'x'];
    const event = eventOf(
      source,
      record({
        auth: { ...auth, entity_created: true, policy_results: { allowed: true, granting_policies: granting } },
        request: {
          policy_override: true,
          mount_running_version: 'v1.17.2+builtin.vault',
          mount_running_sha256: 'ab12',
        },
      }),
    );
    expect(
      ['granting_policies', 'policy_override', 'entity_created', 'mount_running_version', 'mount_running_sha256'].map(
        (key) => attribute(event, key),
      ),
    ).toEqual(['kv default', 'true', 'true', 'v1.17.2+builtin.vault', 'ab12']);
  });
});

describe('records of the KMIP engine', () => {
  const kmip = (type: string, status?: string): object => ({
    time: '2026-05-20T13:49:00.313915809Z',
    type,
    request: {
      client_certificate_serial_number: '79311139933792246475030417908586135267121780670',
      namespace: { id: 'root' },
      remote_address: '192.0.2.10:36776',
      data: { kmip_request: { tag: 'RequestMessage', value: [] } },
    },
    ...(status === undefined
      ? {}
      : {
          response: {
            data: {
              kmip_response: {
                tag: 'ResponseMessage',
                value: [{ tag: 'BatchItem', value: [{ tag: 'ResultStatus', type: 'Enumeration', value: status }] }],
              },
            },
          },
        }),
  });

  it('is a use of the certificate that the client showed, told once', () => {
    expect(eventsOf(source, kmip('kmip-request'))).toEqual([]);
    const event = eventOf(source, kmip('kmip-response', '0x00000000'));
    expect([event.action, event.outcome, event.token?.kind, event.transport, event.client?.address]).toEqual([
      'use', 'success', 'client_certificate', 'mtls', '192.0.2.10',
    ]); // prettier-ignore
  });

  it('tells what was refused', () => {
    const event = eventOf(source, kmip('kmip-response', '0x00000001'));
    expect([event.outcome, event.reason]).toEqual(['failure', 'other']);
  });

  it('is recognised', () => {
    const json = kmip('kmip-response', '0x00000000');
    expect(vaultFactory.recognise?.({ text: JSON.stringify(json), json })?.confidence).toBe(1);
  });
});
