import { AppError } from '../../core/errors.js';
import type { TokenEvent, TokenFacts } from '../../event/token-event.js';
import type { PositionedEvent } from '../store.js';
import { ByteList } from './byte-list.js';
import type { Column, DictionaryColumn, StringColumn } from './columns.js';
import { createEventColumns, type EventColumns } from './event-columns.js';
import { storeTimeMs } from './event-time.js';

const ASN_MAX = 0xffff_ffff;

/**
 * Builds one ClickHouse Native block of token_events, event by event, so that the events themselves need not be kept.
 * Columnar and by hand: a text format would be parsed by the engine on one thread, which is several times slower.
 */
export class EventEncoder {
  private readonly columns: EventColumns = createEventColumns();
  private readonly list: readonly (readonly [string, Column])[] = Object.entries(this.columns);
  private rowCount = 0;
  private rowsBefore = 0;

  get rows(): number {
    return this.rowCount;
  }

  /** The most rows that a block of it had, for which it has memory. */
  get rowsMax(): number {
    return Math.max(this.rowsBefore, this.rowCount);
  }

  /** @throws AppError TQ_EVENT_INVALID if a time cannot be read: such an event never passed the schema. */
  add({ event, partition, offset }: PositionedEvent): void {
    const times = readTimes(event);
    const row = this.rowCount;
    const c = this.columns;
    c.event_uid.set(row, event.event_uid);
    c.time.set(row, times.time);
    c.observed_time.set(row, times.observed);
    c.log_partition.set(row, partition);
    c.log_offset.setBigint(row, offset);
    c.source_product.set(row, event.source.product);
    c.source_instance.set(row, event.source.instance);
    c.source_kind.set(row, event.source.kind);
    setText(c.record_type, row, event.source.record_type);
    c.action.set(row, event.action);
    c.outcome.set(row, event.outcome);
    setText(c.reason, row, event.reason);
    setText(c.reason_detail, row, event.reason_detail);
    setText(c.user_agent, row, event.user_agent);
    setText(c.user_agent_family, row, event.user_agent_family);
    setText(c.session_uid, row, event.session_uid);
    setText(c.direction, row, event.direction);
    setText(c.transport, row, event.transport);
    if (event.token !== undefined) this.setToken(row, event.token, times);
    if (event.principal !== undefined) this.setPrincipal(row, event.principal);
    if (event.client !== undefined) this.setClient(row, event.client);
    if (event.target !== undefined) this.setTarget(row, event.target);
    if (event.caller !== undefined) {
      setText(c.caller_service, row, event.caller.service);
      setText(c.caller_namespace, row, event.caller.namespace);
      setText(c.caller_spiffe_id, row, event.caller.spiffe_id);
    }
    if (event.trace !== undefined) {
      setText(c.trace_id, row, event.trace.trace_id);
      setText(c.request_id, row, event.trace.request_id);
    }
    if (event.exposures !== undefined) for (const exposure of event.exposures) c.exposures.add(row, exposure);
    if (event.attributes !== undefined)
      for (const { key, value } of event.attributes) c.attributes.add(row, key, value);
    this.rowCount = row + 1;
  }

  /** The block of all events added so far, in parts that are good until the next event; it can be made again. */
  encode(): readonly Uint8Array[] {
    const out = new ByteList();
    out.varint(this.list.length);
    out.varint(this.rowCount);
    for (const [name, column] of this.list) {
      out.string(name);
      out.string(column.type);
      column.write(out, this.rowCount);
    }
    return out.finish();
  }

  /** Begins the next block in the same memory. */
  clear(): void {
    for (const [, column] of this.list) column.clear(this.rowCount);
    this.rowsBefore = this.rowsMax;
    this.rowCount = 0;
  }

  private setToken(row: number, token: TokenFacts, times: EventTimes): void {
    const c = this.columns;
    c.token_uid.set(row, token.token_uid);
    setText(c.secret_fp, row, token.secret_fp);
    c.fp_key_id.set(row, token.fp_key_id);
    c.token_identity.set(row, token.identity);
    c.token_kind.set(row, token.kind);
    setText(c.key_id, row, token.key_id);
    setText(c.issuer, row, token.issuer);
    setText(c.jti, row, token.jti);
    setText(c.algorithm, row, token.algorithm);
    setText(c.token_name, row, token.display_name);
    if (token.audience !== undefined) for (const audience of token.audience) c.audience.add(row, audience);
    if (token.scopes !== undefined) for (const scope of token.scopes) c.scopes.add(row, scope);
    if (times.issued !== undefined) c.issued_at.set(row, times.issued);
    if (times.notBefore !== undefined) c.not_before.set(row, times.notBefore);
    if (times.expires !== undefined) c.expires_at.set(row, times.expires);
    if (token.binding !== undefined) {
      c.binding_method.set(row, token.binding.method);
      c.binding_value.set(row, token.binding.method === 'mtls' ? token.binding.x5t_s256 : token.binding.jkt);
    }
    if (token.aliases !== undefined) {
      for (const alias of token.aliases) {
        c.alias_kinds.add(row, alias.kind);
        c.alias_values.add(row, alias.value);
      }
    }
    if (token.parent !== undefined) {
      c.parent_kind.set(row, token.parent.kind);
      c.parent_value.set(row, token.parent.value);
    }
  }

  private setPrincipal(row: number, principal: NonNullable<TokenEvent['principal']>): void {
    const c = this.columns;
    c.principal_uid.set(row, principal.principal_uid);
    c.principal_kind.set(row, principal.kind);
    c.principal_id.set(row, principal.id);
    setText(c.principal_name, row, principal.name);
    setText(c.client_id, row, principal.client_id);
  }

  private setClient(row: number, client: NonNullable<TokenEvent['client']>): void {
    const c = this.columns;
    c.client_address.set(row, client.address);
    if (client.port !== undefined) c.client_port.set(row, client.port);
    // Larger is no AS number (RFC 6793: 32 bits) and is kept as unknown.
    if (client.asn !== undefined && client.asn <= ASN_MAX) c.client_asn.set(row, client.asn);
    setText(c.client_as_name, row, client.as_name);
    setText(c.client_network_name, row, client.network_name);
    setText(c.client_network_kind, row, client.network_kind);
    const { geo } = client;
    if (geo === undefined) return;
    setText(c.client_country, row, geo.country_iso_code);
    setText(c.client_city, row, geo.city);
    if (geo.latitude !== undefined) c.client_latitude.set(row, geo.latitude);
    if (geo.longitude !== undefined) c.client_longitude.set(row, geo.longitude);
  }

  private setTarget(row: number, target: NonNullable<TokenEvent['target']>): void {
    const c = this.columns;
    setText(c.target_service, row, target.service);
    setText(c.target_namespace, row, target.namespace);
    setText(c.target_address, row, target.address);
    setText(c.target_method, row, target.method);
    setText(c.target_path, row, target.path);
    setText(c.target_route, row, target.route);
    if (target.status !== undefined) c.target_status.set(row, target.status);
    if (target.request_bytes !== undefined) c.request_bytes.set(row, target.request_bytes);
    if (target.response_bytes !== undefined) c.response_bytes.set(row, target.response_bytes);
    if (target.duration_ms !== undefined) c.duration_ms.set(row, target.duration_ms);
  }
}

/** Milliseconds since the Unix epoch. */
interface EventTimes {
  readonly time: number;
  readonly observed: number;
  readonly issued: number | undefined;
  readonly notBefore: number | undefined;
  readonly expires: number | undefined;
}

/** All times of an event, read before anything of it is set: a row must not stay half set. */
function readTimes({ time, observed_time, token }: TokenEvent): EventTimes {
  return {
    time: readTime(time),
    observed: readTime(observed_time),
    issued: token?.issued_at === undefined ? undefined : readTime(token.issued_at),
    notBefore: token?.not_before === undefined ? undefined : readTime(token.not_before),
    expires: token?.expires_at === undefined ? undefined : readTime(token.expires_at),
  };
}

function readTime(text: string): number {
  const ms = storeTimeMs(text);
  if (Number.isNaN(ms)) throw new AppError('TQ_EVENT_INVALID', 'The store was given an event with no readable time.');
  return ms;
}

function setText(column: StringColumn | DictionaryColumn, row: number, text: string | undefined): void {
  if (text !== undefined && text !== '') column.set(row, text);
}
