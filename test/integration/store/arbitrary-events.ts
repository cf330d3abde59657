import fc from 'fast-check';
import {
  actions, aliasKinds, identityBases, networkKinds, outcomes, reasons, sourceKinds, tokenKinds, type TokenEvent,
} from '../../../ingest/event/token-event.js'; // prettier-ignore

/** Text that breaks careless encoders: quotes, escapes, control characters, SQL, long, non-ASCII, astral. */
const hostile = fc.constantFrom(
  "'; DROP TABLE token_events; --", '\\', '\\N', '\u0000', '\t\n\r', '{x:String}', '"', 'ключ', '鍵', '🗝️', '\u2028', 'a'.repeat(70),
  'é'.repeat(40), '__proto__', 'NULL', ' ',
); // prettier-ignore
/** Cutting may leave half of a pair behind, which UTF-8 cannot say. */
const wellFormed = (s: string): string => Buffer.from(s, 'utf8').toString('utf8');
const text = (max: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      { arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }), weight: 3 },
      { arbitrary: hostile, weight: 2 },
      { arbitrary: fc.string({ unit: 'binary-ascii', minLength: max, maxLength: max }), weight: 1 },
    )
    .map((s) => wellFormed(s.slice(0, max)));
const short = text(256);
const long = text(1024);
const list = fc.array(short, { maxLength: 5 });
const count = fc.oneof(fc.nat(), fc.maxSafeNat());
const time = fc
  .date({ min: new Date('1901-01-01T00:00:00Z'), max: new Date('2299-12-31T23:59:59Z'), noInvalidDate: true })
  .map((d) => d.toISOString());
/** Event times of a few years, as logs have; far ones are tested by themselves. */
const recent = fc
  .date({ min: new Date('2025-06-01T00:00:00Z'), max: new Date('2026-12-31T00:00:00Z'), noInvalidDate: true })
  .map((d) => d.toISOString());
const id22 = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/);

const partial = <T extends object>(
  model: { [K in keyof T]-?: fc.Arbitrary<Exclude<T[K], undefined>> },
  required: (keyof T)[],
): fc.Arbitrary<T> => {
  const record: fc.Arbitrary<unknown> = fc.record(model, { requiredKeys: required, noNullPrototype: true });
  return record as fc.Arbitrary<T>;
};

const alias = fc.record({ kind: fc.constantFrom(...aliasKinds), value: short }, { noNullPrototype: true });
const double = (min: number, max: number): fc.Arbitrary<number> =>
  // JSON has no minus zero.
  fc.double({ min, max, noNaN: true }).map((n) => (n === 0 ? 0 : n));

const token = partial<NonNullable<TokenEvent['token']>>(
  {
    token_uid: fc.constantFrom('A', 'B', 'C').map((c) => `tok_${c.repeat(22)}`),
    secret_fp: id22.map((s) => `fp_${s}`),
    fp_key_id: short,
    identity: fc.constantFrom(...identityBases),
    kind: fc.constantFrom(...tokenKinds),
    key_id: short,
    issuer: long,
    jti: short,
    audience: list,
    scopes: fc.array(fc.oneof(fc.constantFrom('read', 'write', 'admin', 'openid'), hostile), { maxLength: 5 }),
    issued_at: time,
    not_before: time,
    expires_at: time,
    algorithm: short,
    binding: fc.oneof(
      fc.record({ method: fc.constant('mtls' as const), x5t_s256: short }, { noNullPrototype: true }),
      fc.record({ method: fc.constant('dpop' as const), jkt: short }, { noNullPrototype: true }),
    ),
    display_name: short,
    aliases: fc.array(alias, { maxLength: 4 }),
    parent: alias,
  },
  ['token_uid', 'fp_key_id', 'identity', 'kind'],
);

const geo = partial<NonNullable<NonNullable<TokenEvent['client']>['geo']>>(
  { country_iso_code: text(2), city: short, latitude: double(-90, 90), longitude: double(-180, 180) },
  [],
);

/** Any event that the schema allows. */
export const arbitraryEvent: fc.Arbitrary<TokenEvent> = partial<TokenEvent>(
  {
    schema_version: fc.constant(1 as const),
    event_uid: fc.uuid(),
    time: recent,
    observed_time: recent,
    source: partial<TokenEvent['source']>(
      {
        product: fc.stringMatching(/^[a-z][a-z0-9_]{0,31}$/),
        instance: short,
        kind: fc.constantFrom(...sourceKinds),
        record_type: short,
      },
      ['product', 'instance', 'kind'],
    ),
    action: fc.constantFrom(...actions),
    outcome: fc.constantFrom(...outcomes),
    reason: fc.constantFrom(...reasons),
    reason_detail: long,
    token,
    principal: partial<NonNullable<TokenEvent['principal']>>(
      {
        principal_uid: long,
        kind: fc.constantFrom('user', 'client', 'service_account', 'role', 'workload', 'unknown'),
        id: long,
        name: long,
        client_id: long,
      },
      ['principal_uid', 'kind', 'id'],
    ),
    client: partial<NonNullable<TokenEvent['client']>>(
      {
        address: short,
        port: fc.integer({ min: 0, max: 65535 }),
        geo,
        asn: fc.integer({ min: 0, max: 0xffffffff }),
        as_name: short,
        network_name: short,
        network_kind: fc.constantFrom(...networkKinds),
      },
      ['address'],
    ),
    user_agent: long,
    user_agent_family: short,
    caller: partial<NonNullable<TokenEvent['caller']>>({ service: short, namespace: short, spiffe_id: long }, []),
    target: partial<NonNullable<TokenEvent['target']>>(
      {
        service: short, namespace: short, address: long, method: short, path: long, route: long,
        status: fc.integer({ min: 0, max: 999 }), request_bytes: count, response_bytes: count,
        duration_ms: double(0, 1e9),
      }, // prettier-ignore
      [],
    ),
    session_uid: short,
    trace: partial<NonNullable<TokenEvent['trace']>>({ trace_id: short, request_id: short }, []),
    direction: fc.constantFrom('inbound', 'outbound', 'edge'),
    transport: fc.constantFrom('tls', 'mtls', 'plaintext'),
    exposures: fc.array(fc.constantFrom('token_in_url', 'token_in_referer', 'token_in_log', 'token_in_cookie'), {
      maxLength: 4,
    }),
    attributes: fc.uniqueArray(fc.record({ key: text(64), value: long }, { noNullPrototype: true }), {
      maxLength: 4,
      selector: (a) => a.key,
    }),
  },
  ['schema_version', 'event_uid', 'time', 'observed_time', 'source', 'action', 'outcome'],
);

/** The row that an event must become, written down independently of the encoder. */
export function expectedRow(event: TokenEvent, partition: number, offset: bigint): Record<string, unknown> {
  const { token, principal, client, caller, target, trace } = event;
  return {
    event_uid: event.event_uid,
    time: event.time,
    observed_time: event.observed_time,
    log_partition: partition,
    log_offset: offset.toString(),
    source_product: event.source.product,
    source_instance: event.source.instance,
    source_kind: event.source.kind,
    record_type: event.source.record_type ?? '',
    action: event.action,
    outcome: event.outcome,
    reason: event.reason ?? '',
    reason_detail: event.reason_detail ?? '',
    token_uid: token?.token_uid ?? '',
    secret_fp: token?.secret_fp ?? '',
    fp_key_id: token?.fp_key_id ?? '',
    token_identity: token?.identity ?? '',
    token_kind: token?.kind ?? '',
    key_id: token?.key_id ?? '',
    issuer: token?.issuer ?? '',
    jti: token?.jti ?? '',
    audience: token?.audience ?? [],
    scopes: token?.scopes ?? [],
    issued_at: token?.issued_at ?? null,
    not_before: token?.not_before ?? null,
    expires_at: token?.expires_at ?? null,
    algorithm: token?.algorithm ?? '',
    binding_method: token?.binding?.method ?? '',
    binding_value:
      token?.binding === undefined ? '' : token.binding.method === 'mtls' ? token.binding.x5t_s256 : token.binding.jkt,
    token_name: token?.display_name ?? '',
    alias_kinds: (token?.aliases ?? []).map((a) => a.kind),
    alias_values: (token?.aliases ?? []).map((a) => a.value),
    parent_kind: token?.parent?.kind ?? '',
    parent_value: token?.parent?.value ?? '',
    principal_uid: principal?.principal_uid ?? '',
    principal_kind: principal?.kind ?? '',
    principal_id: principal?.id ?? '',
    principal_name: principal?.name ?? '',
    client_id: principal?.client_id ?? '',
    client_address: client?.address ?? '',
    client_port: client?.port ?? null,
    client_country: client?.geo?.country_iso_code ?? '',
    client_city: client?.geo?.city ?? '',
    client_latitude: client?.geo?.latitude ?? null,
    client_longitude: client?.geo?.longitude ?? null,
    client_asn: client?.asn ?? 0,
    client_as_name: client?.as_name ?? '',
    client_network_name: client?.network_name ?? '',
    client_network_kind: client?.network_kind ?? '',
    user_agent: event.user_agent ?? '',
    user_agent_family: event.user_agent_family ?? '',
    caller_service: caller?.service ?? '',
    caller_namespace: caller?.namespace ?? '',
    caller_spiffe_id: caller?.spiffe_id ?? '',
    target_service: target?.service ?? '',
    target_namespace: target?.namespace ?? '',
    target_address: target?.address ?? '',
    target_method: target?.method ?? '',
    target_path: target?.path ?? '',
    target_route: target?.route ?? '',
    target_status: target?.status ?? 0,
    request_bytes: target?.request_bytes ?? null,
    response_bytes: target?.response_bytes ?? null,
    duration_ms: target?.duration_ms ?? null,
    session_uid: event.session_uid ?? '',
    trace_id: trace?.trace_id ?? '',
    request_id: trace?.request_id ?? '',
    direction: event.direction ?? '',
    transport: event.transport ?? '',
    exposures: event.exposures ?? [],
    attributes: Object.fromEntries((event.attributes ?? []).map((a) => [a.key, a.value])),
  };
}
