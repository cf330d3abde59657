import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { canaries, canaryFiles, linesOf, mappingPath, ownSecrets, writeCanaryFiles } from './canaries.js';
import { canarySubscriptions } from './canary-pubsub.js';
import { workspaceTokenPath } from './canary-clouds.js';

export const pushKey = 'push-key-of-the-canary-test';

export interface CanaryPlaces {
  /** Where configuration, inputs and data lie. */
  readonly folder: string;
  /** Base address of the APIs, bucket and queue. */
  readonly clouds: string;
  /** Base address that alerts go to. */
  readonly hook: string;
  /** Base address that telemetry goes to. */
  readonly telemetry: string;
  /** Brokers that have the topic of somebody else. */
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly log: 'embedded' | 'kafka';
}

/** Writes configuration, secrets and files; every transport has a source. @returns names of the sources. */
export function writeCanaryConfig(places: CanaryPlaces): readonly string[] {
  const { folder, clouds } = places;
  const file = (name: string): string => join(folder, name);
  writeCanaryFiles(folder);
  const secret = (name: keyof typeof ownSecrets): { secret_file: string } => {
    writeFileSync(file(`${name}.secret`), `${ownSecrets[name]}\n`);
    return { secret_file: file(`${name}.secret`) };
  };
  writeFileSync(file('alerts.secret'), `whsec_${Buffer.alloc(32, 7).toString('base64')}`);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const accountKey = {
    client_email: 'poller@example.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: `${clouds}${workspaceTokenPath}`,
  };
  writeFileSync(file('account.json'), JSON.stringify(accountKey));
  // As a bucket that was copied to disk, whose keys hold what they should not.
  const copied = file(`bucket/AWSLogs/${canaries.github}`);
  mkdirSync(copied, { recursive: true });
  writeFileSync(join(copied, `${canaries.vault}.json`), `${linesOf('cloudtrail').join('\n')}\n`);
  writeFileSync(join(copied, `broken-${canaries.slack}.json`), Buffer.from('1f8b0800000000000003deadbeef', 'hex'));

  const poll = (product: string, api: object): object => ({
    name: `poll-${product}`,
    product,
    input: { kind: 'poll', interval: '1s', api: { kind: product, url: clouds, ...api } },
  });
  const s3 = (name: string, more: object): object => ({
    name,
    product: 'cloudtrail',
    input: { kind: 's3', bucket: 'trail', endpoint: clouds, region: 'eu-central-1', interval: '1s', ...more },
  });
  const subscription = (name: string): object => ({
    url: clouds,
    subscription: `projects/shop/subscriptions/${name}`,
    secret_file: file('account.json'),
  });
  const nginx = (name: string, input: object): object => ({ name, product: 'nginx', input });
  const sources = [
    ...canaryFiles.flatMap((canary) => {
      const { source: product, name } = canary;
      const mapping = canary.mapping === undefined ? {} : { mapping: mappingPath(folder, product) };
      const of = (kind: string, input: object): object => ({ name: `${product}-${kind}`, product, ...mapping, input: { kind, ...input } });
      return [
        of('file', { paths: [file(`logs/${name}`)] }),
        of('http', { api_key_sha256: createHash('sha256').update(pushKey).digest('hex') }),
        of('otlp', { service_name: product }),
      ];
    }),
    { name: 'piped', product: 'envoy', input: { kind: 'stdin' } },
    nginx('grpc', { kind: 'otlp', protocols: ['grpc'], service_name: 'edge' }),
    { name: 'mesh', product: 'envoy', input: { kind: 'als', log_name: 'mesh' } },
    nginx('udp', { kind: 'syslog', protocol: 'udp', port: 0, app_names: ['nginx'] }),
    nginx('tcp', { kind: 'syslog', protocol: 'tcp', port: 0 }),
    nginx('shipped', { kind: 'kafka', brokers: places.brokers, topic: places.topic, group_id: places.topic }),
    ...['auth0', 'okta', 'github', 'kong'].map((product) => ({
      name: `hook-${product}`,
      product,
      input: { kind: 'webhook', ...secret('hookSecret') },
    })),
    poll('okta', secret('apiToken')),
    poll('auth0', { client_id: 'poller', ...secret('clientSecret') }),
    poll('keycloak', { realms: ['shop'], client_id: 'poller', ...secret('clientSecret') }),
    poll('github', { organization: 'shop', ...secret('apiToken') }),
    poll('entra', { login_url: clouds, tenant: 'shop', client_id: 'poller', sign_ins: ['interactiveUser'], ...secret('clientSecret') }),
    poll('workspace', { subject: 'admin@example.com', applications: ['login'], secret_file: file('account.json') }),
    s3('bucket', { prefix: 'AWSLogs/' }),
    { name: 'subscription', product: 'gcp', input: { kind: 'pubsub', ...subscription(canarySubscriptions.records) } },
    s3('notified', { prefix: 'notified/', pubsub: subscription(canarySubscriptions.notices) }),
    s3('queue', { prefix: 'noticed/', queue_url: `${clouds}/123456789012/trail` }),
    { name: 'tree', product: 'cloudtrail', input: { kind: 'file', paths: [file('bucket/AWSLogs/**/*.json')] } },
  ];
  writeFileSync(
    file('tourniquet.yaml'),
    stringify({
      data_dir: file('data'),
      fingerprint: { key_file: file('fingerprint.keys') },
      log: places.log === 'embedded' ? { kind: 'embedded' } : { kind: 'kafka', brokers: places.brokers, partitions: 2, replication_factor: 1 },
      receivers: { port: 0, grpc: { port: 0 } },
      api: { anonymous_role: 'analyst' },
      detectors: { rate: { limits: [{ name: 'tight', window_seconds: 60, requests_max: 3 }] } },
      alerts: {
        destinations: [
          { name: 'hook', kind: 'webhook', url: `${places.hook}/hook`, secret_file: file('alerts.secret'), severity_min: 'info' },
        ],
      },
      telemetry: { log_level: 'debug', otlp_endpoint: places.telemetry },
      sources,
    }),
  );
  return sources.map((source) => (source as { readonly name: string }).name);
} // prettier-ignore
