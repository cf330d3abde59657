export const hash = (digit: string): string => `hmac-sha256:${digit.repeat(64)}`;

export const auth = {
  client_token: hash('a'),
  accessor: hash('b'),
  display_name: 'userpass-r1',
  policies: ['default', 'kv'],
  token_policies: ['default', 'kv'],
  metadata: { username: 'r1' },
  entity_id: 'e2853091-6c3c-2200-3ff7-0b664ed70c4d',
  token_type: 'service',
  token_ttl: 3600,
  token_issue_time: '2025-05-31T03:00:00-07:00',
};
export const child = {
  ...auth,
  client_token: hash('c'),
  accessor: hash('d'),
  display_name: 'token-ci',
  entity_id: '',
  policies: ['ci'],
};

interface Parts {
  readonly path?: string;
  readonly operation?: string;
  readonly type?: string;
  readonly error?: string;
  readonly auth?: object | null;
  readonly request?: object;
  readonly response?: object;
}

export function record({ path = 'kv/data/prod/db', operation = 'read', type = 'response', ...parts }: Parts): object {
  return {
    time: '2025-05-31T10:11:12.345678901Z',
    type,
    ...(parts.auth === null ? {} : { auth: parts.auth ?? auth }),
    request: {
      id: '19073d8c-7567-7ee9-1144-c8ce601ec79d',
      operation,
      path,
      mount_point: `${path.split('/')[0] ?? ''}/`,
      mount_type: 'kv',
      client_token: hash('a'),
      client_token_accessor: hash('b'),
      remote_address: '10.0.0.9',
      remote_port: 4242,
      namespace: { id: 'root' },
      ...parts.request,
    },
    ...(type === 'response' ? { response: parts.response ?? { mount_type: 'kv' } } : {}),
    ...(parts.error === undefined ? {} : { error: parts.error }),
  };
}
