import type { TokenEvent } from '../../ingest/event/token-event.js';
import { networkOf } from '../core/network.js';
import { NETWORK, sqlText } from '../core/reproduce.js';
import { agentFamily } from '../core/user-agent.js';

/** One thing that a use says of its holder or of its purpose. */
export interface Dimension {
  readonly name: string;
  /** `where`: from which place; `what`: by which program for what. A theft changes both at once, a release only `what`. */
  readonly side: 'where' | 'what';
  /** For the summary. */
  readonly label: string;
  /** Values that are remembered. */
  readonly max: number;
  /** The value in an event; empty where it is not told. */
  readonly of: (event: TokenEvent) => string;
  /** Condition of `events_v1` for the value of this event. */
  readonly condition: (event: TokenEvent) => string;
}

const reads: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const writes: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const list = (texts: ReadonlySet<string>): string => [...texts].map(sqlText).join(', ');

function methodClass({ target }: TokenEvent): string {
  const method = target?.method ?? '';
  return reads.has(method) ? 'read' : writes.has(method) ? 'write' : '';
}

const text = (column: string, value: (event: TokenEvent) => string) => ({
  of: value,
  condition: (event: TokenEvent): string => `${column} = ${sqlText(value(event))}`,
});

/** A list of scopes or audiences is one value, so that a token with less of them is known by its own set. */
const set = (column: string, value: (event: TokenEvent) => readonly string[] | undefined) => ({
  of: (event: TokenEvent): string => [...(value(event) ?? [])].sort().join(' '),
  condition: (event: TokenEvent): string =>
    `arraySort(${column}) = arraySort([${[...(value(event) ?? [])].map(sqlText).join(', ')}])`,
});

/** The AS where a database knows it, else the network: a home connection changes its address, not its provider. */
const network: Pick<Dimension, 'of' | 'condition'> = {
  of: ({ client }) =>
    client === undefined ? '' : client.asn === undefined ? networkOf(client.address) : `AS${client.asn}`,
  condition: ({ client }) =>
    client?.asn === undefined
      ? `client_asn = 0 AND ${NETWORK} = ${sqlText(networkOf(client?.address ?? ''))}`
      : `client_asn = ${client.asn}`,
};

/** In the order in which a state keeps them; raise the detector's version when it changes. */
export const dimensions: readonly Dimension[] = [
  { name: 'network', side: 'where', label: 'network', max: 16, ...network },
  { name: 'country', side: 'where', label: 'country', max: 8, ...text('client_country', (e) => e.client?.geo?.country_iso_code ?? '') },
  {
    name: 'agent', side: 'what', label: 'program', max: 8,
    of: (e) => agentFamily(e.user_agent),
    // Families are made from the text in code; the store knows the texts.
    condition: (e) => `user_agent = ${sqlText(e.user_agent ?? '')}`,
  },
  { name: 'caller', side: 'where', label: 'calling workload', max: 8, ...text('caller_service', (e) => e.caller?.service ?? '') },
  { name: 'target', side: 'what', label: 'service', max: 16, ...text('target_service', (e) => e.target?.service ?? '') },
  {
    name: 'route', side: 'what', label: 'route', max: 32,
    of: ({ target: t }) => (t?.route === undefined ? '' : `${t.service ?? ''} ${t.method ?? ''} ${t.route}`),
    condition: ({ target: t }) =>
      `(target_service, target_method, target_route) = (${[t?.service, t?.method, t?.route].map((part) => sqlText(part ?? '')).join(', ')})`,
  },
  {
    name: 'method', side: 'what', label: 'kind of access', max: 2,
    of: methodClass,
    condition: (e) => `target_method IN (${list(methodClass(e) === 'write' ? writes : reads)})`,
  },
  { name: 'scope', side: 'what', label: 'set of scopes', max: 8, ...set('scopes', (e) => e.token?.scopes) },
  { name: 'audience', side: 'what', label: 'audience', max: 8, ...set('audience', (e) => e.token?.audience) },
]; // prettier-ignore
