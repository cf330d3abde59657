import { parse } from 'yaml';
import { spiffeId, type Certificates } from './certificates.js';
import { calls, namespace, neededScope, routes, services, type Ports, type Service } from './mesh.js';
import { readSnippet } from './places.js';

const at = (name: string): string => `type.googleapis.com/envoy.${name}`;
const manager = 'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const snippet = (path: string, values: Readonly<Record<string, string>>): unknown => parse(readSnippet(path, values));
const hostPort = (port: number): unknown => ({ socket_address: { address: '127.0.0.1', port_value: port } });

export interface EnvoyContext {
  readonly ports: Ports;
  readonly certificates: Certificates;
  readonly keycloakPort: number;
  readonly issuer: string;
}

/** Certificates of one's own, and the one SPIFFE id that the peer has to show. */
function tls(context: EnvoyContext, own: string, peers: readonly string[]): object {
  const { certificates } = context;
  return {
    tls_certificates: [
      {
        certificate_chain: { filename: certificates.certificate(own) },
        private_key: { filename: certificates.key(own) },
      },
    ],
    validation_context: {
      trusted_ca: { filename: certificates.authority },
      match_typed_subject_alt_names: peers.map((peer) => ({ san_type: 'URI', matcher: { exact: spiffeId(peer) } })),
    },
  };
}

function cluster(name: string, port: number, transport?: object): object {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: hostPort(port) } }] }],
    },
    ...(transport !== undefined && {
      transport_socket: {
        name: 'envoy.transport_sockets.tls',
        typed_config: { '@type': at('extensions.transport_sockets.tls.v3.UpstreamTlsContext'), common_tls_context: transport },
      },
    }),
  }; // prettier-ignore
}

interface ListenerParts {
  readonly name: string;
  readonly port: number;
  readonly routes: readonly object[];
  readonly filters?: readonly unknown[];
  readonly accessLog: unknown;
  readonly transport?: object;
  readonly settings?: object;
}

function listener(parts: ListenerParts): object {
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: { '@type': at('extensions.filters.http.router.v3.Router') },
  };
  return {
    name: parts.name,
    address: hostPort(parts.port),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': at(manager),
              stat_prefix: parts.name,
              access_log: parts.accessLog,
              http_filters: [...(parts.filters ?? []), router],
              route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: parts.routes }] },
              ...parts.settings,
            },
          },
        ],
        ...(parts.transport !== undefined && {
          transport_socket: {
            name: 'envoy.transport_sockets.tls',
            typed_config: {
              '@type': at('extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
              require_client_certificate: true,
              common_tls_context: parts.transport,
            },
          },
        }),
      },
    ],
  };
}

const bootstrap = (admin: number, listeners: readonly object[], clusters: readonly object[]): object => ({
  admin: { address: hostPort(admin) },
  static_resources: { listeners, clusters },
});

const route = (prefix: string, to: string): object => ({ match: { prefix }, route: { cluster: to, timeout: '15s' } });
const outboundName = (callee: Service): string => `outbound|80||${callee}.${namespace}.svc.cluster.local`;

/** The gateway knows no token and logs in Envoy's own default format. */
export function gatewayConfig(context: EnvoyContext, log: string): object {
  const { ports } = context;
  return bootstrap(
    ports.gatewayAdmin,
    [
      listener({
        name: 'gateway',
        port: ports.gateway,
        routes: services.map((service) => route(routes[service], outboundName(service))),
        accessLog: [
          {
            name: 'envoy.access_loggers.file',
            typed_config: { '@type': at('extensions.access_loggers.file.v3.FileAccessLog'), path: log },
          },
        ],
        settings: snippet('envoy/request-id.yaml', {}) as object,
      }),
    ],
    services.map((service) =>
      cluster(outboundName(service), ports.services[service].inbound, tls(context, 'gateway', [service])),
    ),
  );
}

/** A sidecar: validates and logs what comes in over mTLS, and carries what its service sends to others. */
export function sidecarConfig(context: EnvoyContext, service: Service, log: string): object {
  const { ports, issuer, keycloakPort } = context;
  const own = ports.services[service];
  const accessLog = snippet('envoy/access-log.yaml', { ACCESS_LOG_PATH: log });
  const jwtAuthn = snippet('envoy/jwt-authn.yaml', { ISSUER: issuer, JWKS_CLUSTER: 'keycloak' });
  const callers = ['gateway', ...services.filter((other) => calls[other].includes(service))];
  const inbound = listener({
    name: 'inbound',
    port: own.inbound,
    routes: [route('/', 'inbound|80||')],
    filters: [jwtAuthn, scopePolicy(neededScope[service])],
    accessLog,
    transport: tls(context, service, callers),
  });
  const outbound = calls[service].map((callee) =>
    listener({
      name: `outbound-${callee}`,
      port: own.outbound[callee] ?? 0,
      routes: [route('/', outboundName(callee))],
      accessLog,
    }),
  );
  return bootstrap(
    own.admin,
    [inbound, ...outbound],
    [
      cluster('inbound|80||', own.app),
      cluster('keycloak', keycloakPort),
      ...calls[service].map((callee) =>
        cluster(outboundName(callee), ports.services[callee].inbound, tls(context, service, [callee])),
      ),
    ],
  );
}

/** RBAC on the claim that jwt_authn kept: the scope is a word of a list that blanks part. */
function scopePolicy(scope: string): object {
  const word = scope.replaceAll('.', '\\.');
  return {
    name: 'envoy.filters.http.rbac',
    typed_config: {
      '@type': at('extensions.filters.http.rbac.v3.RBAC'),
      rules: {
        action: 'ALLOW',
        policies: {
          'has-scope': {
            permissions: [{ any: true }],
            principals: [
              {
                metadata: {
                  filter: 'envoy.filters.http.jwt_authn',
                  path: [{ key: 'claims' }, { key: 'scope' }],
                  value: { string_match: { safe_regex: { regex: `(.* )?${word}( .*)?` } } },
                },
              },
            ],
          },
        },
      },
    },
  };
}
