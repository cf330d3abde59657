import type { NetworkKind, TokenEvent } from '../../ingest/event/token-event.js';

type Client = NonNullable<TokenEvent['client']>;

/** Networks that the operator calls its own: whoever comes from there is inside, whatever address it is. */
const own = ['egress', 'office', 'vpn', 'proxy'] as const satisfies readonly NetworkKind[];

/** Networks where servers stand, and exits of tunnels: an address there is no place of a person. */
const placeless = ['egress', 'vpn', 'proxy', 'hosting', 'tor'] as const satisfies readonly NetworkKind[];

const isOne = (kinds: readonly NetworkKind[], kind: NetworkKind | undefined): boolean =>
  kind !== undefined && kinds.includes(kind);

/** Somebody else's network that the operator vouches for by naming it. */
const vouched = ['hosting', 'partner'] as const satisfies readonly NetworkKind[];

/** By its name, so that a `vpn` that only the holder of an AS gives away is not taken for the operator's own. */
export const isOwnNetwork = (client: Client): boolean =>
  client.network_name !== undefined && isOne(own, client.network_kind);

export const isVouched = (client: Client): boolean =>
  client.network_name !== undefined && isOne(vouched, client.network_kind);

export const isPlaceless = (client: Client): boolean => isOne(placeless, client.network_kind);

const list = (kinds: readonly NetworkKind[]): string => kinds.map((kind) => `'${kind}'`).join(', ');

/** The same, as conditions of `events_v1`. */
export const OWN_NETWORK = `(client_network_name != '' AND client_network_kind IN (${list(own)}))`;
export const PLACELESS = `client_network_kind IN (${list(placeless)})`;
