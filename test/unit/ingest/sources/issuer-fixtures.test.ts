import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { cloudtrailFactory } from '../../../../ingest/sources/cloudtrail/source.js';
import { vaultFactory } from '../../../../ingest/sources/vault/source.js';
import { eventsOf, uidOf } from './source-kit.js';

const vault = vaultFactory.create({});
const cloudtrail = cloudtrailFactory.create({});
const hash = (digit: string): string => `hmac-sha256:${digit.repeat(64)}`;

describe('an audit log of Vault', () => {
  const lines = readFileSync('test/fixtures/vault/audit.log', 'utf8').trimEnd().split('\n');
  const events = lines.flatMap((line, offset) => eventsOf(vault, line, offset));
  const once = [...new Map(events.map((event) => [event.event_uid, event])).values()];

  it('tells each call once', () => {
    expect(once.map((event) => [event.target?.path, event.action, event.outcome, event.reason])).toEqual([
      ['auth/userpass/login/r1', 'login', 'failure', 'invalid_credentials'],
      ['auth/userpass/login/r1', 'issue', 'success', undefined],
      ['kv/data/prod/db', 'use', 'success', undefined],
      ['kv/data/prod/root', 'use', 'failure', 'insufficient_scope'],
      ['auth/token/create', 'issue', 'success', undefined],
      ['kv/data/ci/key', 'use', 'success', undefined],
      ['auth/token/revoke-accessor', 'revoke', 'success', undefined],
      ['kv/data/ci/key', 'use', 'failure', 'invalid_token'],
      ['sys/policies/acl/admin', 'policy_change', 'success', undefined],
      ['database/creds/readonly', 'use', 'success', undefined],
      ['database/creds/readonly', 'issue', 'success', undefined],
      ['sys/leases/revoke/database/creds/readonly/0aBcDeFgHiJkLmNoPqRsTuVw', 'revoke', 'success', undefined],
    ]);
  });

  it('follows a token from its issue to its revocation', () => {
    const child = once.filter((event) => event.token?.token_uid === uidOf(`vault:${hash('d')}`));
    expect(child.map((event) => event.action)).toEqual(['issue', 'use', 'revoke']);
    // The refused call after it is known by the hash of the token, an alias of the same.
    expect(once[7]?.token?.aliases).toEqual([{ kind: 'vault_token_hmac', value: hash('c') }]);
    expect(child[0]?.token?.aliases).toContainEqual({ kind: 'vault_token_hmac', value: hash('c') });
  });
});

it('follows a credential of a database from its issue to its revocation', () => {
  const lease = 'lease:database/creds/readonly/0aBcDeFgHiJkLmNoPqRsTuVw';
  const lines = readFileSync('test/fixtures/vault/audit.log', 'utf8').trimEnd().split('\n');
  const events = lines.flatMap((line, offset) => eventsOf(vault, line, offset));
  const leased = events.filter((event) => event.token?.token_uid === uidOf(`key:vault:test-1|${lease}`));
  expect(leased.map((event) => event.action)).toEqual(['issue', 'revoke']);
  expect(leased[0]?.token?.parent).toEqual({ kind: 'vault_accessor', value: hash('b') });
});

describe('a log file of CloudTrail', () => {
  const file = readFileSync('test/fixtures/cloudtrail/records.json');
  const parts = cloudtrail.split?.(gunzipSync(gzipSync(file)).toString('utf8'));
  const events = (parts?.ok === true ? parts.value : []).flatMap((part, offset) => eventsOf(cloudtrail, part, offset));

  it('tells each record', () => {
    expect(events.map((event) => [event.target?.method, event.action, event.outcome, event.reason])).toEqual([
      ['ConsoleLogin', 'login', 'failure', 'invalid_credentials'],
      ['ConsoleLogin', 'login', 'success', undefined],
      ['AssumeRole', 'use', 'success', undefined],
      ['AssumeRole', 'issue', 'success', undefined],
      ['ListBuckets', 'use', 'success', undefined],
      ['GetSecretValue', 'use', 'failure', 'access_denied'],
      ['CreateAccessKey', 'create', 'success', undefined],
      ['UpdateAccessKey', 'revoke', 'success', undefined],
      ['DeleteAccessKey', 'delete', 'success', undefined],
      ['Decrypt', 'use', 'success', undefined],
      ['GetCallerIdentity', 'introspect', 'failure', 'expired_token'],
    ]);
  });

  it('joins a role’s key to its uses, and gives both one principal and session', () => {
    const child = events.filter((event) => event.token?.token_uid === uidOf('aws:ASIAEXAMPLECHILD0001'));
    expect(child).toHaveLength(3);
    expect(new Set(child.map((event) => event.principal?.principal_uid)).size).toBe(1);
    expect(new Set(child.map((event) => event.session_uid)).size).toBe(1);
  });

  it('never lets the session token out', () => {
    expect(JSON.stringify(events)).not.toContain('IQoJb3JpZ2lu');
  });
});
