import { BlockList, isIP, isIPv4 } from 'node:net';
import type { NetworkKind } from '../../event/token-event.js';
import { specialNetworks } from './special-networks.js';

/** What an operator may call a network of its own or of somebody it knows. */
export const namedKinds = ['egress', 'office', 'vpn', 'proxy', 'hosting', 'partner', 'tor'] as const;

export interface NamedNetwork {
  readonly name: string;
  readonly kind: (typeof namedKinds)[number];
  /** Addresses or CIDR ranges that `isAddressRange` takes. */
  readonly cidrs: readonly string[];
}

export interface NetworkFacts {
  readonly network_name?: string;
  readonly network_kind: NetworkKind;
}

interface Range {
  readonly prefix: number;
  readonly block: BlockList;
  readonly facts: NetworkFacts;
}

function rangeOf(network: string, prefix: number, facts: NetworkFacts): Range {
  const block = new BlockList();
  block.addSubnet(network, prefix, isIPv4(network) ? 'ipv4' : 'ipv6');
  return { prefix, block, facts };
}

/**
 * The operator's networks, then the special ones of RFC 6890. The longest prefix wins, and of equal ones the operator's. A look-up
 * walks the ranges of a family, so callers remember its answers.
 */
export class NamedNetworks {
  readonly #ipv4: readonly Range[];
  readonly #ipv6: readonly Range[];

  constructor(own: readonly NamedNetwork[]) {
    const ranges: (Range & { readonly family: 4 | 6 })[] = [];
    const add = (network: string, prefix: number, facts: NetworkFacts): void => {
      ranges.push({ ...rangeOf(network, prefix, facts), family: isIPv4(network) ? 4 : 6 });
    };
    for (const { name, kind, cidrs } of own) {
      for (const text of cidrs) {
        const [network = '', prefix] = text.split('/');
        const whole = isIPv4(network) ? 32 : 128;
        add(network, prefix === undefined ? whole : Number(prefix), { network_name: name, network_kind: kind });
      }
    }
    for (const [network, prefix, kind] of specialNetworks) add(network, prefix, { network_kind: kind });
    // Stable: of equal prefixes the operator's stays first.
    ranges.sort((a, b) => b.prefix - a.prefix);
    this.#ipv4 = ranges.filter(({ family }) => family === 4);
    this.#ipv6 = ranges.filter(({ family }) => family === 6);
  }

  /** @returns undefined for a host name, and for an address in none of them. */
  lookup(text: string): NetworkFacts | undefined {
    const address = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text;
    const family = isIP(address);
    if (family === 0 || address.includes('%')) return undefined;
    const [ranges, name] = family === 4 ? ([this.#ipv4, 'ipv4'] as const) : ([this.#ipv6, 'ipv6'] as const);
    return ranges.find(({ block }) => block.check(address, name))?.facts;
  }
}
