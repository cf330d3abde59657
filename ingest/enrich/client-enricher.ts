import { BoundedCache } from '../core/bounded-cache.js';
import type { TokenEvent } from '../event/token-event.js';
import { NamedNetworks, type NamedNetwork, type NetworkFacts } from './networks/named-networks.js';
import { providerKind } from './networks/provider-kind.js';
import { agentFamily, OTHER_FAMILY } from './user-agent.js';

/** A fleet has some dozens; a scanner makes up one for each request. */
const FAMILIES_MAX = 1000;
const ADDRESSES_COST = 16 << 20;

/** Adds what kind of network the client stands in and which program it is, where the source did not tell. */
export class ClientEnricher {
  readonly #networks: NamedNetworks;
  readonly #addresses = new BoundedCache<NetworkFacts | null>(ADDRESSES_COST);
  readonly #families = new Set<string>();

  constructor(networks: readonly NamedNetwork[] = []) {
    this.#networks = new NamedNetworks(networks);
  }

  /** The same event, if there is nothing to add. */
  enrich(event: TokenEvent): TokenEvent {
    const client = event.client === undefined ? undefined : this.#placed(event.client);
    const family = event.user_agent_family === undefined ? this.#familyOf(event.user_agent) : undefined;
    if (client === event.client && family === undefined) return event;
    return {
      ...event,
      ...(client !== undefined && { client }),
      ...(family !== undefined && { user_agent_family: family }),
    };
  }

  #placed(client: NonNullable<TokenEvent['client']>): NonNullable<TokenEvent['client']> {
    if (client.network_name !== undefined) return client;
    let known = this.#addresses.get(client.address);
    if (known === undefined) {
      known = this.#networks.lookup(client.address) ?? null;
      this.#addresses.set(client.address, known);
    }
    if (known !== null) return { ...client, ...known };
    // What the source says of the address.
    if (client.network_kind !== undefined) return client;
    const kind = providerKind(client.as_name);
    return kind === undefined ? client : { ...client, network_kind: kind };
  }

  #familyOf(userAgent: string | undefined): string | undefined {
    const family = agentFamily(userAgent);
    if (family === '') return undefined;
    if (this.#families.has(family)) return family;
    if (this.#families.size >= FAMILIES_MAX) return OTHER_FAMILY;
    this.#families.add(family);
    return family;
  }
}
