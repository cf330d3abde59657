import { z } from 'zod';
import { formatTime } from '../event/time.js';
import type { TokenEvent, TokenFacts } from '../event/token-event.js';
import { defineQuery } from './query.js';

/** A row of token_events as the query below gives it: empty texts, zeros and nulls for what the source did not say. */
interface StoredRow {
  readonly uid: string;
  readonly time_ms: number;
  readonly observed_ms: number;
  readonly issued_ms: number | null;
  readonly not_before_ms: number | null;
  readonly expires_ms: number | null;
  readonly client_port: number | null;
  readonly client_latitude: number | null;
  readonly client_longitude: number | null;
  readonly client_asn: number;
  readonly target_status: number;
  readonly request_bytes: number | null;
  readonly response_bytes: number | null;
  readonly duration_ms: number | null;
  readonly audience: readonly string[];
  readonly scopes: readonly string[];
  readonly alias_kinds: readonly string[];
  readonly alias_values: readonly string[];
  readonly exposures: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly texts: readonly string[];
}

/** Columns of text, in the order in which `texts` holds them. */
const textColumns = [
  'source_product', 'source_instance', 'source_kind', 'record_type', 'action', 'outcome', 'reason', 'reason_detail',
  'token_uid', 'secret_fp', 'fp_key_id', 'token_identity', 'token_kind', 'key_id', 'issuer', 'jti', 'algorithm',
  'binding_method', 'binding_value', 'token_name', 'parent_kind', 'parent_value', 'principal_uid', 'principal_kind',
  'principal_id', 'principal_name', 'client_id', 'client_address', 'client_country', 'client_city', 'client_as_name',
  'client_network_name', 'client_network_kind', 'user_agent', 'user_agent_family', 'caller_service', 'caller_namespace', 'caller_spiffe_id', 'target_service', 'target_namespace',
  'target_address', 'target_method', 'target_path', 'target_route', 'session_uid', 'trace_id', 'request_id', 'direction',
  'transport',
] as const; // prettier-ignore
type TextColumn = (typeof textColumns)[number];
const placeOf = Object.fromEntries(textColumns.map((name, n) => [name, n])) as Readonly<Record<TextColumn, number>>;

/** Rows by the hundred thousand are not held against a schema field by field; their shape is that of this file's SQL. */
const rowSchema = z.custom<StoredRow>(
  (row) => typeof row === 'object' && row !== null && 'texts' in row && Array.isArray(row.texts),
);

const columns = [
  'toString(event_uid) AS uid',
  'toUnixTimestamp64Milli(time) AS time_ms',
  'toUnixTimestamp64Milli(observed_time) AS observed_ms',
  'toUnixTimestamp64Milli(issued_at) AS issued_ms',
  'toUnixTimestamp64Milli(not_before) AS not_before_ms',
  'toUnixTimestamp64Milli(expires_at) AS expires_ms',
  'client_port, client_latitude, client_longitude, client_asn, target_status, request_bytes, response_bytes, duration_ms',
  'audience, scopes, alias_kinds, alias_values, exposures, attributes',
  `[${textColumns.map((name) => `toString(${name})`).join(', ')}] AS texts`,
].join(', ');

const at = (name: string): string => `parseDateTime64BestEffort({${name}:String}, 3, 'UTC')`;

const inOrder = (where: string): string =>
  [
    `SELECT ${columns} FROM token_events`,
    `WHERE time >= ${at('from')} AND time < ${at('to')} AND toDate(time) >= toDate(${at('from')}) AND toDate(time) <= toDate(${at('to')})`,
    `${where} ORDER BY time, event_uid`,
  ].join(' ');

const span = z.object({ from: z.string(), to: z.string() });

/** Events of a span in order of time; to be streamed. */
export const storedEventsQuery = defineQuery({
  name: 'stored_events',
  sql: inOrder(''),
  params: span,
  row: rowSchema,
});

/** Days of a span on which anything happened, in order, with how much. */
export const storedDaysQuery = defineQuery({
  name: 'stored_days',
  sql: `SELECT toUnixTimestamp64Milli(toDateTime64(toDate(time), 3, 'UTC')) AS day_ms, toUInt32(count()) AS events FROM token_events
WHERE time >= ${at('from')} AND time < ${at('to')} GROUP BY day_ms ORDER BY day_ms`,
  params: span,
  row: z.object({ day_ms: z.number(), events: z.number() }),
});

const ofEntity = (column: 'token_uid' | 'principal_uid') =>
  defineQuery({
    name: `stored_events_of_${column}`,
    sql: inOrder(`AND ${column} = {uid:String}`),
    params: span.extend({ uid: z.string() }),
    row: rowSchema,
  });

/** Those of one entity, to be streamed. */
export const storedEventsOf = { token: ofEntity('token_uid'), principal: ofEntity('principal_uid') } as const;

export const storedEventQuery = defineQuery({
  name: 'stored_event',
  sql: `SELECT ${columns} FROM token_events WHERE event_uid = toUUID({uid:String}) LIMIT 1`,
  params: z.object({ uid: z.string() }),
  row: rowSchema,
});

type Told<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Without what was not told. */
function told<T extends object>(facts: Told<T>): T {
  const known: { -readonly [K in keyof T]?: T[K] | undefined } = {};
  for (const name in facts) {
    const value: unknown = facts[name];
    if (value !== undefined && value !== '') known[name] = facts[name];
  }
  return known as T;
}

const time = (ms: number | null): string | undefined => (ms === null ? undefined : formatTime(ms));
const filled = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);

/** The event that was stored, as `EventEncoder` wrote it. */
export function fromStored(row: StoredRow): TokenEvent {
  const text = (name: TextColumn): string => row.texts[placeOf[name]] ?? '';
  const attributes = Object.entries(row.attributes).map(([key, value]) => ({ key, value }));
  const status = row.target_status === 0 ? undefined : row.target_status;
  const target = {
    service: text('target_service'), namespace: text('target_namespace'), address: text('target_address'),
    method: text('target_method'), path: text('target_path'), route: text('target_route'), status,
    request_bytes: row.request_bytes ?? undefined, response_bytes: row.response_bytes ?? undefined, duration_ms: row.duration_ms ?? undefined,
  }; // prettier-ignore
  const caller = { service: text('caller_service'), namespace: text('caller_namespace'), spiffe_id: text('caller_spiffe_id') };
  const trace = { trace_id: text('trace_id'), request_id: text('request_id') };
  // What is written is what the schema of events allows; the columns are plain text.
  return told<TokenEvent>({
    schema_version: 1,
    event_uid: row.uid,
    time: formatTime(row.time_ms),
    observed_time: formatTime(row.observed_ms),
    source: told({
      product: text('source_product'), instance: text('source_instance'), kind: text('source_kind'), record_type: text('record_type'),
    }) as TokenEvent['source'],
    action: text('action') as TokenEvent['action'],
    outcome: text('outcome') as TokenEvent['outcome'],
    reason: text('reason') as NonNullable<TokenEvent['reason']>,
    reason_detail: text('reason_detail'),
    token: text('token_uid') === '' ? undefined : tokenOf(row, text),
    principal: text('principal_uid') === '' ? undefined : principalOf(text),
    client: text('client_address') === '' ? undefined : clientOf(row, text),
    user_agent: text('user_agent'),
    user_agent_family: text('user_agent_family'),
    caller: isEmpty(caller) ? undefined : told(caller),
    target: isEmpty(target) ? undefined : told(target),
    session_uid: text('session_uid'),
    trace: isEmpty(trace) ? undefined : told(trace),
    direction: text('direction') as NonNullable<TokenEvent['direction']>,
    transport: text('transport') as NonNullable<TokenEvent['transport']>,
    exposures: filled(row.exposures) as TokenEvent['exposures'],
    attributes: filled(attributes),
  });
} // prettier-ignore

function isEmpty(facts: Readonly<Record<string, unknown>>): boolean {
  for (const name in facts) if (facts[name] !== undefined && facts[name] !== '') return false;
  return true;
}

function tokenOf(row: StoredRow, text: (name: TextColumn) => string): TokenFacts {
  const aliases = row.alias_kinds.map((kind, n) => ({ kind, value: row.alias_values[n] ?? '' }));
  const parent = text('parent_kind') === '' ? undefined : { kind: text('parent_kind'), value: text('parent_value') };
  return told<TokenFacts>({
    token_uid: text('token_uid'),
    secret_fp: text('secret_fp'),
    fp_key_id: text('fp_key_id'),
    identity: text('token_identity') as TokenFacts['identity'],
    kind: text('token_kind') as TokenFacts['kind'],
    key_id: text('key_id'),
    issuer: text('issuer'),
    jti: text('jti'),
    audience: filled(row.audience),
    scopes: filled(row.scopes),
    issued_at: time(row.issued_ms),
    not_before: time(row.not_before_ms),
    expires_at: time(row.expires_ms),
    algorithm: text('algorithm'),
    binding: bindingOf(text('binding_method'), text('binding_value')),
    display_name: text('token_name'),
    aliases: filled(aliases) as TokenFacts['aliases'],
    parent: parent as TokenFacts['parent'],
  });
}

function bindingOf(method: string, value: string): TokenFacts['binding'] {
  if (method === 'mtls') return { method, x5t_s256: value };
  return method === 'dpop' ? { method, jkt: value } : undefined;
}

function principalOf(text: (name: TextColumn) => string): NonNullable<TokenEvent['principal']> {
  return told<NonNullable<TokenEvent['principal']>>({
    principal_uid: text('principal_uid'),
    kind: text('principal_kind') as NonNullable<TokenEvent['principal']>['kind'],
    id: text('principal_id'),
    name: text('principal_name'),
    client_id: text('client_id'),
  });
}

function clientOf(row: StoredRow, text: (name: TextColumn) => string): NonNullable<TokenEvent['client']> {
  const geo = {
    country_iso_code: text('client_country'),
    city: text('client_city'),
    latitude: row.client_latitude ?? undefined,
    longitude: row.client_longitude ?? undefined,
  };
  return told<NonNullable<TokenEvent['client']>>({
    address: text('client_address'),
    port: row.client_port ?? undefined,
    geo: isEmpty(geo) ? undefined : told(geo),
    asn: row.client_asn === 0 ? undefined : row.client_asn,
    as_name: text('client_as_name'),
    network_name: text('client_network_name'),
    network_kind: text('client_network_kind') as NonNullable<TokenEvent['client']>['network_kind'],
  });
}
