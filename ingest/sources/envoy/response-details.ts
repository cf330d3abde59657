import type { Reason } from '../../event/token-event.js';

/** Envoy's jwt_verify_lib status texts, with the underscores that newer versions put for spaces. */
const jwtReasons: readonly (readonly [string, Reason])[] = [
  ['jwt_is_missing', 'missing_token'],
  ['jwt_is_expired', 'expired_token'],
  ['jwt_verification_fails', 'invalid_signature'],
  ['ed25519_signature', 'invalid_signature'],
  ['jwks_remote_fetch', 'server_error'],
];

/** Flags of an answer that Envoy made because the upstream gave none (access log docs, RESPONSE_FLAGS). */
const upstreamFlags = new Set([
  'UF', 'UH', 'UO', 'URX', 'UT', 'UC', 'UR', 'UPE', 'UMSDR', 'LR', 'LH', 'NC', 'UnhealthyUpstream', 'OM', 'DF',
]); // prettier-ignore

const flagReasons: ReadonlyMap<string, Reason> = new Map([
  ['UAEX', 'access_denied'],
  ['RL', 'rate_limited'],
  ['RLSE', 'server_error'],
  ['NR', 'not_found'],
  ['DPE', 'invalid_request'],
  ['IH', 'invalid_request'],
]);

/**
 * Whether Envoy answered in place of the upstream. It refuses a call of gRPC with status 200 and tells why in the trailers, and
 * ext_authz may send a browser to a login page, so that the status says nothing.
 */
export function isRefusedByEnvoy(details: string | undefined, flags: string | undefined): boolean {
  // Nearly all lines.
  if (flags === undefined && (details === undefined || details === 'via_upstream')) return false;
  const text = (details ?? '').slice(0, 256).toLowerCase().replaceAll(' ', '_');
  return ownRefusal.test(text) || /(?:^|,)(?:UAEX|RL)(?:,|$)/.test(flags ?? '');
}

const ownFailure = /^(?:upstream_reset_before_response_started|no_healthy_upstream|cluster_not_found)/;
const ownRefusal =
  /^(?:jwt_authn_access_denied|rbac_access_denied|ext_authz_(?:denied|error)|(?:local|request)_rate_limited|route_not_found|upstream_reset_before_response_started|no_healthy_upstream|cluster_not_found)/;

/**
 * What Envoy's response-code details and flags say about a refusal, where they say more than the status does.
 *
 * @param details `%RESPONSE_CODE_DETAILS%`, or the connection's termination details of a TCP line.
 * @param status of the answer; tells ext_authz's 401 from its 403.
 */
export function refusalReason(
  details: string | undefined,
  flags: string | undefined,
  status: number | undefined,
): Reason | undefined {
  const text = (details ?? '').slice(0, 256).toLowerCase().replaceAll(' ', '_');
  if (text.startsWith('jwt_authn_access_denied')) {
    return jwtReasons.find(([words]) => text.includes(words))?.[1] ?? 'invalid_token';
  }
  if (text.startsWith('rbac_access_denied')) return 'policy_denied';
  if (text.startsWith('ext_authz_error')) return 'server_error';
  if (text.startsWith('ext_authz_denied')) return status === 401 ? 'invalid_token' : 'access_denied';
  if (text.includes('rate_limited')) return 'rate_limited';
  if (text.startsWith('route_not_found')) return 'not_found';
  for (const flag of (flags ?? '').split(',', 16)) {
    const reason = flagReasons.get(flag);
    if (reason === 'access_denied' && status === 401) return 'invalid_token';
    if (reason !== undefined) return reason;
    if (upstreamFlags.has(flag)) return 'upstream_error';
  }
  return ownFailure.test(text) ? 'upstream_error' : undefined;
}
