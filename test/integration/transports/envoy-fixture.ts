import { createSign, generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify, parse } from 'yaml';
import type { Certificates } from '../../lab/certificates.js';
import { freePorts, readSnippet } from '../../lab/places.js';
import { Processes } from '../../lab/processes.js';
import { envoyProgram } from '../../tools/components.mjs';

const at = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;
const hostPort = (port: number) => ({ address: { socket_address: { address: '127.0.0.1', port_value: port } } });
const snippet = (path: string, values: Record<string, string> = {}): unknown => parse(readSnippet(path, values));

export const issuer = 'https://id.example.com/realms/shop';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwks = JSON.stringify({
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }],
});

/** A JWT that Envoy's jwt_authn takes. */
export function signedJwt(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = `${part({ alg: 'RS256', kid: 'k1', typ: 'JWT' })}.${part({ iss: issuer, ...claims })}`;
  return `${head}.${createSign('RSA-SHA256').update(head).sign(privateKey).toString('base64url')}`;
}

export interface EnvoyPorts {
  readonly http: number;
  readonly mtls: number;
  readonly tcp: number;
}

export interface RunningEnvoy {
  readonly ports: EnvoyPorts;
  stop(): Promise<void>;
}

const jwtAuthn = {
  name: 'envoy.filters.http.jwt_authn',
  typed_config: {
    '@type': at('filters.http.jwt_authn.v3.JwtAuthentication'),
    providers: {
      issuer: { issuer, forward: true, payload_in_metadata: 'claims', local_jwks: { inline_string: jwks } },
    },
    rules: [
      { match: { prefix: '/open' } },
      { match: { prefix: '/' }, requires: { provider_name: 'issuer' } },
    ],
  },
}; // prettier-ignore

const rbac = {
  name: 'envoy.filters.http.rbac',
  typed_config: {
    '@type': at('filters.http.rbac.v3.RBAC'),
    rules: {
      action: 'DENY',
      policies: {
        'no-admin': {
          permissions: [{ url_path: { path: { prefix: '/admin' } } }],
          principals: [{ any: true }],
        },
      },
    },
    shadow_rules: {
      action: 'ALLOW',
      policies: { 'readers-only': { permissions: [{ header: { name: ':method', string_match: { exact: 'GET' } } }], principals: [{ any: true }] } },
    },
  },
}; // prettier-ignore

const extAuthz = (port: number) => ({
  name: 'envoy.filters.http.ext_authz',
  typed_config: {
    '@type': at('filters.http.ext_authz.v3.ExtAuthz'),
    transport_api_version: 'V3',
    http_service: {
      server_uri: { uri: `http://127.0.0.1:${String(port)}`, cluster: 'authz', timeout: '5s' },
      authorization_response: { dynamic_metadata_from_headers: { patterns: [{ prefix: 'x-tenant' }] } },
    },
  },
});

/**
 * One Envoy with an HTTP listener (jwt_authn, RBAC, ext_authz), the same behind mTLS, and a TCP proxy, all of which
 * log to the collector through the snippets of deploy/.
 *
 * @param tls names the workload whose certificate Envoy shows to the collector; without it plaintext is spoken.
 */
export async function startEnvoy(
  folder: string,
  collectorPort: number,
  apiKey: string,
  certificates: Certificates,
  tls?: string,
): Promise<RunningEnvoy> {
  const program = envoyProgram();
  if (program === undefined) throw new Error('Envoy is not installed; node test/tools/set-up.mjs brings it.');
  const upstream = createServer((_request, response) => response.end('hello'));
  const authz = createServer((request, response) => {
    if ((request.url ?? '').includes('/denied')) response.writeHead(403).end();
    else response.writeHead(200, { 'x-tenant-name': 'acme' }).end();
  });
  const [upstreamPort, authzPort] = await Promise.all([listen(upstream), listen(authz)]);
  const [http = 0, mtls = 0, tcp = 0, admin = 0] = await freePorts(4);
  const log = (name: string): unknown => snippet('envoy/als-access-log.yaml', { LOG_NAME: name, API_KEY: apiKey });
  const manager = (name: string) => ({
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': at('filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: name,
      access_log: log(name),
      forward_client_cert_details: 'APPEND_FORWARD',
      set_current_client_cert_details: { uri: true, subject: true },
      http_filters: [
        jwtAuthn,
        rbac,
        extAuthz(authzPort),
        { name: 'envoy.filters.http.router', typed_config: { '@type': at('filters.http.router.v3.Router') } },
      ],
      route_config: {
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [
              { name: 'gone', match: { prefix: '/open/gone' }, route: { cluster: 'nowhere' } },
              { name: 'orders-route', match: { prefix: '/' }, route: { cluster: 'inbound|80||' } },
            ],
          },
        ],
      },
    },
  });
  const context = {
    tls_certificates: [
      {
        certificate_chain: { filename: certificates.certificate('orders') },
        private_key: { filename: certificates.key('orders') },
      },
    ],
    validation_context: { trusted_ca: { filename: certificates.authority } },
  };
  const cluster = (name: string, port: number) => ({
    name,
    type: 'STATIC',
    connect_timeout: '2s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: hostPort(port) }] }] },
  });
  const collector = snippet('envoy/als-cluster.yaml', {
    COLLECTOR_HOST: '127.0.0.1',
    COLLECTOR_PORT: String(collectorPort),
  }) as object;
  const secured = {
    transport_socket: snippet('envoy/als-cluster-tls.yaml', {
      COLLECTOR_HOST: '127.0.0.1',
      CERTIFICATE: certificates.certificate(tls ?? 'orders'),
      KEY: certificates.key(tls ?? 'orders'),
      AUTHORITY: certificates.authority,
    }),
  };
  const [closed = 0] = await freePorts(1);
  const bootstrap = {
    node: { id: 'sidecar~10.1.0.9~orders-1.shop~local', cluster: 'orders.shop' },
    admin: hostPort(admin),
    static_resources: {
      listeners: [
        { name: 'http', ...hostPort(http), filter_chains: [{ filters: [manager('http')] }] },
        {
          name: 'mtls',
          ...hostPort(mtls),
          filter_chains: [
            {
              filters: [manager('mtls')],
              transport_socket: {
                name: 'envoy.transport_sockets.tls',
                typed_config: {
                  '@type': at('transport_sockets.tls.v3.DownstreamTlsContext'),
                  require_client_certificate: true,
                  common_tls_context: context,
                },
              },
            },
          ],
        },
        {
          name: 'tcp',
          ...hostPort(tcp),
          filter_chains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.tcp_proxy',
                  typed_config: {
                    '@type': at('filters.network.tcp_proxy.v3.TcpProxy'),
                    stat_prefix: 'tcp',
                    cluster: 'outbound|80||payments.shop.svc.cluster.local',
                    access_log: snippet('envoy/als-tcp-access-log.yaml', { LOG_NAME: 'tcp', API_KEY: apiKey }),
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        cluster('inbound|80||', upstreamPort),
        cluster('outbound|80||payments.shop.svc.cluster.local', upstreamPort),
        cluster('authz', authzPort),
        cluster('nowhere', closed),
        { ...collector, ...(tls !== undefined && secured) },
      ],
    },
  };
  const file = join(folder, `envoy-${String(http)}.yaml`);
  writeFileSync(file, stringify(bootstrap, { aliasDuplicateObjects: false }));
  const processes = new Processes(folder);
  const stop = async (): Promise<void> => {
    await processes.stop();
    for (const server of [upstream, authz]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };
  try {
    await processes.start(
      {
        name: `envoy-${String(http)}`,
        command: program,
        args: ['-c', file, '--concurrency', '1', '--use-dynamic-base-id', '--log-level', 'warning'],
      },
      async () => (await fetch(`http://127.0.0.1:${String(admin)}/ready`)).status === 200,
      30_000,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { ports: { http, mtls, tcp }, stop };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
