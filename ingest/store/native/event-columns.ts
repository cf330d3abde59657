import {
  DictionaryColumn, ListColumn, NullableColumn, NumberColumn, StringColumn, UuidColumn, Wide64Column,
} from './columns.js'; // prettier-ignore

const dictionary = (): DictionaryColumn => new DictionaryColumn();
const text = (): StringColumn => new StringColumn();
const list = (): ListColumn => new ListColumn('Array(String)');
const time = (): Wide64Column => new Wide64Column("DateTime64(3, 'UTC')");
const wide = (): Wide64Column => new Wide64Column('UInt64');
const real = (): NumberColumn => new NumberColumn('Float64');
const small = (): NumberColumn => new NumberColumn('UInt16');

/** The columns of token_events, by name; a test holds them against the table that the migrations make. */
export function createEventColumns() {
  return {
    event_uid: new UuidColumn(),
    time: time(),
    observed_time: time(),
    log_partition: small(),
    log_offset: wide(),
    source_product: dictionary(),
    source_instance: dictionary(),
    source_kind: dictionary(),
    record_type: dictionary(),
    action: dictionary(),
    outcome: dictionary(),
    reason: dictionary(),
    reason_detail: dictionary(),
    token_uid: text(),
    secret_fp: text(),
    fp_key_id: dictionary(),
    token_identity: dictionary(),
    token_kind: dictionary(),
    key_id: dictionary(),
    issuer: dictionary(),
    jti: text(),
    audience: list(),
    scopes: list(),
    issued_at: new NullableColumn(time()),
    not_before: new NullableColumn(time()),
    expires_at: new NullableColumn(time()),
    algorithm: dictionary(),
    binding_method: dictionary(),
    binding_value: text(),
    token_name: dictionary(),
    alias_kinds: list(),
    alias_values: list(),
    parent_kind: dictionary(),
    parent_value: text(),
    principal_uid: dictionary(),
    principal_kind: dictionary(),
    principal_id: dictionary(),
    principal_name: dictionary(),
    client_id: dictionary(),
    client_address: dictionary(),
    client_port: new NullableColumn(small()),
    client_country: dictionary(),
    client_city: dictionary(),
    client_latitude: new NullableColumn(real()),
    client_longitude: new NullableColumn(real()),
    client_asn: new NumberColumn('UInt32'),
    client_as_name: dictionary(),
    client_network_name: dictionary(),
    client_network_kind: dictionary(),
    user_agent: dictionary(),
    user_agent_family: dictionary(),
    caller_service: dictionary(),
    caller_namespace: dictionary(),
    caller_spiffe_id: dictionary(),
    target_service: dictionary(),
    target_namespace: dictionary(),
    target_address: dictionary(),
    target_method: dictionary(),
    target_path: text(),
    target_route: dictionary(),
    target_status: small(),
    request_bytes: new NullableColumn(wide()),
    response_bytes: new NullableColumn(wide()),
    duration_ms: new NullableColumn(real()),
    session_uid: text(),
    trace_id: text(),
    request_id: text(),
    direction: dictionary(),
    transport: dictionary(),
    exposures: list(),
    attributes: new ListColumn('Map(String, String)'),
  };
}

export type EventColumns = ReturnType<typeof createEventColumns>;
