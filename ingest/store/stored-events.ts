import { BoundedCache } from '../core/bounded-cache.js';
import { sharedFacts } from '../event/shared-facts.js';
import { formatTime } from '../event/time.js';
import type { TokenEvent } from '../event/token-event.js';

type Facts<Name extends keyof TokenEvent> = NonNullable<TokenEvent[Name]>;
type Told<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Without what was not told: empty texts, nulls, empty lists. */
function told<T extends object>(facts: Told<T>): T {
  const known: { -readonly [K in keyof T]?: T[K] | undefined } = {};
  for (const name in facts) {
    const value: unknown = facts[name];
    if (value === undefined || value === null || value === '') continue;
    if (Array.isArray(value) && value.length === 0) continue;
    known[name] = facts[name];
  }
  return known as T;
}

function toldOrNone<T extends object>(facts: Told<T>): T | undefined {
  const known = told(facts);
  for (const _ in known) return known;
  return undefined;
}

const timeOf = (ms: number | null): string | undefined => (ms === null ? undefined : formatTime(ms));

// What is written is what the schema of events allows, so the columns of each group below, in the order of stored-columns.ts, are
// taken for what they are in an event.

type SourceRow = readonly [Facts<'source'>['product'], string, Facts<'source'>['kind'], string];

const sourceOf = ([product, instance, kind, record_type]: SourceRow): Facts<'source'> =>
  told<Facts<'source'>>({ product, instance, kind, record_type });

type Token = Facts<'token'>;
type Alias = NonNullable<Token['aliases']>[number];
type TokenRow = readonly [
  token_uid: string, secret_fp: string, fp_key_id: string, identity: Token['identity'], kind: Token['kind'], key_id: string,
  issuer: string, jti: string, algorithm: string, binding_method: string, binding_value: string, display_name: string,
  parent_kind: Alias['kind'] | '', parent_value: string, issued: number | null, notBefore: number | null, expires: number | null,
  audience: readonly string[], scopes: readonly string[], aliasKinds: readonly Alias['kind'][], aliasValues: readonly string[],
]; // prettier-ignore

function tokenOf(row: TokenRow): Token | undefined {
  const [
    token_uid, secret_fp, fp_key_id, identity, kind, key_id, issuer, jti, algorithm, bindingMethod, bindingValue, display_name,
    parentKind, parentValue, issued, notBefore, expires, audience, scopes, aliasKinds, aliasValues,
  ] = row; // prettier-ignore
  if (token_uid === '') return undefined;
  return told<Token>({
    token_uid, secret_fp, fp_key_id, identity, kind, key_id, issuer, jti, audience, scopes,
    issued_at: timeOf(issued),
    not_before: timeOf(notBefore),
    expires_at: timeOf(expires),
    algorithm,
    binding: bindingOf(bindingMethod, bindingValue),
    display_name,
    aliases: aliasKinds.map((aliasKind, n) => ({ kind: aliasKind, value: aliasValues[n] ?? '' })),
    parent: parentKind === '' ? undefined : { kind: parentKind, value: parentValue },
  }); // prettier-ignore
}

function bindingOf(method: string, value: string): Token['binding'] {
  if (method === 'mtls') return { method, x5t_s256: value };
  return method === 'dpop' ? { method, jkt: value } : undefined;
}

type Principal = Facts<'principal'>;
type PrincipalRow = readonly [string, Principal['kind'], string, string, string];

const principalOf = ([principal_uid, kind, id, name, client_id]: PrincipalRow): Principal | undefined =>
  principal_uid === '' ? undefined : told<Principal>({ principal_uid, kind, id, name, client_id });

type Client = Facts<'client'>;
type ClientRow = readonly [
  address: string, country: string, city: string, latitude: number | null, longitude: number | null, asn: number, as_name: string,
  network_name: string, network_kind: NonNullable<Client['network_kind']>,
]; // prettier-ignore

function clientOf(row: ClientRow): Client | undefined {
  const [address, country_iso_code, city, latitude, longitude, asn, as_name, network_name, network_kind] = row;
  const geo = { country_iso_code, city, latitude: latitude ?? undefined, longitude: longitude ?? undefined };
  return toldOrNone<Client>({
    address, geo: toldOrNone(geo), asn: asn === 0 ? undefined : asn, as_name, network_name, network_kind,
  }); // prettier-ignore
}

const callerOf = ([service, namespace, spiffe_id]: readonly [string, string, string]): TokenEvent['caller'] =>
  toldOrNone<Facts<'caller'>>({ service, namespace, spiffe_id });

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

type TargetRow = readonly [
  service: string, namespace: string, address: string, method: string, path: string, route: string, status: number,
  request_bytes: number | null, response_bytes: number | null, duration_ms: number | null,
]; // prettier-ignore

function targetOf(row: TargetRow): TokenEvent['target'] {
  const [service, namespace, address, method, path, route, status, requestBytes, responseBytes, durationMs] = row;
  const target: Mutable<Facts<'target'>> = {};
  if (service !== '') target.service = service;
  if (namespace !== '') target.namespace = namespace;
  if (address !== '') target.address = address;
  if (method !== '') target.method = method;
  if (path !== '') target.path = path;
  if (route !== '') target.route = route;
  if (status !== 0) target.status = status;
  if (requestBytes !== null) target.request_bytes = requestBytes;
  if (responseBytes !== null) target.response_bytes = responseBytes;
  if (durationMs !== null) target.duration_ms = durationMs;
  for (const _ in target) return target;
  return undefined;
}

type Rest = readonly [
  event_uid: string, time: number, observed: number, action: TokenEvent['action'], outcome: TokenEvent['outcome'],
  reason: Facts<'reason'> | '', reason_detail: string, port: number | null, user_agent: string, user_agent_family: string,
  session_uid: string, trace_id: string, request_id: string, direction: Facts<'direction'> | '', transport: Facts<'transport'> | '',
  exposures: Facts<'exposures'>, attributes: Readonly<Record<string, string>>,
]; // prettier-ignore

/** A group of columns whose text comes again and again, with what it says. */
class Known<Row, V extends object | undefined> {
  readonly #known = new BoundedCache<{ readonly facts: V; isShared: boolean }>(TEXT_MAX);
  readonly #read: (row: Row) => V;

  constructor(read: (row: Row) => V) {
    this.#read = read;
  }

  of(text: string): V {
    const known = this.#known.get(text);
    if (known === undefined) {
      const facts = this.#read(JSON.parse(text) as Row);
      // A copy: a part of a text keeps the whole of it in memory.
      this.#known.set(Buffer.from(text).toString(), { facts, isShared: false });
      return facts;
    }
    if (!known.isShared) {
      known.isShared = true;
      if (known.facts !== undefined) sharedFacts(known.facts);
    }
    return known.facts;
  }
}

/** Characters of text in each of two generations, of each group: some ten thousand tokens. */
const TEXT_MAX = 4 << 20;

/** Reads events from the lines that stored-columns.ts makes of their rows. */
export class StoredEvents {
  readonly #source = new Known(sourceOf);
  readonly #token = new Known(tokenOf);
  readonly #principal = new Known(principalOf);
  readonly #client = new Known(clientOf);
  readonly #caller = new Known(callerOf);
  #line = '';
  #at = 0;

  /**
   * Whole lines, one event after the other: one that is done with need not wait for the rest. Events share what they have
   * in common; they must not change afterwards.
   */
  *each(lines: string): Generator<TokenEvent, void> {
    for (let from = 0; from < lines.length;) {
      const end = lines.indexOf('\n', from);
      const to = end < 0 ? lines.length : end;
      yield this.#event(lines.slice(from, to));
      from = to + 1;
    }
  }

  /** The same as a list. */
  read(lines: string): TokenEvent[] {
    return [...this.each(lines)];
  }

  #event(line: string): TokenEvent {
    this.#line = line;
    this.#at = 0;
    const source = this.#source.of(this.#next());
    const token = this.#token.of(this.#next());
    const principal = this.#principal.of(this.#next());
    const client = this.#client.of(this.#next());
    const caller = this.#caller.of(this.#next());
    const target = targetOf(JSON.parse(this.#next()) as TargetRow);
    const [
      event_uid, time, observed, action, outcome, reason, reason_detail, port, user_agent, user_agent_family, session_uid,
      trace_id, request_id, direction, transport, exposures, attributes,
    ] = JSON.parse(this.#next()) as Rest; // prettier-ignore
    const event: Mutable<TokenEvent> = {
      schema_version: 1,
      event_uid,
      time: formatTime(time),
      observed_time: formatTime(observed),
      source,
      action,
      outcome,
    };
    if (reason !== '') event.reason = reason;
    if (reason_detail !== '') event.reason_detail = reason_detail;
    if (token !== undefined) event.token = token;
    if (principal !== undefined) event.principal = principal;
    if (client !== undefined) event.client = port === null ? client : { ...client, port };
    if (user_agent !== '') event.user_agent = user_agent;
    if (user_agent_family !== '') event.user_agent_family = user_agent_family;
    if (caller !== undefined) event.caller = caller;
    if (target !== undefined) event.target = target;
    if (session_uid !== '') event.session_uid = session_uid;
    if (trace_id !== '' || request_id !== '') event.trace = told({ trace_id, request_id });
    if (direction !== '') event.direction = direction;
    if (transport !== '') event.transport = transport;
    if (exposures.length > 0) event.exposures = exposures;
    const pairs = Object.entries(attributes);
    if (pairs.length > 0) event.attributes = pairs.map(([key, value]) => ({ key, value }));
    return event;
  }

  /** The next group of the line. */
  #next(): string {
    const from = this.#at;
    const tab = this.#line.indexOf('\t', from);
    this.#at = tab + 1;
    return tab < 0 ? this.#line.slice(from) : this.#line.slice(from, tab);
  }
}
