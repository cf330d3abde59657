import { actions, networkKinds, outcomes, reasons, sourceKinds, tokenKinds } from '../../ingest/event/token-event.js';
import type { EntityKind } from '../core/finding.js';
import { ACCEPTED, FAILED, NETWORK, REQUEST } from '../core/reproduce.js';
import { Sql, sql } from './sql.js';

/**
 * `word`: compared exactly; `text`: without regard to case, as Sigma does; `number`; `flag`: true or false; `list`: has
 * several values.
 */
export type FieldKind = 'word' | 'text' | 'number' | 'flag' | 'list';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** Its expression over a row of the events. */
  readonly sql: Sql;
  /** Whether the event tells it. */
  readonly present: Sql;
  /** What a finding is about that this field groups. */
  readonly entity?: EntityKind;
  /** The only values that it can have. */
  readonly values?: readonly string[];
  /** True for what is stored as it is, and so can stand in the events of a test. */
  readonly stored: boolean;
}

/** Columns are ours, not a rule's: the one place where a name becomes SQL. */
const column = (name: string): Sql => new Sql([name]);

function plain(name: string, kind: FieldKind, more: Partial<Pick<Field, 'entity' | 'values'>> = {}): Field {
  const own = column(name);
  const present = {
    word: sql`${own} != ''`,
    text: sql`${own} != ''`,
    number: sql`${own} != 0`,
    flag: sql`1`,
    list: sql`notEmpty(${own})`,
  }[kind];
  return { name, kind, sql: own, present, stored: true, ...more };
}

/** A number that may be NULL: 0 stands for it in comparisons, and averages leave it out. */
function optional(name: string): Field {
  const own = column(name);
  return { name, kind: 'number', sql: sql`ifNull(${own}, 0)`, present: sql`isNotNull(${own})`, stored: true };
}

function derived(name: string, kind: 'word' | 'flag', text: string, more: Partial<Pick<Field, 'entity'>> = {}): Field {
  const own = new Sql([`(${text})`]);
  return {
    name,
    kind,
    sql: own,
    present: kind === 'flag' ? sql`1` : sql`client_address != ''`,
    stored: false,
    ...more,
  };
}

const all: readonly Field[] = [
  plain('source_product', 'word'),
  plain('source_instance', 'word', { entity: 'source' }),
  plain('source_kind', 'word', { values: sourceKinds }),
  plain('record_type', 'text'),
  plain('action', 'word', { values: actions }),
  plain('outcome', 'word', { values: outcomes }),
  plain('reason', 'word', { values: reasons }),
  plain('reason_detail', 'text'),
  plain('token_uid', 'word', { entity: 'token' }),
  plain('secret_fp', 'word'),
  plain('token_kind', 'word', { values: tokenKinds }),
  plain('key_id', 'word'),
  plain('issuer', 'word'),
  plain('jti', 'word'),
  plain('audience', 'list'),
  plain('scopes', 'list'),
  plain('algorithm', 'word'),
  plain('token_name', 'text'),
  plain('parent_value', 'word'),
  plain('principal_uid', 'word', { entity: 'principal' }),
  plain('principal_kind', 'word', { values: ['user', 'client', 'service_account', 'role', 'workload', 'unknown'] }),
  plain('principal_id', 'text'),
  plain('principal_name', 'text'),
  plain('client_id', 'word', { entity: 'client' }),
  plain('client_address', 'word', { entity: 'client_address' }),
  derived('client_network', 'word', NETWORK, { entity: 'client_address' }),
  plain('client_country', 'word'),
  plain('client_city', 'text'),
  plain('client_asn', 'number'),
  plain('client_as_name', 'text'),
  plain('client_network_name', 'word'),
  plain('client_network_kind', 'word', { values: networkKinds }),
  plain('user_agent', 'text'),
  plain('user_agent_family', 'word'),
  plain('caller_service', 'word', { entity: 'service' }),
  plain('caller_namespace', 'word'),
  plain('caller_spiffe_id', 'word'),
  plain('target_service', 'word', { entity: 'service' }),
  plain('target_namespace', 'word'),
  plain('target_address', 'text'),
  plain('target_method', 'text'),
  plain('target_path', 'text'),
  plain('target_route', 'text'),
  plain('target_status', 'number'),
  optional('request_bytes'),
  optional('response_bytes'),
  optional('duration_ms'),
  plain('session_uid', 'word', { entity: 'session' }),
  plain('trace_id', 'word'),
  plain('request_id', 'word'),
  plain('direction', 'word', { values: ['inbound', 'outbound', 'edge'] }),
  plain('transport', 'word', { values: ['tls', 'mtls', 'plaintext'] }),
  plain('exposures', 'list'),
  derived('is_request', 'flag', REQUEST),
  derived('is_failed', 'flag', FAILED),
  derived('is_accepted', 'flag', ACCEPTED),
];

/** Every field that a rule may name, by name. */
export const fields: ReadonlyMap<string, Field> = new Map(all.map((field) => [field.name, field]));
export const fieldNames: readonly string[] = all.map((field) => field.name);

/** @throws RangeError for a name that the schema let through by mistake. */
export function fieldOf(name: string): Field {
  const field = fields.get(name);
  if (field === undefined) throw new RangeError('not a field of rules');
  return field;
}

/** The value as text, to tell values apart and to show them. */
export const asText = ({ kind, sql: own }: Field): Sql =>
  kind === 'word' || kind === 'text' ? own : sql`toString(${own})`;
