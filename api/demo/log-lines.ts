import type { SampleRequest, SampleTraffic } from './sample-traffic.js';
import type { TokenHolder } from './mesh.js';

/** Writes sample requests as the products would log them: Envoy JSON at each service, NGINX at the edge, Keycloak. */
export const sampleIssuer = 'https://id.example.com/realms/shop';

/** The JSON access log that deploy/envoy shows: claims come from the JWT that the proxy validated. */
export function envoyLine(r: SampleRequest): string {
  const refused = r.status === 403;
  return JSON.stringify({
    start_time: new Date(r.timeMs).toISOString(),
    method: r.method,
    path: r.path,
    authority: `${r.service}.shop.svc:8080`,
    protocol: 'HTTP/2',
    response_code: r.status,
    response_flags: r.status === 503 ? 'UF' : '-',
    response_code_details: refused ? 'rbac_access_denied_matched_policy[none]' : 'via_upstream',
    duration: r.durationMs,
    bytes_received: 0,
    bytes_sent: r.bytes,
    downstream_remote_address: `${r.address}:${String(30_000 + (r.timeMs % 20_000))}`,
    downstream_peer_uri_san: `spiffe://shop/ns/default/sa/${r.holder.caller}`,
    user_agent: r.userAgent,
    request_id: requestId(r),
    upstream_cluster: `inbound|8080|http|${r.service}.shop.svc`,
    direction: 'inbound',
    jwt_iss: sampleIssuer,
    jwt_sub: r.holder.name,
    jwt_jti: r.holder.jti,
    jwt_sid: r.holder.kind === 'human' ? r.holder.sid : undefined,
    jwt_client_id: r.holder.kind === 'machine' ? r.holder.name : 'web',
    jwt_scope: r.holder.scope,
  });
}

function requestId(r: SampleRequest): string {
  const tail = (r.timeMs % 0xffffffffffff).toString(16).padStart(12, '0');
  return `${r.holder.jti.slice(0, 23)}-${tail}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');

/** NGINX `combined`. It knows no token: it feeds edges and addresses only. */
export function nginxLine(r: SampleRequest): string {
  const t = new Date(r.timeMs);
  const stamp = `${two(t.getUTCDate())}/${months[t.getUTCMonth()] ?? ''}/${String(t.getUTCFullYear())}:${two(t.getUTCHours())}:${two(t.getUTCMinutes())}:${two(t.getUTCSeconds())} +0000`;
  return `${r.address} - - [${stamp}] "${r.method} ${r.path} HTTP/1.1" ${String(r.status)} ${String(r.bytes)} "-" "${r.userAgent}"`;
}

/** Keycloak's jboss-logging line for the issue of a token. */
export function keycloakLine(holder: TokenHolder, timeMs: number): string {
  const stamp = new Date(timeMs).toISOString().replace('T', ' ').replace('.', ',').replace('Z', '');
  const type = holder.kind === 'machine' ? 'CLIENT_LOGIN' : 'CODE_TO_TOKEN';
  const clientId = holder.kind === 'machine' ? holder.name : 'web';
  return (
    `${stamp} DEBUG [org.keycloak.events] (executor-thread-1) type="${type}", realmId="shop", realmName="shop", clientId="${clientId}", ` +
    `userId="${holder.name}", sessionId="${holder.sid}", ipAddress="${holder.address}", token_id="${holder.jti}", ` +
    `grant_type="${holder.kind === 'machine' ? 'client_credentials' : 'authorization_code'}", scope="${holder.scope}"`
  );
}

export interface SampleFile {
  readonly name: string;
  readonly product: string;
  readonly instance: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

/** The sample traffic as log files, one per product instance. */
export function toSampleFiles(traffic: SampleTraffic): readonly SampleFile[] {
  const envoy = new Map<string, string[]>();
  const edge: string[] = [];
  for (const r of traffic.requests) {
    const lines = envoy.get(r.service) ?? [];
    if (lines.length === 0) envoy.set(r.service, lines);
    lines.push(envoyLine(r));
    if (r.holder.caller === 'edge') edge.push(nginxLine(r));
  }
  const first = traffic.requests[0]?.timeMs ?? 0;
  const issued = traffic.holders.map((holder, i) => keycloakLine(holder, first - 60_000 * 60 + i * 1000));
  return [
    {
      name: 'keycloak.log',
      product: 'keycloak',
      instance: 'id.example.com',
      options: { issuer: sampleIssuer },
      lines: issued,
    },
    { name: 'edge-access.log', product: 'nginx', instance: 'edge', options: { format: 'combined' }, lines: edge },
    ...[...envoy].map(([service, lines]) => ({
      name: `envoy-${service}.log`,
      product: 'envoy',
      instance: service,
      options: { format: 'json' },
      lines,
    })),
  ];
}
