import { cloudtrailFactory } from '../../../../ingest/sources/cloudtrail/source.js';
import { keycloakFactory } from '../../../../ingest/sources/keycloak/source.js';
import type { Source } from '../../../../ingest/sources/source.js';
import { vaultFactory } from '../../../../ingest/sources/vault/source.js';

const hash = (digit: string): string => `hmac-sha256:${digit.repeat(64)}`;
const account = '111122223333';

/** One full record of each shape, with every field that a parser reads or must not read. */
export const samples: readonly { readonly name: string; readonly source: Source; readonly record: object }[] = [
  {
    name: 'keycloak event',
    source: keycloakFactory.create({ base: 'https://sso.example.com' }),
    record: {
      id: 'e-1', time: 1748686272345, type: 'CODE_TO_TOKEN', realmId: 'r', realmName: 'shop', clientId: 'web', userId: 'u-1',
      sessionId: 's-1', ipAddress: '203.0.113.9', error: 'invalid_token',
      details: {
        token_id: 't-1', refresh_token_id: 'r-1', updated_refresh_token_id: 'r-2', scope: 'openid email', audience: 'api',
        username: 'alice', redirect_uri: 'https://shop.example.com/cb', reason: 'expired', code_id: 's-1', user_agent: 'x/1',
        grant_type: 'authorization_code', auth_method: 'openid-connect', of_a_later_version: 'v',
      },
    },
  },
  {
    name: 'keycloak admin event',
    source: keycloakFactory.create({}),
    record: {
      time: 1748686272345, realmId: 'r', operationType: 'UPDATE', resourceType: 'CLIENT', resourcePath: 'clients/c',
      error: 'x', representation: '{}', authDetails: { realmId: 'master', clientId: 'c', userId: 'u', ipAddress: '10.0.0.5' },
    },
  },
  {
    name: 'keycloak JSON line',
    source: keycloakFactory.create({}),
    record: {
      timestamp: '2025-05-31T12:11:12.345+02:00', loggerName: 'org.keycloak.events', level: 'DEBUG', threadName: 't',
      message: 'type="LOGIN", realmId="r", realmName="shop", clientId="web", userId="u", ipAddress="203.0.113.9", username="alice"',
    },
  },
  {
    name: 'vault response',
    source: vaultFactory.create({}),
    record: {
      time: '2025-05-31T10:11:12.345678901Z', type: 'response', error: 'permission denied', forwarded_from: 'v:8200',
      auth: {
        client_token: hash('a'), accessor: hash('b'), display_name: 'userpass-r1', policies: ['default'],
        metadata: { username: 'r1' }, entity_id: 'e-1', token_type: 'service', token_ttl: 3600,
        token_issue_time: '2025-05-31T03:00:00-07:00', policy_results: { allowed: true },
      },
      request: {
        id: 'q-1', client_id: 'c-1', operation: 'update', path: 'auth/token/create', mount_point: 'auth/token/', mount_type: 'token',
        client_token: hash('a'), client_token_accessor: hash('b'), remote_address: '10.0.0.9', remote_port: 4242,
        namespace: { id: 'root', path: 'ns/' }, data: { token: hash('c'), password: 'p' }, headers: { 'user-agent': ['x/1'] },
        client_certificate_serial_number: '01',
      },
      response: {
        auth: { client_token: hash('c'), accessor: hash('d'), display_name: 'token', policies: ['ci'], entity_id: '' },
        wrap_info: { token: hash('8'), accessor: hash('9'), creation_path: 'p', ttl: 60, wrapped_accessor: hash('d') },
        secret: { lease_id: 'l-1' }, data: { key: 'v', error: 'x' },
      },
    },
  },
  {
    name: 'vault revoke',
    source: vaultFactory.create({}),
    record: {
      time: '2025-05-31T10:11:12Z', type: 'response', auth: { client_token: hash('a'), accessor: hash('b'), display_name: 'root' },
      request: { id: 'q-2', operation: 'update', path: 'auth/token/revoke', data: { token: hash('c'), accessor: hash('d') } },
    },
  },
  ...(['AssumeRole', 'CreateAccessKey', 'DeleteAccessKey', 'ConsoleLogin', 'GetObject'] as const).map((eventName) => ({
    name: `cloudtrail ${eventName}`,
    source: cloudtrailFactory.create({}),
    record: {
      eventTime: '2025-05-31T10:11:12Z', eventName, eventID: 'e-1', requestID: 'q-1', awsRegion: 'eu-west-1', userAgent: 'x/1',
      eventSource: eventName === 'AssumeRole' ? 'sts.amazonaws.com' : eventName === 'ConsoleLogin' ? 'signin.amazonaws.com' : 'iam.amazonaws.com',
      eventType: 'AwsApiCall', sourceIPAddress: '203.0.113.7', errorMessage: 'm', recipientAccountId: account,
      userIdentity: {
        type: 'AssumedRole', principalId: 'AROAX:s', arn: `arn:aws:sts::${account}:assumed-role/r/s`, accountId: account,
        accessKeyId: 'ASIAEXAMPLECHILD0001', userName: 'u', invokedBy: 'x', identityProvider: 'p',
        sessionContext: {
          sessionIssuer: { arn: `arn:aws:iam::${account}:role/r`, userName: 'r' }, sourceIdentity: 'i',
          attributes: { creationDate: '2025-05-31T09:00:00Z', mfaAuthenticated: 'true' }, webIdFederationData: { federatedProvider: 'p' },
        },
      },
      requestParameters: {
        roleArn: `arn:aws:iam::${account}:role/r`, roleSessionName: 's', userName: 'bob', accessKeyId: 'AKIAEXAMPLEBOB000001',
        password: 'p', externalId: 'x', bucketName: 'b', status: 'Active', serialNumber: 'n', secretId: 'i', tokenCode: '123456',
      },
      responseElements: {
        credentials: { accessKeyId: 'ASIAEXAMPLECHILD0002', secretAccessKey: 'k', sessionToken: 't', expiration: '2025-05-31T11:11:12Z' },
        assumedRoleUser: { arn: `arn:aws:sts::${account}:assumed-role/r/s`, assumedRoleId: 'AROAX:s' },
        accessKey: { accessKeyId: 'AKIAEXAMPLEBOB000001', secretAccessKey: 'k', userName: 'bob' }, ConsoleLogin: 'Failure',
      },
      additionalEventData: { MFAUsed: 'No', LoginTo: 'https://x', UserName: 'u', bytesTransferredIn: 1 },
      resources: [{ ARN: 'arn:aws:s3:::b/k' }], tlsDetails: { tlsVersion: 'TLSv1.3', clientProvidedHostHeader: 'h' },
    },
  })),
]; // prettier-ignore

type Path = readonly (string | number)[];

/** Paths of all texts and numbers in a value. */
export function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, member]) =>
    leaves(member, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

/** A copy with the value at `path` replaced; `undefined` takes the member away. */
export function withValue(value: unknown, path: Path, replacement: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return replacement;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
    ? [...(value as unknown[])]
    : { ...(value as object) };
  (copy as Record<string, unknown>)[String(head)] = withValue(
    (value as Record<string, unknown>)[String(head)],
    rest,
    replacement,
  );
  return copy;
}
