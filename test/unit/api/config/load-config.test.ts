import { readFileSync } from 'node:fs';
import { loadConfig, redactConfig } from '../../../../api/config/load-config.js';

const faultsOf = (
  yaml: string,
  env: Record<string, string> = {},
): readonly { path: string; message: string; mend: string }[] => {
  const loaded = loadConfig(yaml, env);
  return loaded.ok ? [] : loaded.error;
};

describe('loadConfig', () => {
  it('takes the example that is shipped', () => {
    expect(faultsOf(readFileSync('config.example.yaml', 'utf8'))).toEqual([]);
  });

  it('fills an empty file with defaults', () => {
    const loaded = loadConfig('', {});
    expect(loaded.ok && loaded.value.log.kind).toBe('embedded');
    expect(loaded.ok && loaded.value.worker.block_age_max).toBe(1000);
  });

  it('names every fault at once, with path and mend', () => {
    const faults = faultsOf('api: { port: 70000, hots: x }\nworker: { block_age_max: soon }\n');
    expect(faults.map((f) => f.path)).toEqual(expect.arrayContaining(['api.port', 'api', 'worker.block_age_max']));
    expect(faults.every((f) => f.mend.length > 0)).toBe(true);
  });

  it('tells the faults behind those of the schema in the same run', () => {
    const faults = faultsOf(
      [
        'worker: { block_age_max: soon }',
        'sources:',
        '  - { name: a, product: nope, input: { kind: file, paths: [] } }',
        '  - { name: a, product: nginx, options: { formt: x }, unknown: 1 }',
        '  - { name: A/B, product: also-nope }',
        'api: { host: 0.0.0.0, port: 99999 }',
      ].join('\n'),
    );
    expect(faults.map((f) => f.path)).toEqual(
      expect.arrayContaining([
        'worker.block_age_max',
        'sources.0.input.paths',
        'sources.0.product',
        'sources.1',
        'sources.1.name',
        'sources.1.options',
        'sources.2.name',
        'sources.2.product',
        'api.port',
        'api.anonymous_role',
      ]),
    );
    expect(new Set(faults.map((f) => `${f.path} ${f.message}`)).size).toBe(faults.length);
  });

  it('tells one slip of the syntax once, and aliases that cannot be resolved', () => {
    expect(faultsOf('a: { b: ${NOPE}, c: 1 }\nd: 2\n').length).toBeLessThan(4);
    expect(faultsOf('a: [*b]\n')[0]).toMatchObject({ message: expect.stringContaining('alias') as string });
  });

  it('refuses destinations and API keys of one name', () => {
    const destination = '{ name: soc, kind: webhook, url: "https://soc.example.com/", secret_file: /s }';
    const key = `{ name: k, role: viewer, sha256: ${'a'.repeat(64)} }`;
    const faults = faultsOf(
      `alerts: { destinations: [${destination}, ${destination}] }\napi: { keys: [${key}, ${key}] }`,
    );
    expect(faults.map((f) => f.path)).toEqual(['alerts.destinations.1.name', 'api.keys.1.name']);
  });

  describe('overrides of detectors', () => {
    const overridden = (...entries: string[]) => faultsOf(`detectors: { overrides: [${entries.join(', ')}] }`);

    it('are settings for those whom an entry names, without the defaults of the others', () => {
      const entry = '{ kind: api_key, principal_uid: p, baseline: { threshold: 12 }, off: [travel] }';
      const loaded = loadConfig(`detectors: { overrides: [${entry}] }`, {});
      const kept = { kind: 'api_key', principal_uid: 'p', baseline: { threshold: 12 }, off: ['travel'] };
      expect(loaded.ok && loaded.value.detectors.overrides).toEqual([kept]);
    });

    it.each<[string, string[], string, string, string]>([
      ['nobody', ['{ baseline: { threshold: 12 } }'], '0', 'for no entity', 'principal_uid'],
      ['nothing', ['{ kind: k }'], '0', 'overrides nothing', 'off: [detector]'],
      ['no setting', ['{ kind: k, baseline: {} }'], '0.baseline', 'no setting', 'off: [baseline]'],
      ['a detector that is not known', ['{ kind: k, bseline: { threshold: 1 } }'], '0', 'unknown key bseline', 'spelling'],
      ['a setting that is not known', ['{ kind: k, baseline: { treshold: 1 } }'], '0.baseline', 'unknown key treshold', 'spelling'],
      ['a value out of bounds', ['{ kind: k, baseline: { threshold: 0 } }'], '0.baseline.threshold', '>0', 'docs/'],
      ['what a state holds', ['{ kind: k, rate: { buckets: 60 } }'], '0.rate.buckets', 'holds for all entities', 'threshold'],
      ['an alarm without an event', ['{ kind: k, lifecycle: { unused_days: 9 } }'], '0.lifecycle.unused_days', 'for all', 'detectors.lifecycle.unused_days'],
      ['a detector without settings', ['{ kind: k, binding: { x: 1 } }'], '0.binding', 'no settings', 'off: [binding]'],
      ['what is off and set', ['{ kind: k, rate: { threshold: 9 }, off: [rate] }'], '0.off.0', 'is off and has settings', 'one of the two'],
      ['what is off twice', ['{ kind: k, off: [rate, rate] }'], '0.off.1', 'twice', 'once'],
      ['another that is not known', ['{ kind: k, off: [rat] }'], '0.off.0', 'rate', 'docs/'],
      ['the same entities twice', ['{ kind: k, off: [rate] }', '{ kind: k, off: [travel] }'], '1', 'entry 0 matches all', 'Join'],
      ['fewer behind more', ['{ issuer: i, off: [rate] }', '{ kind: k, issuer: i, off: [rate] }'], '1', 'never holds', 'first'],
    ])('refuse %s', (_what, entries, path, message, mend) => {
      expect(overridden(...entries)).toEqual([
        {
          path: `detectors.overrides.${path}`,
          message: expect.stringContaining(message) as string,
          mend: expect.stringContaining(mend) as string,
        },
      ]);
    }); // prettier-ignore

    it('may be for fewer before more, and for some in common', () => {
      const [few, more] = ['{ kind: k, issuer: i, off: [rate] }', '{ issuer: i, off: [rate] }'];
      expect(overridden(few, more, '{ kind: k, off: [rate] }')).toEqual([]);
    });
  });

  it('tells faults of tests of settings with path and mend', () => {
    const tests = [
      '{ name: a, events: [{ set: { token_uid: t } }] }',
      '{ name: b, events: [{ set: { token_uid: t } }], expect: [rat/requests, honeytoken, { entity: t }] }',
      '{ name: c, events: [{ count: 50000, every: 1d, set: {} }, { set: { shoe: 1, outcome: maybe } }], expect: [] }',
    ];
    const faults = faultsOf(`detectors: { tests: [${tests.join(', ')}] }`);
    expect(faults.map(({ path, message }) => `${path}: ${message.split(/[;,]/)[0] ?? ''}`)).toEqual([
      'detectors.tests.0: needs expect',
      'detectors.tests.1.expect.0.finding: not a detector',
      'detectors.tests.1.expect.1.finding: no test has decoys',
      'detectors.tests.1.expect.2.finding: a detector',
      'detectors.tests.2.events.1.set.shoe: shoe cannot be set',
      'detectors.tests.2.events.1.set.outcome: outcome is never that',
      'detectors.tests.2.events: 50001 events',
      'detectors.tests.2.events: the last event comes after more than 100 days',
    ]);
    expect(faults.find(({ path }) => path.endsWith('.shoe'))?.mend).toContain('stored field');
    const twice = '{ name: a, events: [{ set: {} }], expect: [] }';
    expect(faultsOf(`detectors: { tests: [${twice}, ${twice}] }`).map((f) => f.path)).toEqual([
      'detectors.tests.1.name',
    ]);
  });

  it('refuses a product that it does not know and lists those that it does', () => {
    const [fault] = faultsOf('sources: [{ name: a, product: nope }]');
    expect(fault?.path).toBe('sources.0.product');
    expect(fault?.mend).toContain('nginx');
  });

  it('reads the mapping that a generic source names, and tells its faults with their lines', () => {
    const yaml = 'sources: [{ name: a, product: generic, mapping: /m.yaml }]';
    const load = (mapping: string): ReturnType<typeof loadConfig> => loadConfig(yaml, {}, () => mapping);
    const good = load('format: json\nfields: { time: /t }');
    expect(good.ok && good.value.sources[0]?.options['mapping']).toContain('format: json');
    const bad = load('format: json\nfields: { time: t }');
    expect(bad.ok ? [] : bad.error).toMatchObject([
      { path: 'sources.0.options', message: expect.stringContaining('fields.time.from (line 2)') as string },
    ]);
    const [unread] = faultsOf('sources: [{ name: a, product: generic, mapping: /no/such/file }]');
    expect(unread).toMatchObject({ path: 'sources.0.mapping' });
    const [misplaced] = faultsOf('sources: [{ name: a, product: nginx, mapping: /m.yaml }]');
    expect(misplaced).toMatchObject({ path: 'sources.0.mapping' });
  });

  it('names what is wrong with named networks', () => {
    const network = (more: string): string => `enrich: { networks: [{ name: a, kind: egress, cidrs: [10.0.0.0/8] }${more}] }`;
    expect(faultsOf(network(", { name: b, kind: office, cidrs: ['2001:db8::/32', 192.0.2.1] }"))).toEqual([]);
    expect(faultsOf(network(', { name: b, kind: house, cidrs: [] }')).map(({ path }) => path)).toEqual(
      expect.arrayContaining(['enrich.networks.1.kind', 'enrich.networks.1.cidrs']),
    );
    expect(faultsOf(network(', { name: b, kind: vpn, cidrs: [10.0.0.0/33] }'))[0]?.path).toBe('enrich.networks.1.cidrs.0');
    expect(faultsOf(network(', { name: a, kind: vpn, cidrs: [10.0.0.1] }'))[0]).toMatchObject({
      path: 'enrich.networks',
      message: expect.stringContaining('Two networks have one name') as string,
    });
  }); // prettier-ignore

  it('names what is wrong with declared routes', () => {
    const yaml = `
sources:
  - name: a
    product: nginx
    routes: { patterns: ['/ok/{id}', 'users/{id}'], openapi: /no/such/file }
`;
    expect(faultsOf(yaml)).toMatchObject([
      { path: 'sources.0.routes.openapi.0', message: expect.stringContaining('/no/such/file') as string },
      { path: 'sources.0.routes.patterns.1', message: 'users/{id}: it does not begin with /' },
    ]);
  });

  it('refuses two sources of one name', () => {
    expect(
      faultsOf('sources: [{ name: a, product: nginx }, { name: a, product: nginx }]').map((f) => f.path),
    ).toContain('sources.1.name');
  });

  it('refuses anonymous access beyond loopback', () => {
    expect(faultsOf('api: { host: 0.0.0.0 }').map((f) => f.path)).toContain('api.anonymous_role');
    expect(faultsOf('api: { host: 0.0.0.0, anonymous_role: null }')).toEqual([]);
  });

  it('takes webhooks with a secret by file or environment, and never one that is written down', () => {
    const load = (input: string, env = {}, product = 'okta'): unknown[] =>
      faultsOf(`sources: [{ name: a, product: ${product}, input: { kind: webhook, ${input} } }]`, env).map(
        (f) => f.path,
      );
    expect(load('secret_file: /run/secret')).toEqual([]);
    expect(load("secret: '${HOOK}'", { HOOK: 'from-the-environment' })).toEqual([]);
    expect(load("secret: '${HOOK}'")).toContain('sources.0.input.secret');
    const written = faultsOf(
      'sources: [{ name: a, product: okta, input: { kind: webhook, secret: hunter2-hunter2 } }]',
    );
    expect(written).toMatchObject([{ path: 'sources.0.input.secret' }]);
    expect(JSON.stringify(written)).not.toContain('hunter2');
    expect(load('')).toEqual(['sources.0.input.secret_file']);
    expect(load('secret_file: /run/secret', {}, 'nginx')).toEqual(['sources.0.input.verify']);
    expect(load('secret_file: /run/secret, verify: hmac_sha256', {}, 'nginx')).toEqual([]);
  });

  it('takes APIs of the source’s own product, over https, with one secret', () => {
    const load = (product: string, api: string): string[] =>
      faultsOf(`sources: [{ name: a, product: ${product}, input: { kind: poll, api: { ${api} } } }]`).map(
        (f) => f.path,
      );
    expect(load('okta', "kind: okta, url: 'https://example.okta.com', secret_file: t")).toEqual([]);
    expect(load('okta', "kind: okta, url: 'http://example.okta.com', secret_file: t")).toEqual([
      'sources.0.input.api.url',
    ]);
    expect(load('okta', "kind: okta, url: 'http://127.0.0.1:1', secret_file: t")).toEqual([]);
    expect(load('okta', "kind: okta, url: 'https://example.okta.com'")).toEqual(['sources.0.input.api.secret_file']);
    expect(load('auth0', "kind: okta, url: 'https://example.okta.com', secret_file: t")).toEqual([
      'sources.0.input.api.kind',
    ]);
    expect(
      load('keycloak', "kind: keycloak, url: 'http://keycloak:8080', realms: [a], client_id: c, secret_file: t"),
    ).toEqual([]);
    expect(load('github', 'kind: github, organization: o, secret_file: t')).toEqual([]);
    expect(load('github', 'kind: github, organization: o, enterprise: e, secret_file: t')).toEqual([
      'sources.0.input.api.organization',
    ]);
    expect(load('entra', 'kind: entra, tenant: t, client_id: c, secret_file: t')).toEqual([]);
    expect(load('workspace', 'kind: workspace, subject: a@example.com, secret_file: t')).toEqual([]);
  });

  it('takes a subscription of Pub/Sub with one key file, for records and for the notices of a bucket', () => {
    const load = (input: string): string[] =>
      faultsOf(`sources: [{ name: a, product: gcp, input: { ${input} } }]`).map((f) => f.path);
    const named = 'subscription: projects/shop/subscriptions/audit';
    expect(load(`kind: pubsub, ${named}, secret_file: k`)).toEqual([]);
    expect(load(`kind: pubsub, ${named}`)).toEqual(['sources.0.input.secret_file']);
    expect(load('kind: pubsub, subscription: audit, secret_file: k')).toEqual(['sources.0.input.subscription']);
    expect(load(`kind: pubsub, ${named}, secret_file: k, url: 'http://pubsub.example.com'`)).toEqual([
      'sources.0.input.url',
    ]);
    const bucket = `kind: s3, bucket: logs, pubsub: { ${named}, secret_file: k }`;
    expect(load(bucket)).toEqual([]);
    expect(load(`${bucket}, queue_url: 'https://sqs.example.com/q'`)).toEqual(['sources.0.input.pubsub']);
  });

  it('refuses peers where no client certificate is asked for', () => {
    const source = "sources: [{ name: a, product: envoy, input: { kind: als, peers: ['spiffe://a/*'] } }]";
    expect(faultsOf(source).map((f) => f.path)).toEqual(['sources.0.input.peers']);
    const tls = 'receivers: { grpc: { tls: { cert_file: c, key_file: k, client_ca_file: a } } }';
    expect(faultsOf(`${source}\n${tls}`)).toEqual([]);
  });

  it('refuses syslog inputs that contradict each other or themselves', () => {
    const inputs = (one: string, other: string): readonly string[] =>
      faultsOf(
        `sources: [{ name: a, product: nginx, input: { kind: syslog, ${one} } }, { name: b, product: nginx, input: { kind: syslog, ${other} } }]`,
      ).map((f) => f.path);
    expect(inputs('protocol: udp, allow: [10.0.0.0/8]', 'protocol: udp, app_names: [x]')).toEqual([
      'sources.1.input.allow',
    ]);
    expect(inputs('protocol: udp', 'protocol: tcp')).toEqual([]);
    expect(inputs('protocol: unix', 'protocol: udp, path: /x')).toEqual([
      'sources.0.input.path',
      'sources.1.input.path',
    ]);
    expect(inputs('protocol: tcp, peers: [a]', 'protocol: tls, port: 1')).toEqual(['sources.0.input.peers']);
  });

  it('replaces environment references and names those that are not set', () => {
    const loaded = loadConfig('data_dir: ${DIR}/x', { DIR: '/d' });
    expect(loaded.ok && loaded.value.data_dir).toBe('/d/x');
    expect(faultsOf('data_dir: ${DIR}')[0]?.message).toContain('DIR');
  });

  it('lets the environment override log and store', () => {
    const loaded = loadConfig('', { KAFKA_BROKERS: 'a:1,b:2', CLICKHOUSE_URL: 'http://u:pw@h:8123' });
    expect(loaded.ok && loaded.value.log).toMatchObject({ kind: 'kafka', brokers: ['a:1', 'b:2'] });
    expect(loaded.ok && JSON.stringify(redactConfig(loaded.value))).not.toContain('pw@');
  });

  it('takes the port of the environment, and names the variable where it is none', () => {
    const loaded = loadConfig('', { TOURNIQUET_API_PORT: '0' });
    expect(loaded.ok && loaded.value.api.port).toBe(0);
    for (const port of ['abc', '', '70000', '-1', '1e3']) {
      const told = loadConfig('', { TOURNIQUET_API_PORT: port });
      expect(told.ok ? [] : told.error).toMatchObject([
        { path: 'api.port', message: 'TOURNIQUET_API_PORT is no port' },
      ]);
    }
  });

  it('names the line of broken YAML and quotes nothing of it', () => {
    const [fault] = faultsOf('api:\n  port: [secret-value\n');
    expect(fault?.path).toMatch(/^line \d+$/);
    expect(JSON.stringify(fault)).not.toContain('secret-value');
  });
});
