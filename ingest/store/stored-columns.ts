/**
 * How stored events travel out of the store: a line for each, of JSON arrays with tabs between them (JSON writes a tab in
 * a text as `\t`). What one token, principal, source or client has in many events is an array of its own, so that its
 * text, which comes again, need be parsed once.
 */
export const storedGroups = {
  source: ['source_product', 'source_instance', 'source_kind', 'record_type'],
  token: [
    'token_uid', 'secret_fp', 'fp_key_id', 'token_identity', 'token_kind', 'key_id', 'issuer', 'jti', 'algorithm', 'binding_method',
    'binding_value', 'token_name', 'parent_kind', 'parent_value', 'issued_at', 'not_before', 'expires_at', 'audience', 'scopes',
    'alias_kinds', 'alias_values',
  ],
  principal: ['principal_uid', 'principal_kind', 'principal_id', 'principal_name', 'client_id'],
  client: [
    'client_address', 'client_country', 'client_city', 'client_latitude', 'client_longitude', 'client_asn', 'client_as_name',
    'client_network_name', 'client_network_kind',
  ],
  caller: ['caller_service', 'caller_namespace', 'caller_spiffe_id'],
  target: [
    'target_service', 'target_namespace', 'target_address', 'target_method', 'target_path', 'target_route', 'target_status',
    'request_bytes', 'response_bytes', 'duration_ms',
  ],
  rest: [
    'event_uid', 'time', 'observed_time', 'action', 'outcome', 'reason', 'reason_detail', 'client_port', 'user_agent',
    'user_agent_family', 'session_uid', 'trace_id', 'request_id', 'direction', 'transport', 'exposures', 'attributes',
  ],
} as const; // prettier-ignore

const times: ReadonlySet<string> = new Set(['time', 'observed_time', 'issued_at', 'not_before', 'expires_at']);
const valueOf = (column: string): string => (times.has(column) ? `toUnixTimestamp64Milli(${column})` : column);
const arrayOf = (columns: readonly string[]): string =>
  `formatRowNoNewline('JSONCompactEachRow', ${columns.map(valueOf).join(', ')})`;

/** SQL of the line of a row of token_events. */
export const storedLine = `concat(${Object.values(storedGroups).map(arrayOf).join(", '\\t', ")})`;
