import type { TokenEvent } from '../../ingest/event/token-event.js';
import { textHash } from './hash.js';
import { networkOf } from './network.js';
import { NETWORK, sqlText } from './reproduce.js';
import { agentFamily, familyOf } from '../../ingest/enrich/user-agent.js';
import type { PastValue } from './detector.js';
import { isOwnNetwork, OWN_NETWORK } from './known-network.js';

/** One thing that a use says of its holder or of its purpose; what is new is told by it. */
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

/** Most lists are short, and in order already. */
function sorted(texts: readonly string[]): readonly string[] {
  for (let n = 1; n < texts.length; n += 1) if ((texts[n - 1] ?? '') > (texts[n] ?? '')) return texts.toSorted();
  return texts;
}

/** A list of scopes or audiences is one value, so that a token with less of them is known by its own set. */
const set = (column: string, value: (event: TokenEvent) => readonly string[] | undefined) => ({
  of: (event: TokenEvent): string => {
    const texts = value(event);
    return texts === undefined ? '' : sorted(texts).join(' ');
  },
  condition: (event: TokenEvent): string =>
    `arraySort(${column}) = arraySort([${[...(value(event) ?? [])].map(sqlText).join(', ')}])`,
});

/** Addresses of private networks, loopback included; for code and store alike (RFC 1918, 3927, 4193, 4291, 6598). */
const INSIDE =
  /^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.|f[cd][0-9a-f][0-9a-f]:|fe[89ab][0-9a-f]:|::1$)/i;

/** Pods get another address with each deploy; its first half tells the cluster. Undefined for other addresses. */
const clusterOf = (address: string): string | undefined =>
  INSIDE.test(address) ? /^\d+\.\d+\./.exec(address)?.[0] : undefined;

const networkOfAddress = (address: string): string => clusterOf(address) ?? networkOf(address);

/**
 * Its name where the operator gave one, the AS where a database knows it, else the network: a home connection changes its
 * address, not its provider.
 */
const network: Pick<Dimension, 'of' | 'condition'> = {
  of: ({ client }) => {
    if (client === undefined) return '';
    if (client.network_name !== undefined) return client.network_name;
    return client.asn === undefined ? networkOfAddress(client.address) : `AS${client.asn}`;
  },
  condition: ({ client }) => {
    if (client?.network_name !== undefined) return `client_network_name = ${sqlText(client.network_name)}`;
    if (client?.asn !== undefined) return `client_asn = ${client.asn}`;
    const cluster = clusterOf(client?.address ?? '');
    if (cluster !== undefined) return `client_asn = 0 AND startsWith(client_address, ${sqlText(cluster)})`;
    // The engine writes the network of an IPv6 address its own way.
    const own = NETWORK.replaceAll('client_address', () => sqlText(client?.address ?? ''));
    return `client_asn = 0 AND ${NETWORK} = ${own}`;
  },
};

export const isMachine = ({ principal }: TokenEvent): boolean =>
  principal !== undefined && principal.kind !== 'user' && principal.kind !== 'unknown';
export const isOutside = ({ client }: TokenEvent): boolean =>
  client !== undefined && !INSIDE.test(client.address) && !isOwnNetwork(client);

/** On which side of the edge of private networks a machine stands; people are on both. */
const zone: Pick<Dimension, 'of' | 'condition'> = {
  of: (event) => (event.client === undefined || !isMachine(event) ? '' : isOutside(event) ? 'outside' : 'inside'),
  condition: (event) =>
    `client_address != '' AND ${isOutside(event) ? 'NOT ' : ''}(match(client_address, ${sqlText(`(?i)${INSIDE.source}`)}) OR ${OWN_NETWORK})`,
};

/** In the order in which a state of `novelty` keeps them; raise its version when it changes. */
export const dimensions: readonly Dimension[] = [
  { name: 'network', side: 'where', label: 'network', max: 16, ...network },
  { name: 'country', side: 'where', label: 'country', max: 8, ...text('client_country', (e) => e.client?.geo?.country_iso_code ?? '') },
  { name: 'zone', side: 'where', label: 'side of the edge', max: 2, ...zone },
  {
    name: 'agent', side: 'what', label: 'program', max: 8,
    of: familyOf,
    // Events from before families were stored have the text alone, and so has what was one too many for its collector.
    condition: (e) => `if(user_agent_family IN ('', '{*}'), user_agent = ${sqlText(e.user_agent ?? '')}, user_agent_family = ${sqlText(familyOf(e))})`,
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

/** No hash is below 0. */
export const NOT_TOLD = -1;

let hashed: TokenEvent | null = null;
const hashes = dimensions.map(() => NOT_TOLD);

/** The value of each dimension as a hash, {@link NOT_TOLD} where there is none; good until the next event is asked for. */
export function hashesOf(event: TokenEvent): readonly number[] {
  // Whoever looks at an event asks when it is scored and when it is learnt.
  if (event === hashed) return hashes;
  hashed = event;
  for (let n = 0; n < dimensions.length; n += 1) {
    const value = dimensions[n]?.of(event) ?? '';
    hashes[n] = value === '' ? NOT_TOLD : textHash(value);
  }
  return hashes;
}

const byName = new Map(dimensions.map((dimension, index) => [dimension.name, index]));

/**
 * Where in {@link dimensions} a value of history belongs, and how it is called there.
 *
 * @returns null for what is no value of any.
 */
export function pastDimension({
  dimension,
  value,
}: PastValue): { readonly index: number; readonly value: string } | null {
  const isText = dimension === 'address' || dimension === 'program';
  const index = byName.get(dimension === 'address' ? 'network' : dimension === 'program' ? 'agent' : dimension);
  const named = !isText ? value : dimension === 'address' ? networkOfAddress(value) : agentFamily(value);
  return index === undefined || named === '' ? null : { index, value: named };
}

/** What peers have in common; the two sides of the edge and the two kinds of access say too little. */
export const isComparable = ({ name }: Dimension): boolean => name !== 'zone' && name !== 'method';
const comparable = {
  place: dimensions.filter((one) => isComparable(one) && one.name !== 'target' && one.name !== 'route'),
  purpose: dimensions.filter(({ name }) => name === 'target' || name === 'route'),
};

/** A value of a dimension as peers remember it, a whole number above 0; 0 for none, and for an address that is nobody's but its own. */
export function peerValue({ name, of }: Dimension, event: TokenEvent): number {
  if (name === 'network' && isOutside(event) && event.client?.network_name === undefined && event.client?.asn === undefined) return 0; // prettier-ignore
  const value = of(event);
  return value === '' ? 0 : textHash(`${name} ${value}`) + 1;
}

/** Values of a use that peers remember: what it is for, or all else that it says of the user. */
export const peerValuesOf = (part: keyof typeof comparable, event: TokenEvent): readonly number[] =>
  comparable[part].map((dimension) => peerValue(dimension, event)).filter((value) => value !== 0);

/** All values of a use that peers remember. */
export const peerValues = (event: TokenEvent): readonly number[] => [
  ...peerValuesOf('place', event),
  ...peerValuesOf('purpose', event),
];
