import { BlockList, isIP, isIPv4 } from 'node:net';
import { specialNetworks } from '../networks/special-networks.js';

/** No database places them. */
const blocked = new BlockList();
for (const [network, prefix] of specialNetworks) {
  blocked.addSubnet(network, prefix, isIPv4(network) ? 'ipv4' : 'ipv6');
}

/**
 * The address in the form that databases know, an IPv4-mapped IPv6 one as IPv4; undefined for what is no address and
 * for private, shared, loopback, link-local, multicast, documentation and benchmarking networks.
 */
export function publicAddress(text: string): string | undefined {
  const address = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text;
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return undefined;
  return blocked.check(address, family === 4 ? 'ipv4' : 'ipv6') ? undefined : address;
}
