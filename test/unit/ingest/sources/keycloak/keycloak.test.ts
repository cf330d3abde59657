import { readFileSync } from 'node:fs';
import { keycloakFactory } from '../../../../../ingest/sources/keycloak/source.js';
import { attribute, contextAt, eventOf, eventsOf, refusalOf, uidOf } from '../source-kit.js';

const realm = 'https://sso.example.com/realms/shop';
const source = keycloakFactory.create({ base: 'https://sso.example.com' });
const fixture = readFileSync('test/fixtures/keycloak/server.log', 'utf8').trimEnd().split('\n');
const line = (list: string, head = '2025-05-31 10:11:12,345 DEBUG [org.keycloak.events] (t-1) '): string => head + list;
const head = 'realmId=shop, clientId=web, userId=u-1, ipAddress=203.0.113.9';

describe('a server log', () => {
  const events = fixture.flatMap((text, offset) => eventsOf(source, text, offset));

  it('gives an event for each event line and none for start-up lines and stack traces', () => {
    expect(events.map((event) => [event.source.record_type, event.action, event.outcome, event.reason])).toEqual([
      ['LOGIN_ERROR', 'login', 'failure', 'user_not_found'],
      ['LOGIN', 'login', 'success', undefined],
      ['CODE_TO_TOKEN', 'issue', 'success', undefined],
      ['REFRESH_TOKEN', 'refresh', 'success', undefined],
      ['REFRESH_TOKEN_ERROR', 'refresh', 'failure', 'token_reuse'],
      ['UPDATE CLIENT', 'policy_change', 'success', undefined],
    ]);
  });

  it('reads the comma of the time as UTC by default', () => {
    expect(events[0]?.time).toBe('2025-05-31T10:11:12.345Z');
  });

  it('keeps what a user typed inside its quotes', () => {
    expect(events[0]?.principal?.name).toBe("eve o'hara, type=LOGIN");
    expect(events[0]?.principal?.id).toBe("username:eve o'hara, type=LOGIN");
    expect(attribute(events[0]!, 'redirect_uri')).toBe('https://shop.example.com/cb');
  });

  it('names the session of a login', () => {
    expect(events[1]?.token).toMatchObject({
      token_uid: uidOf(`session:${realm}|d2c9c1f1-1111-4222-8333-444455556666`),
      kind: 'session',
      identity: 'session',
    });
    expect(events[1]?.session_uid).toBe('d2c9c1f1-1111-4222-8333-444455556666');
    expect(events[1]?.principal).toMatchObject({
      kind: 'user',
      id: 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
      name: 'alice',
    });
  });

  it('names an issued token as a proxy will see it, with its lineage', () => {
    expect(events[2]?.token).toMatchObject({
      token_uid: uidOf(`jwt:${realm}|onrtac:3c9c1f1e-1111-4222-8333-444455556666`),
      identity: 'jwt',
      kind: 'access_token',
      issuer: realm,
      jti: 'onrtac:3c9c1f1e-1111-4222-8333-444455556666',
      scopes: ['openid', 'profile', 'email'],
      issued_at: '2025-05-31T10:11:14.250Z',
      parent: { kind: 'sid', value: 'd2c9c1f1-1111-4222-8333-444455556666' },
    });
    expect(events[2]?.token?.aliases).toContainEqual({
      kind: 'refresh_jti',
      value: 'aa9c1f1e-1111-4222-8333-444455556666',
    });
  });

  it('leads a refreshed token back to the refresh token, and on to the next one', () => {
    expect(events[3]?.token?.parent).toEqual({ kind: 'refresh_jti', value: 'aa9c1f1e-1111-4222-8333-444455556666' });
    expect(events[3]?.token?.aliases).toContainEqual({
      kind: 'refresh_jti',
      value: 'bb9c1f1e-1111-4222-8333-444455556666',
    });
  });

  it('reads how long a refreshed token lives, and how old the refresh token was', () => {
    const event = eventOf(
      source,
      line(
        `type=REFRESH_TOKEN, ${head}, token_id=t-1, refresh_token_id=r-1, access_token_expiration_time=300, age_of_refresh_token=1689`,
      ),
    );
    expect(event.token?.expires_at).toBe('2025-05-31T10:16:12.000Z');
    expect(attribute(event, 'age_of_refresh_token')).toBe('1689');
    expect(attribute(event, 'access_token_expiration_time')).toBeUndefined();
  });

  it('names the refresh token of a refused refresh', () => {
    expect(events[4]?.token).toMatchObject({
      token_uid: uidOf(`jwt:${realm}|aa9c1f1e-1111-4222-8333-444455556666`),
      kind: 'refresh_token',
    });
    expect(events[4]?.token?.issued_at).toBeUndefined();
    expect(events[4]?.reason_detail).toBe('invalid_token: Stale token');
  });

  it('tells who administers, and what', () => {
    expect(events[5]?.target).toEqual({
      service: 'keycloak',
      method: 'UPDATE',
      path: 'clients/7c9c1f1e-1111-4222-8333-444455556666',
    });
    expect(events[5]?.principal?.principal_uid).toBe(
      'https://sso.example.com/realms/master|6b9c1f1e-1111-4222-8333-444455556666',
    );
  });

  it('gives ids that follow from instance and position alone', () => {
    expect(eventOf(source, fixture[2]!, 7).event_uid).toBe(eventOf(source, fixture[2]!, 7).event_uid);
    expect(eventOf(source, fixture[2]!, 7).event_uid).not.toBe(eventOf(source, fixture[2]!, 8).event_uid);
  });
});

describe('forms of a line', () => {
  it.each([
    ['bare values', line(`type=LOGIN, ${head}, username=alice`)],
    ['single quotes around spaces', line(`type=LOGIN, ${head}, username=alice, redirect='a b'`)],
    [
      'backslash quotes',
      line(
        `type=\\"LOGIN\\", realmId=\\"shop\\", clientId=\\"web\\", userId=\\"u-1\\", ipAddress=\\"203.0.113.9\\", username=\\"alice\\"`,
      ),
    ],
    [
      'an abbreviated logger',
      line(`type=LOGIN, ${head}, username=alice`, '2025-05-31 10:11:12,345 DEBUG [org.key.events] (t) '),
    ],
    [
      'an ISO time with its zone',
      line(`type=LOGIN, ${head}, username=alice`, '2025-05-31T12:11:12.345+0200 DEBUG [org.keycloak.events] (t) '),
    ],
    [
      'a syslog head',
      line(
        `type=LOGIN, ${head}, username=alice`,
        '<14>1 2024-01-01T00:00:00Z host keycloak 1 - - 2025-05-31 10:11:12,345 DEBUG [org.keycloak.events] (t) ',
      ),
    ],
    [
      'a container head',
      line(
        `type=LOGIN, ${head}, username=alice`,
        '2024-01-01T00:00:00.123456789Z stdout F 2025-05-31 10:11:12,345 DEBUG [org.keycloak.events] (t) ',
      ),
    ],
    [
      'docker’s envelope',
      JSON.stringify({
        log: `${line(`type=LOGIN, ${head}, username=alice`)}\n`,
        stream: 'stdout',
        time: '2024-01-01T00:00:00Z',
      }),
    ],
    [
      'Quarkus JSON',
      JSON.stringify({
        timestamp: '2025-05-31T12:11:12.345+02:00',
        sequence: 9,
        loggerName: 'org.keycloak.events',
        level: 'DEBUG',
        message: `type=LOGIN, ${head}, username=alice`,
      }),
    ],
    [
      'ECS JSON',
      JSON.stringify({
        '@timestamp': '2025-05-31T10:11:12.345Z',
        log: { logger: 'org.keycloak.events' },
        message: `type="LOGIN", realmId="shop", clientId="web", userId="u-1", ipAddress="203.0.113.9", username="alice"`,
      }),
    ],
    [
      'an Event',
      JSON.stringify({
        time: Date.UTC(2025, 4, 31, 10, 11, 12, 345),
        type: 'LOGIN',
        realmId: 'shop',
        clientId: 'web',
        userId: 'u-1',
        ipAddress: '203.0.113.9',
        details: { username: 'alice' },
      }),
    ],
  ])('reads %s', (_, raw) => {
    const event = eventOf(source, raw);
    expect([event.time, event.action, event.principal?.name, event.principal?.client_id, event.client?.address]).toEqual([
      '2025-05-31T10:11:12.345Z', 'login', 'alice', 'web', '203.0.113.9',
    ]); // prettier-ignore
    expect(event.principal?.principal_uid).toBe(`${realm}|u-1`);
  });

  it('lets the server’s own field win over one that a user typed', () => {
    const event = eventOf(
      source,
      line(`type=LOGIN_ERROR, ${head}, error=user_not_found, username=x, userId=admin, error=none`),
    );
    expect(event.principal?.id).toBe('u-1');
    expect(event.reason).toBe('user_not_found');
  });

  it.each(["'", '"', '\\"', "'a", ''])('keeps the record of a user called %j', (name) => {
    expect(eventOf(source, line(`type=LOGIN_ERROR, ${head}, error=user_not_found, username=${name}`)).reason).toBe(
      'user_not_found',
    );
  });

  it.each([
    ['abc\\', 'abc\\'],
    ['abc\\\\", error=\\"none', 'abc\\", error="none'],
    ['\\\\"', '\\"'],
    ['a\\"', 'a"'],
  ])('reads the escapes of a typed %s, at the end and before more', (written, name) => {
    const list = `type="LOGIN_ERROR", realmId="r", realmName="shop", clientId="web", userId="null", ipAddress="10.0.0.1", error="user_not_found", username="${written}"`;
    for (const text of [list, `${list}, authSessionTabId="t"`]) {
      const event = eventOf(source, line(text));
      expect([event.principal?.name, event.reason_detail]).toEqual([name, 'user_not_found']);
    }
  });

  it.each([
    ['UTC', '2025-01-31T10:11:12.345Z', '01'],
    ['+05:30', '2025-01-31T04:41:12.345Z', '01'],
    ['Europe/Berlin', '2025-01-31T09:11:12.345Z', '01'],
    ['Europe/Berlin', '2025-07-31T08:11:12.345Z', '07'],
    ['America/New_York', '2025-07-31T14:11:12.345Z', '07'],
  ])('takes times without zone as %s', (timezone, time, month) => {
    const zoned = keycloakFactory.create({ timezone });
    expect(
      eventOf(zoned, line(`type=LOGIN, ${head}`, `2025-${month}-31 10:11:12,345 DEBUG [org.keycloak.events] (t) `))
        .time,
    ).toBe(time);
  });
});

describe('event types', () => {
  it.each([
    ['CLIENT_LOGIN', 'issue'],
    ['TOKEN_EXCHANGE', 'exchange'],
    ['INTROSPECT_TOKEN', 'introspect'],
    ['REVOKE_GRANT', 'revoke'],
    ['LOGOUT', 'logout'],
    ['USER_INFO_REQUEST', 'use'],
    ['UPDATE_PASSWORD', 'rotate'],
    ['GRANT_CONSENT', 'grant'],
    ['OAUTH2_DEVICE_CODE_TO_TOKEN', 'issue'],
    ['REGISTER', 'create'],
    ['DELETE_ACCOUNT', 'delete'],
    ['UPDATE_PROFILE', 'admin'],
    ['CLIENT_UPDATE', 'policy_change'],
    ['IMPERSONATE', 'login'],
    ['SOMETHING_NEW', 'other'],
  ] as const)('%s is %s, and its error twin fails', (type, action) => {
    const good = eventOf(source, line(`type=${type}, ${head}, token_id=t-1`));
    const bad = eventOf(source, line(`type=${type}_ERROR, ${head}, error=not_allowed`));
    expect([good.action, good.outcome, good.source.record_type]).toEqual([action, 'success', type]);
    expect([bad.action, bad.outcome, bad.reason]).toEqual([action, 'failure', 'access_denied']);
  });

  it.each([
    ['invalid_user_credentials', '', 'invalid_credentials'],
    ['invalid_user_credentials', ', credential_type=otp', 'mfa_failed'],
    ['invalid_token', '', 'invalid_token'],
    ['invalid_token', ", reason='Token is expired'", 'expired_token'],
    ['invalid_token', ", reason='Invalid token signature'", 'invalid_signature'],
    ['invalid_token', ", reason='Session not active'", 'revoked_token'],
    ['access_denied', ", reason='Missing openid scope'", 'insufficient_scope'],
    ['expired_code', '', 'expired_token'],
    ['user_temporarily_disabled', '', 'user_disabled'],
    ['invalid_client_credentials', '', 'invalid_client'],
    ['consent_denied', '', 'access_denied'],
    ['of_a_later_version', '', 'other'],
  ])('error %s%s is %s', (error, more, reason) => {
    expect(eventOf(source, line(`type=LOGIN_ERROR, ${head}, error=${error}${more}`)).reason).toBe(reason);
  });

  it('names the token that a login by password answers with', () => {
    const event = eventOf(source, line(`type=LOGIN, ${head}, sessionId=s-1, token_id=t-1, grant_type=password`));
    expect([event.action, event.token?.token_uid]).toEqual(['login', uidOf(`jwt:${realm}|t-1`)]);
    expect(event.token).toMatchObject({ issued_at: event.time, parent: { kind: 'sid', value: 's-1' } });
  });

  it('names the session where an introspection does not say which token', () => {
    const event = eventOf(
      source,
      line('type=INTROSPECT_TOKEN, realmId=shop, clientId=svc, userId=null, sessionId=s-1, ipAddress=10.0.0.1'),
    );
    expect(event.token?.token_uid).toBe(uidOf(`session:${realm}|s-1`));
  });

  it('does not take the introspecting client for the token’s own', () => {
    const event = eventOf(source, line(`type=INTROSPECT_TOKEN, ${head}, token_id=t-1`));
    expect(event.principal?.client_id).toBeUndefined();
    expect(event.caller).toEqual({ service: 'web' });
    expect(event.token?.token_uid).toBe(uidOf(`jwt:${realm}|t-1`));
  });

  it.each([
    ['CREATE', 'REALM_ROLE_MAPPING', 'users/u/role-mappings/realm', 'grant'],
    ['DELETE', 'REALM_ROLE_MAPPING', 'users/u/role-mappings/realm', 'policy_change'],
    ['ACTION', 'USER', 'users/u/reset-password', 'rotate'],
    ['ACTION', 'USER', 'users/u/logout', 'revoke'],
    ['DELETE', 'USER_SESSION', 'sessions/s', 'revoke'],
    ['CREATE', 'USER', 'users/u', 'create'],
    ['DELETE', 'CLIENT', 'clients/c', 'delete'],
    ['UPDATE', 'AUTH_FLOW', 'authentication/flows/f', 'policy_change'],
    ['ACTION', 'OF_A_LATER_VERSION', 'x', 'admin'],
    ['OF_A_LATER_VERSION', 'X', 'x', 'other'],
  ])('admin event %s %s %s is %s', (operationType, resourceType, resourcePath, action) => {
    const event = eventOf(source, {
      time: 1748686272345, realmId: 'r', operationType, resourceType, resourcePath, representation: '{"secret":"canary-7"}',
      authDetails: { realmId: 'master', clientId: 'c', userId: 'u', ipAddress: '10.0.0.5' },
    }); // prettier-ignore
    expect([event.action, event.source.record_type]).toEqual([action, `${operationType} ${resourceType}`]);
    expect(event.principal?.principal_uid).toBe('https://sso.example.com/realms/master|u');
    expect(JSON.stringify(event)).not.toContain('canary-7');
  });
});

describe('issuer names', () => {
  const raw = line(
    'type=CODE_TO_TOKEN, realmId=0b9c1f1e-1111-4222-8333-444455556666, clientId=web, userId=u, ipAddress=10.0.0.1, token_id=t-1',
  );

  it.each([
    [{ base: 'https://sso.example.com/', realms: { '0b9c1f1e-1111-4222-8333-444455556666': 'shop' } }, realm],
    [{ issuer: 'https://id.example.com/{realm}' }, 'https://id.example.com/0b9c1f1e-1111-4222-8333-444455556666'],
    [{}, 'keycloak:test-1/realms/0b9c1f1e-1111-4222-8333-444455556666'],
  ])('%j gives %s', (options, issuer) => {
    const event = eventOf(keycloakFactory.create(options), raw);
    expect(event.token?.issuer).toBe(issuer);
    expect(event.token?.token_uid).toBe(uidOf(`jwt:${issuer}|t-1`));
  });

  it.each([{ timezone: 'Mars/Base' }, { bas: 'x' }, { issuer: '{base}/x' }, { base: 'ftp://x' }])(
    'refuses the options %j',
    (options) => {
      expect(() => keycloakFactory.create(options)).toThrow(/keycloak/);
    },
  );
});

describe('bad records', () => {
  it.each([
    ['a line without a date', '11:36:09,965 WARN [org.keycloak.events] (t) type=LOGIN, realmId=x', 'time'],
    ['a line cut before its list', '2025-05-31 10:11:12,345 WARN [org.keycloak.events] (t) ty', 'message'],
    ['a list cut inside a quoted value', line('type="LOGIN", realmId="sh'), 'realmId'],
    ['broken JSON', '{"type":"LOGIN"', ''],
    ['an event without time', '{"type":"LOGIN"}', '/time'],
    ['an object of another kind', '{"a":1}', ''],
    ['a bad member of a list', '[{"type":"LOGIN","time":1},{"type":"LOGIN"}]', '/1/time'],
  ])('%s is refused with its place', (_, raw, field) => {
    const error = refusalOf(source, raw);
    expect(error.field).toBe(field);
    expect(error.mend).not.toBe('');
  });

  it('reads a page of the Admin API, and takes it apart', () => {
    const page = JSON.stringify([
      { id: 'e-1', type: 'LOGIN', time: 1, realmId: 'shop' },
      { id: 'e-2', type: 'LOGOUT', time: 2, realmId: 'shop' },
    ]);
    expect(eventsOf(source, page).map((event) => event.action)).toEqual(['login', 'logout']);
    const parts = source.split?.(page);
    expect(parts?.ok === true && parts.value.map((part) => eventOf(source, part).event_uid)).toEqual(
      eventsOf(source, page).map((event) => event.event_uid),
    );
  });

  it('stays with one instance’s ids', () => {
    const raw = '{"id":"e-1","type":"LOGIN","time":1}';
    const other = source.parse(raw, contextAt(0, 'test-2'));
    expect(other.ok && other.value[0]?.event_uid).not.toBe(eventOf(source, raw).event_uid);
  });
});
