import { z } from 'zod';

/**
 * THE contract: one auth event about one credential, as every collector makes it and every later part reads it.
 * The zod schema is the single source: the type, the validator, `docs/token-event.schema.json` and `docs/events.md`
 * follow from it. Optional means "the source did not say"; nothing is ever filled with a guess.
 */
export const SCHEMA_VERSION = 1;

/** Bounds of the free parts of an event; what is longer is cut before it enters an event. */
export const limits = {
  shortTextMax: 256,
  longTextMax: 1024,
  listMax: 64,
  attributesMax: 32,
} as const;

const short = z.string().max(limits.shortTextMax);
const long = z.string().max(limits.longTextMax);
const list = z.array(short).max(limits.listMax);
const time = z.iso.datetime({ precision: 3 });
const count = z.number().int().nonnegative();

export const sourceKinds = ['proxy', 'mesh', 'issuer', 'cloud'] as const;

export const actions = [
  'issue', 'refresh', 'exchange', 'use', 'introspect', 'revoke', 'expire', 'rotate', 'login', 'logout', 'grant',
  'create', 'delete', 'policy_change', 'admin', 'other',
] as const; // prettier-ignore

export const outcomes = ['success', 'failure', 'unknown'] as const;

/** RFC 6749 §5.2, RFC 6750 §3.1 and RFC 8693/9470 codes first, then what those leave unnamed. */
export const reasons = [
  'invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type',
  'invalid_scope', 'access_denied', 'server_error', 'temporarily_unavailable', 'invalid_token', 'insufficient_scope',
  'insufficient_user_authentication', 'missing_token', 'expired_token', 'revoked_token', 'invalid_signature',
  'token_reuse', 'invalid_credentials', 'user_not_found', 'user_disabled', 'mfa_required', 'mfa_failed', 'policy_denied',
  'rate_limited', 'not_found', 'upstream_error', 'client_error', 'other',
] as const; // prettier-ignore

export const tokenKinds = [
  'access_token', 'refresh_token', 'id_token', 'api_key', 'personal_access_token', 'session', 'access_key',
  'service_token', 'basic', 'client_certificate', 'unknown',
] as const; // prettier-ignore

export const aliasKinds = [
  'jti', 'sid', 'access_key_id', 'vault_accessor', 'vault_token_hmac', 'github_hashed_token', 'secret_fp', 'key_id',
  'refresh_jti', 'parent_access_key_id', 'previous_token_uid',
] as const; // prettier-ignore

/** What kind of network an address stands in: as the operator names it, by RFC 6890, or by the name of its AS. */
export const networkKinds = [
  'egress', 'office', 'vpn', 'proxy', 'hosting', 'partner', 'tor', 'private', 'shared', 'loopback', 'link_local', 'special',
] as const; // prettier-ignore

/** How the token's identity was learnt, strongest first; `forwarded` = claims told by the proxy. */
export const identityBases = ['jwt', 'session', 'aws', 'github', 'vault', 'key', 'opaque'] as const;

const alias = z.strictObject({
  kind: z.enum(aliasKinds).describe('What namespace the alias is of.'),
  value: short.describe('The alias; a secret is never one, only its fingerprint.'),
});

const binding = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('mtls'), x5t_s256: short.describe('RFC 8705 cnf.x5t#S256.') }),
  z.strictObject({ method: z.literal('dpop'), jkt: short.describe('RFC 9449 cnf.jkt.') }),
]);

const token = z.strictObject({
  token_uid: z
    .string()
    .regex(/^tok_[A-Za-z0-9_-]{22}$/)
    .describe('Name of the token: keyed HMAC over its canonical identity (docs/events.md, Identity).'),
  secret_fp: z
    .string()
    .regex(/^fp_[A-Za-z0-9_-]{22}$/)
    .optional()
    .describe('Keyed HMAC of the exact bytes presented.'),
  fp_key_id: short.describe('Which HMAC key made token_uid and secret_fp.'),
  identity: z.enum(identityBases).describe('What the token_uid was derived from.'),
  kind: z.enum(tokenKinds),
  key_id: short
    .optional()
    .describe('The issuer’s own non-secret name of the key: kid, AWS access key id, Kong credential id.'),
  issuer: long.optional().describe('RFC 7519 iss, or the issuing product’s instance.'),
  jti: short.optional().describe('RFC 7519 jti.'),
  audience: list.optional().describe('RFC 7519 aud.'),
  scopes: list.optional().describe('RFC 6749 scope, split.'),
  issued_at: time.optional().describe('RFC 7519 iat.'),
  not_before: time.optional().describe('RFC 7519 nbf.'),
  expires_at: time.optional().describe('RFC 7519 exp.'),
  algorithm: short.optional().describe('RFC 7515 alg.'),
  binding: binding.optional().describe('Sender constraint, RFC 7800 cnf.'),
  display_name: short.optional().describe('A name for people.'),
  aliases: z.array(alias).max(limits.listMax).optional().describe('Other names of the same token.'),
  parent: alias.optional().describe('The credential that this one was made from.'),
});

const principal = z.strictObject({
  principal_uid: z
    .string()
    .max(1024)
    .describe('Stable parent: issuer + client_id / sub / role / service account / SPIFFE id.'),
  kind: z.enum(['user', 'client', 'service_account', 'role', 'workload', 'unknown']),
  id: long.describe('RFC 7519 sub, ARN, user id.'),
  name: long.optional().describe('Login or display name.'),
  client_id: long.optional().describe('RFC 6749 client_id / azp.'),
});

const geo = z.strictObject({
  country_iso_code: z.string().max(2).optional(),
  city: short.optional(),
  latitude: z.number().min(-90).max(90).optional(),
  longitude: z.number().min(-180).max(180).optional(),
});

const client = z.strictObject({
  address: short.describe('OTel client.address: IP, or host name where the source logs one.'),
  port: z.number().int().min(0).max(65535).optional(),
  geo: geo.optional(),
  asn: count.optional().describe('OTel/ECS as.number.'),
  as_name: short.optional(),
  network_name: short.optional().describe('The operator’s own name of the network (enrich.networks).'),
  network_kind: z.enum(networkKinds).optional().describe('What kind of network that is.'),
});

const workload = z.strictObject({
  service: short.optional().describe('OTel service.name of the caller.'),
  namespace: short.optional().describe('OTel service.namespace.'),
  spiffe_id: long.optional(),
});

const target = z.strictObject({
  service: short.optional().describe('OTel service.name of the callee.'),
  namespace: short.optional(),
  address: long.optional().describe('OTel server.address: host or authority.'),
  method: short.optional().describe('OTel http.request.method, or the API operation.'),
  path: long.optional().describe('OTel url.path, redacted, without query.'),
  route: long.optional().describe('OTel http.route: the path with its variable parts templated.'),
  status: z.number().int().min(0).max(999).optional().describe('OTel http.response.status_code.'),
  request_bytes: count.optional(),
  response_bytes: count.optional().describe('OTel http.response.body.size, bytes.'),
  duration_ms: z.number().nonnegative().optional(),
});

const attribute = z.strictObject({ key: z.string().max(64), value: long });

export const tokenEventSchema = z
  .strictObject({
    schema_version: z.literal(SCHEMA_VERSION),
    event_uid: z
      .guid()
      .describe('Deterministic UUIDv8 (RFC 9562): the source’s own id, else the record and its position.'),
    time: time.describe('When it happened, by the source’s clock; UTC, milliseconds.'),
    observed_time: time.describe('When the collector read it.'),
    source: z.strictObject({
      product: z
        .string()
        .regex(/^[a-z][a-z0-9_]{0,31}$/)
        .describe('Parser name: nginx, envoy, keycloak …'),
      instance: short.describe('Which one of them.'),
      kind: z.enum(sourceKinds),
      record_type: short.optional().describe('The product’s own name of the record type.'),
    }),
    action: z.enum(actions),
    outcome: z.enum(outcomes),
    reason: z
      .enum(reasons)
      .optional()
      .describe('RFC 6749/6750 error code where one exists; only with failure or unknown.'),
    reason_detail: long.optional().describe('The product’s own words, redacted.'),
    token: token.optional(),
    principal: principal.optional(),
    client: client.optional(),
    user_agent: long.optional().describe('OTel user_agent.original.'),
    user_agent_family: short.optional().describe('OTel user_agent.name: the program without its version.'),
    caller: workload.optional(),
    target: target.optional(),
    session_uid: short.optional().describe('The issuer’s session id.'),
    trace: z
      .strictObject({ trace_id: short.optional(), request_id: short.optional() })
      .optional()
      .describe('W3C trace id; x-request-id.'),
    direction: z.enum(['inbound', 'outbound', 'edge']).optional().describe('Which side of the hop the proxy stood on.'),
    transport: z.enum(['tls', 'mtls', 'plaintext']).optional(),
    exposures: z
      .array(z.enum(['token_in_url', 'token_in_referer', 'token_in_log', 'token_in_cookie']))
      .max(8)
      .optional()
      .describe('A secret stood where it must not; the secret itself is gone.'),
    attributes: z.array(attribute).max(limits.attributesMax).optional().describe('Bounded, redacted rest.'),
  })
  .meta({ id: 'TokenEvent', description: 'One auth event about one credential.' });

type DeepReadonly<T> = T extends (infer U)[]
  ? readonly DeepReadonly<U>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** Types drop `undefined` from optionals: a key is there with a value, or it is not there. */
type Exact<T> = T extends readonly (infer U)[]
  ? readonly Exact<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Exact<Exclude<T[K], undefined>> }
    : T;

export type TokenEvent = Exact<DeepReadonly<z.infer<typeof tokenEventSchema>>>;
export type TokenFacts = NonNullable<TokenEvent['token']>;
export type PrincipalFacts = NonNullable<TokenEvent['principal']>;
export type Action = TokenEvent['action'];
export type Outcome = TokenEvent['outcome'];
export type Reason = NonNullable<TokenEvent['reason']>;
export type SourceKind = TokenEvent['source']['kind'];
export type NetworkKind = (typeof networkKinds)[number];
export type TokenKind = TokenFacts['kind'];
