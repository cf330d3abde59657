import { isIP } from 'node:net';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Result } from '../../ingest/core/result.js';
import { err, ok } from '../../ingest/core/result.js';
import { DRILL_INSTANCE } from '../../ingest/event/drill.js';
import { sourceFactories } from '../../ingest/sources/registry.js';
import { declaredRoutes } from './declared-routes.js';
import { webhookDefaults } from './webhook-defaults.js';
import { readMappingFile } from './mapping-file.js';
import type { Config } from './schema.js';
import { withoutRefused } from './without-refused.js';
import { configSchema } from './schema.js';

/** One fault of the configuration: where it is, what is wrong, how to mend it. */
export interface ConfigFault {
  readonly path: string;
  readonly message: string;
  readonly mend: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Parses and checks a configuration; pure but for the mappings and OpenAPI documents that it names. All faults are returned at once. `${NAME}` in a string is replaced from
 * the environment, and `TOURNIQUET_DATA_DIR`, `TOURNIQUET_API_PORT`, `KAFKA_BROKERS` and `CLICKHOUSE_URL` override the file.
 */
export function loadConfig(
  yamlText: string,
  env: Environment,
  readMapping: (path: string) => string = readMappingFile,
): Result<Config, readonly ConfigFault[]> {
  const document = parseDocument(yamlText, { uniqueKeys: true });
  if (document.errors.length > 0) {
    // One slip makes the parser stumble many times on the same line.
    const places = new Map(document.errors.map((e) => [`${String(e.linePos?.[0].line)} ${e.code}`, e]));
    return err(
      [...places.values()].map((e) => ({
        path: e.linePos === undefined ? '' : `line ${e.linePos[0].line}`,
        message: `not YAML: ${e.code}`,
        mend: 'Correct the syntax at that line.',
      })),
    );
  }
  const faults: ConfigFault[] = [];
  let raw: unknown;
  try {
    raw = document.toJS({ maxAliasCount: 50 }) ?? {};
  } catch {
    const mend = 'Define each &anchor above its *alias, and use few of them; or write the values out.';
    return err([{ path: '', message: 'an alias (*name) cannot be resolved, or aliases unfold without end', mend }]);
  }
  const given = withOverrides(expand(raw, '', env, faults), env, faults);
  const parsed = configSchema.safeParse(given);
  if (!parsed.success) {
    faults.push(...parsed.error.issues.map(toFault));
    // What is left without the refused keys has faults of its own, which are told in the same run.
    const rest = withoutRefused(given, parsed.error.issues);
    const told = faults.map(({ path }) => path);
    if (rest !== undefined) {
      const further = crossChecks(withMappings(rest, readMapping, faults));
      faults.push(...further.filter(({ path }) => !told.some((t) => t === path || t.startsWith(`${path}.`))));
    }
    return err(faults);
  }
  const config = withMappings(parsed.data, readMapping, faults);
  faults.push(...crossChecks(config));
  return faults.length > 0 ? err(faults) : ok(config);
}

/** Puts the mapping files of sources into their options, where sources look for them. */
function withMappings(config: Config, readMapping: (path: string) => string, faults: ConfigFault[]): Config {
  const sources = config.sources.map((source, i) => {
    if (source.mapping === undefined) return source;
    const path = `sources.${i}.mapping`;
    if (source.product !== 'generic') {
      faults.push({ path, message: 'only product generic has a mapping', mend: 'Remove it, or set product: generic.' });
      return source;
    }
    try {
      return { ...source, options: { ...source.options, mapping: readMapping(source.mapping) } };
    } catch (error) {
      const mend = 'Name a readable file (docs/mapping.md).';
      faults.push({ path, message: error instanceof Error ? error.message : 'unreadable', mend });
      return source;
    }
  });
  return { ...config, sources };
}

function toFault(issue: z.core.$ZodIssue): ConfigFault {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return {
      path,
      message: `unknown key ${issue.keys.join(', ')}`,
      mend: 'Remove it, or correct its spelling (docs/configuration.md).',
    };
  }
  const told: unknown = issue.code === 'custom' ? issue.params?.['mend'] : undefined;
  const mend = typeof told === 'string' ? told : 'See docs/configuration.md for the values that this key takes.';
  return { path, message: issue.message, mend };
}

function expand(value: unknown, path: string, env: Environment, faults: ConfigFault[]): unknown {
  if (typeof value === 'string') {
    if (/(?:^|\.)secret$/.test(path) && !/^\$\{[A-Z_][A-Z0-9_]*\}$/.test(value)) {
      const mend = 'Write ${NAME} and set that variable, or name a file with secret_file.';
      faults.push({ path, message: 'a secret is written into the configuration', mend });
    }
    return value.replace(/\$\{([A-Z_][A-Z0-9_]*)\}/g, (_, variable: string) => {
      const found = env[variable];
      if (found === undefined)
        faults.push({ path, message: `environment variable ${variable} is not set`, mend: `Set ${variable}.` });
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((item, i) => expand(item, `${path}.${i}`, env, faults));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        expand(item, path === '' ? key : `${path}.${key}`, env, faults),
      ]),
    );
  }
  return value;
}

const PORT_MAX = 65_535;

function withOverrides(raw: unknown, env: Environment, faults: ConfigFault[]): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw;
  const config: Record<string, unknown> = { ...raw };
  const section = (key: string): object => (typeof config[key] === 'object' ? (config[key] ?? {}) : {});
  if (env['TOURNIQUET_DATA_DIR'] !== undefined) config['data_dir'] = env['TOURNIQUET_DATA_DIR'];
  const port = env['TOURNIQUET_API_PORT'];
  if (port !== undefined) {
    if (!/^\d{1,5}$/.test(port) || Number(port) > PORT_MAX) {
      const mend = 'Set TOURNIQUET_API_PORT to a number from 0 (any free one) to 65535, or unset it.';
      faults.push({ path: 'api.port', message: 'TOURNIQUET_API_PORT is no port', mend });
    } else config['api'] = { ...section('api'), port: Number(port) };
  }
  if (env['KAFKA_BROKERS'] !== undefined && env['KAFKA_BROKERS'] !== '') {
    const own = section('log');
    config['log'] = {
      ...('kind' in own && own.kind === 'kafka' ? own : {}),
      kind: 'kafka',
      brokers: env['KAFKA_BROKERS'].split(','),
    };
  }
  if (env['CLICKHOUSE_URL'] !== undefined && env['CLICKHOUSE_URL'] !== '') {
    const own = section('store');
    config['store'] = {
      ...('kind' in own && own.kind === 'clickhouse' ? own : {}),
      kind: 'clickhouse',
      url: env['CLICKHOUSE_URL'],
    };
  }
  return config;
}

function crossChecks(config: Config): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const seen = new Set<string>();
  config.sources.forEach((source, i) => {
    const factory = sourceFactories.find((f) => f.product === source.product);
    if (seen.has(source.name)) {
      faults.push({
        path: `sources.${i}.name`,
        message: `name ${source.name} is used twice`,
        mend: 'Give each source its own name.',
      });
    }
    seen.add(source.name);
    if (source.instance === DRILL_INSTANCE && source.input?.kind !== 'http') {
      faults.push({
        path: `sources.${i}.instance`,
        message: `${DRILL_INSTANCE} marks drills and is for a source of input kind http`,
        mend: 'Name the instance otherwise: its alerts would be taken for drills.',
      });
    }
    if (factory === undefined) {
      faults.push({
        path: `sources.${i}.product`,
        message: 'unknown product',
        mend: `Use one of: ${sourceFactories.map((f) => f.product).join(', ')}.`,
      });
      return;
    }
    try {
      factory.create(source.options);
    } catch (error) {
      faults.push({
        path: `sources.${i}.options`,
        message: error instanceof Error ? error.message : 'refused',
        mend: `See ingest/sources/${source.product}/README.md.`,
      });
    }
  });
  config.sources.forEach((source, i) => {
    for (const fault of declaredRoutes(source.routes).faults)
      faults.push({ ...fault, path: `sources.${i}.routes.${fault.path}` });
  });
  faults.push(
    ...peersWithoutAuthority(config),
    ...sharedListeners(config),
    ...webhooksWithoutRule(config),
    ...foreignApis(config),
  );
  faults.push(
    ...sameNames('alerts.destinations', config.alerts.destinations),
    ...sameNames('api.keys', config.api.keys),
    ...sameNames('detectors.tests', config.detectors.tests),
  );
  const readers = config.sources.filter((source) => source.input?.kind === 'stdin');
  if (readers.length > 1) {
    faults.push({
      path: 'sources',
      message: `${readers.map((r) => r.name).join(' and ')} all read standard input`,
      mend: 'Let one source read it.',
    });
  }
  const loopback =
    config.api.host === 'localhost' ||
    config.api.host === '::1' ||
    (isIP(config.api.host) === 4 && config.api.host.startsWith('127.'));
  if (!loopback && config.api.anonymous_role !== null) {
    faults.push({
      path: 'api.anonymous_role',
      message: 'anonymous access is only for loopback addresses',
      mend: 'Set anonymous_role: null and give api.keys.',
    });
  }
  return faults;
}

/** Deliveries and decisions are told apart by these names. */
function sameNames(path: string, items: readonly { readonly name: string }[]): ConfigFault[] {
  return items.flatMap(({ name }, i) =>
    items.findIndex((other) => other.name === name) === i
      ? []
      : [{ path: `${path}.${i}.name`, message: `name ${name} is used twice`, mend: 'Give each its own name.' }],
  );
}

/** Sources that share a syslog listener must agree on who may send, and differ in whose messages they take. */
function sharedListeners({ sources }: Config): ConfigFault[] {
  const first = new Map<string, { name: string; allow: string }>();
  return sources.flatMap(({ name, input }, i) => {
    if (input?.kind !== 'syslog') return [];
    const address = input.path ?? `${input.protocol}://${input.host}:${input.port}`;
    const allow = JSON.stringify(input.allow ?? null);
    const known = first.get(address);
    if (known === undefined) first.set(address, { name, allow });
    if (known === undefined || known.allow === allow) return [];
    return [
      {
        path: `sources.${i}.input.allow`,
        message: `${known.name} listens on the same address and allows others`,
        mend: 'Give both the same `allow`, or addresses of their own.',
      },
    ];
  });
}

/** Products whose way to show who they are is known; of others the operator says it. */
function webhooksWithoutRule({ sources }: Config): ConfigFault[] {
  return sources.flatMap(({ input, product }, i) => {
    if (input?.kind !== 'webhook' || input.verify !== undefined || webhookDefaults.has(product)) return [];
    return [
      {
        path: `sources.${i}.input.verify`,
        message: `it is not known how ${product} shows who it is`,
        mend: 'Set verify: header or hmac_sha256, and header if it is not the usual one.',
      },
    ];
  });
}

/** The records of an API are read by the source of its product. */
function foreignApis({ sources }: Config): ConfigFault[] {
  return sources.flatMap(({ input, product }, i) =>
    input?.kind !== 'poll' || input.api.kind === product
      ? []
      : [
          {
            path: `sources.${i}.input.api.kind`,
            message: `the source is of product ${product}`,
            mend: `Set product: ${input.api.kind}, or ask another API.`,
          },
        ],
  );
}

/** Names in client certificates are worth nothing where no certificate is asked for. */
function peersWithoutAuthority({ sources, receivers }: Config): ConfigFault[] {
  return sources.flatMap(({ input }, i) => {
    if (input === undefined || !('peers' in input) || input.peers === undefined) return [];
    const asking = {
      http: { name: 'receivers.tls', tls: receivers.tls },
      grpc: { name: 'receivers.grpc.tls', tls: receivers.grpc.tls },
      syslog: { name: 'receivers.syslog.tls, and protocol tls,', tls: receivers.syslog.tls },
    };
    const needed =
      input.kind === 'otlp'
        ? input.protocols.map((protocol) => asking[protocol])
        : [
            input.kind === 'als'
              ? asking.grpc
              : input.protocol === 'tls'
                ? asking.syslog
                : { ...asking.syslog, tls: undefined },
          ];
    return needed
      .filter(({ tls }) => tls?.client_ca_file === undefined)
      .map(({ name }) => ({
        path: `sources.${i}.input.peers`,
        message: 'no client certificate is ever asked for',
        mend: `Set ${name} with client_ca_file.`,
      }));
  });
}

/** The configuration as people may see it. Only file names and hashes are in it, yet URLs may carry a password. */
export function redactConfig(config: Config): unknown {
  const redact = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replace(/(\w+:\/\/[^/:@\s]*):[^@/\s]*@/g, '$1:[redacted]@');
    if (Array.isArray(value)) return value.map(redact);
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([k, v]) => [k, /sha256|password$|secret$/.test(k) ? '[redacted]' : redact(v)]),
      );
    }
    return value;
  };
  return redact(config);
}
