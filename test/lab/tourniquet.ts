import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { send } from './http.js';
import { namespace, services, type Service } from './mesh.js';
import { poller, realm, type Keycloak } from './keycloak.js';
import type { Nginx } from './nginx.js';
import { root } from './places.js';
import type { Processes } from './processes.js';

const READY_MS = 180_000;

export interface TourniquetInputs {
  readonly brokers: readonly string[];
  readonly nginx: Nginx;
  readonly gatewayLog: string;
  readonly sidecarLogs: Readonly<Record<Service, string>>;
  readonly keycloak: Keycloak;
  /** Where alerts go. */
  readonly pagerUrl: string;
  /** Merged over the lab's own configuration, one level deep. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly apiPort: number;
  readonly receiverPort: number;
}

export interface Tourniquet {
  readonly api: string;
  readonly config: string;
  readonly dataDir: string;
  readonly receiver: string;
}

const routingKeyFile = 'pagerduty.key';
const pollerSecretFile = 'keycloak-poller.secret';

function configOf(inputs: TourniquetInputs, dataDir: string): object {
  const file = (...paths: string[]): object => ({ kind: 'file', paths });
  const keycloak = { product: 'keycloak', instance: 'keycloak' };
  const options = { base: inputs.keycloak.base };
  return {
    data_dir: dataDir,
    fingerprint: { key_file: join(dataDir, '..', 'fingerprint.keys') },
    log: { kind: 'kafka', brokers: inputs.brokers, partitions: 4, replication_factor: 1 },
    sources: [
      { name: 'edge', product: 'nginx', instance: 'edge', options: { service: 'edge' }, input: file(inputs.nginx.jsonLog) },
      { name: 'edge-text', product: 'nginx', instance: 'edge', options: { service: 'edge' }, input: file(inputs.nginx.textLog) },
      {
        name: 'gateway',
        product: 'envoy',
        options: { direction: 'edge', service: 'gateway', caller: 'edge' },
        input: file(inputs.gatewayLog),
      },
      ...services.map((service) => ({
        name: service,
        product: 'envoy',
        options: { service, namespace },
        input: file(inputs.sidecarLogs[service]),
      })),
      { name: 'keycloak', ...keycloak, options, input: file(inputs.keycloak.log) },
      {
        name: 'keycloak-api',
        ...keycloak,
        options: { ...options, beside_log: true, realms: { [inputs.keycloak.realmId]: realm } },
        input: {
          kind: 'poll',
          interval: '2s',
          api: {
            kind: 'keycloak', url: inputs.keycloak.base, realms: [realm], client_realm: poller.realm, client_id: poller.clientId,
            secret_file: join(dataDir, '..', pollerSecretFile),
          },
        },
      },
    ],
    receivers: { port: inputs.receiverPort },
    worker: { block_age_max: '500ms' },
    detectors: {
      // The lab's tokens live for minutes, so the grace is minutes too; what is ordinary here is a handful in 10 s.
      rate: { buckets_min: 2, requests_min: 30, limits: [{ name: 'drain', window_seconds: 10, requests_max: 60 }] },
    },
    // Loopback only, so whoever reaches it may ask as an analyst.
    api: { port: inputs.apiPort, anonymous_role: 'analyst' },
    alerts: {
      destinations: [
        { name: 'oncall', kind: 'pagerduty', url: inputs.pagerUrl, routing_key_file: join(dataDir, '..', routingKeyFile), severity_min: 'low' },
      ],
    },
    telemetry: { log_level: 'info' },
    ...inputs.config,
  }; // prettier-ignore
}

/** A running Tourniquet, all roles in one process, that reads what the lab's products write. */
export async function startTourniquet(
  processes: Processes,
  folder: string,
  inputs: TourniquetInputs,
): Promise<Tourniquet> {
  const main = join(root, 'dist/api/cli/main.js');
  if (!existsSync(main)) throw new Error('Tourniquet is not built; npm run build does it.');
  const dataDir = join(folder, 'data');
  const config = join(folder, 'tourniquet.yaml');
  writeFileSync(config, stringify(configOf(inputs, dataDir)));
  const made = spawnSync(process.execPath, [main, 'keygen'], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`tourniquet keygen failed: ${made.stderr}`);
  writeFileSync(join(folder, 'fingerprint.keys'), made.stdout, { mode: 0o600 });
  writeFileSync(join(folder, routingKeyFile), randomBytes(16).toString('hex'), { mode: 0o600 });
  writeFileSync(join(folder, pollerSecretFile), poller.secret, { mode: 0o600 });
  const api = `http://127.0.0.1:${inputs.apiPort}`;
  await processes.start(
    {
      name: 'tourniquet',
      command: process.execPath,
      args: [main, 'up', '--config', config],
      cwd: root,
      // What a developer has set for another Tourniquet must not reach this one.
      env: {
        KAFKA_BROKERS: undefined,
        CLICKHOUSE_URL: undefined,
        TOURNIQUET_DATA_DIR: undefined,
        TOURNIQUET_API_PORT: undefined,
      },
    },
    async () =>
      readFileSync(processes.output('tourniquet'), 'utf8').includes('"msg":"ready"') &&
      (await send({ url: `${api}/healthz` })).status === 200,
    READY_MS,
  );
  return { api, config, dataDir, receiver: `http://127.0.0.1:${inputs.receiverPort}` };
}
