import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { keycloakLine, sampleIssuer, toSampleFiles, type SampleFile } from '../../api/demo/log-lines.js';
import { createSampleTraffic, type SampleTraffic } from '../../api/demo/sample-traffic.js';
import { ClickHouseStore } from '../../ingest/store/clickhouse-store.js';
import { runCli } from './run-cli.js';

const hourMs = 3_600_000;

export interface DemoData {
  readonly store: ClickHouseStore;
  readonly traffic: SampleTraffic;
  /** The last hour that has traffic ends here, milliseconds. */
  readonly endMs: number;
  readonly dataDir: string;
  close(): Promise<void>;
}

/** The demo's traffic and incidents beside it, through the real pipeline into an embedded store. */
export async function replayedDemo(): Promise<DemoData> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tourniquet demo '));
  const logs = join(dataDir, 'logs');
  mkdirSync(logs);
  // The views compare with the clock, so the traffic ends now.
  const endMs = Math.floor(Date.now() / hourMs) * hourMs;
  const traffic = createSampleTraffic(endMs, 4, 24);
  const files = [...toSampleFiles(traffic), ...incidents(endMs)];
  for (const file of files) writeFileSync(join(logs, file.name), `${file.lines.join('\n')}\n`);
  const names = files.map((file) => file.name.replace(/\.log$/, ''));
  const sources = files.map(({ product, instance, options }, index) => ({
    name: names[index],
    product,
    instance,
    options,
  }));
  const config = join(dataDir, 'demo.yaml');
  writeFileSync(config, stringify({ sources }));
  const inputs = files.map((file, index) => `${names[index] ?? ''}:${join(logs, file.name)}`);
  const run = await runCli(['replay', ...inputs, '--config', config, '--data', join(dataDir, 'data'), '--json']);
  if (run.code !== 0) throw new Error(`the replay failed: ${run.stderr}`);
  const store = new ClickHouseStore({ kind: 'embedded', directory: join(dataDir, 'data', 'clickhouse') });
  await store.start();
  return {
    store,
    traffic,
    endMs,
    dataDir,
    close: async () => {
      await store.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const id = (n: number): string => `00000000-0000-4000-a000-${String(n).padStart(12, '0')}`;

/** Small incidents that the demo does not have: each is asked for by one question of docs/forensics.md. */
function incidents(endMs: number): readonly SampleFile[] {
  const issued = (name: string, n: number, minutesAgo: number, extra = ''): string =>
    keycloakLine(holder(name, n), endMs - minutesAgo * 60_000) + extra;
  const keycloak = [
    // Issued, valid for long, never used.
    issued('forgotten@example.com', 1, 5 * 1440),
    // A refresh family: one login, renewed twice.
    issued('renewing@example.com', 2, 600, `, refresh_token_id="${id(102)}"`),
    refreshed('renewing@example.com', 3, 400, 102, 103, endMs),
    refreshed('renewing@example.com', 4, 200, 103, 104, endMs),
  ];
  const guessed = Array.from({ length: 12 }, (_, i) =>
    mesh(endMs - 100 * 60_000 + i * 1_000, 5, 'guessed-client', 401, 'batch', '203.0.113.7'),
  );
  guessed.push(mesh(endMs - 99 * 60_000, 5, 'guessed-client', 200, 'batch', '203.0.113.7'));
  // One key in three hands.
  const shared = ['orders', 'reports', 'search'].map((caller, i) =>
    // It expires in two days and is in use.
    mesh(endMs - (90 - i) * 60_000, 6, 'shared-client', 200, caller, `10.30.0.${String(i + 1)}`, endMs + 48 * hourMs),
  );
  const leaked = nginxWithToken(endMs - 80 * 60_000);
  return [
    { name: 'incident-keycloak.log', product: 'keycloak', instance: 'id.example.com', options: { issuer: sampleIssuer }, lines: keycloak },
    { name: 'incident-mesh.log', product: 'envoy', instance: 'payments', options: { format: 'json' }, lines: [...guessed, ...shared] },
    { name: 'incident-edge.log', product: 'nginx', instance: 'edge', options: { format: 'combined' }, lines: [leaked] },
  ]; // prettier-ignore
}

function holder(name: string, n: number) {
  return {
    kind: 'human', name, jti: id(n), sid: id(n + 50), scope: 'openid profile', caller: 'edge', address: '198.51.100.9',
    userAgent: 'curl/8.5.0', routes: [], requestsPerHour: 0,
  } as const; // prettier-ignore
}

function refreshed(name: string, n: number, minutesAgo: number, from: number, to: number, endMs: number): string {
  const line = keycloakLine(holder(name, n), endMs - minutesAgo * 60_000);
  return `${line.replace('type="CODE_TO_TOKEN"', 'type="REFRESH_TOKEN"').replace('authorization_code', 'refresh_token')}, refresh_token_id="${id(from)}", updated_refresh_token_id="${id(to)}"`;
}

function mesh(
  timeMs: number,
  n: number,
  name: string,
  status: number,
  caller: string,
  address: string,
  expiresMs?: number,
): string {
  return JSON.stringify({
    start_time: new Date(timeMs).toISOString(),
    method: 'POST',
    path: '/v1/payments',
    authority: 'payments.shop.svc:8080',
    protocol: 'HTTP/2',
    response_code: status,
    response_flags: '-',
    response_code_details: status === 401 ? 'jwt_authn_access_denied{Jwt_is_expired}' : 'via_upstream',
    duration: 5,
    bytes_received: 0,
    bytes_sent: 100,
    downstream_remote_address: `${address}:40000`,
    downstream_peer_uri_san: `spiffe://shop/ns/default/sa/${caller}`,
    user_agent: 'batch/1.0',
    request_id: id(timeMs % 1_000_000_000),
    upstream_cluster: 'inbound|8080|http|payments.shop.svc',
    direction: 'inbound',
    jwt_iss: sampleIssuer,
    jwt_sub: name,
    jwt_jti: id(n),
    jwt_client_id: name,
    jwt_scope: 'payments',
    ...(expiresMs === undefined ? {} : { jwt_exp: Math.floor(expiresMs / 1000) }),
  });
}

function nginxWithToken(timeMs: number): string {
  const stamp = new Date(timeMs).toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, '$1/$2/$3:$4 +0000');
  return `198.51.100.77 - - [${stamp}] "GET /v1/export?access_token=ghp_${'x7Y8'.repeat(9)} HTTP/1.1" 200 512 "-" "wget/1.21"`;
}
