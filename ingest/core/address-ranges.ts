import { BlockList, isIP, isIPv4 } from 'node:net';

/** Digits and dots only: the common case, decided without a regular expression. */
export function isPlainIpv4(text: string): boolean {
  if (text.length < 7 || text.length > 15) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c !== 0x2e && (c < 0x30 || c > 0x39)) return false;
  }
  return isIPv4(text);
}

const privateRanges: readonly (readonly [string, number])[] = [
  ['fc00::', 7], ['fe80::', 10], ['::1', 128],
]; // prettier-ignore

function addRange(ranges: BlockList, network: string, prefix: number): void {
  ranges.addSubnet(network, prefix, isIPv4(network) ? 'ipv4' : 'ipv6');
}

/** Whether `text` is an address or a CIDR range that `trustedRanges` takes. */
export function isAddressRange(text: string): boolean {
  const [network = '', prefix, ...more] = text.split('/');
  const family = isIP(network);
  if (family === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** Private and loopback IPv4 by its first numbers, since almost every line of a mesh asks. */
function isPrivateIpv4(address: string): boolean {
  if (address.startsWith('10.') || address.startsWith('127.') || address.startsWith('192.168.')) return true;
  const first = address.startsWith('172.') || address.startsWith('100.') ? Number(address.split('.', 2)[1]) : -1;
  if (address.startsWith('172.')) return first >= 16 && first <= 31;
  if (address.startsWith('100.')) return first >= 64 && first <= 127;
  return address.startsWith('169.254.');
}

/** Private and loopback ranges unless told, and the operator's own proxies as addresses or CIDR ranges. */
export class TrustedRanges {
  readonly #ranges = new BlockList();
  readonly #hasOwn: boolean;
  readonly #hasPrivate: boolean;

  /**
   * @param own addresses or CIDR ranges that `isAddressRange` takes.
   * @param trust `own` where callers have private addresses themselves, as in a cluster.
   */
  constructor(own: readonly string[] = [], trust: 'private' | 'own' = 'private') {
    this.#hasOwn = own.length > 0;
    this.#hasPrivate = trust === 'private';
    if (this.#hasPrivate) for (const [network, prefix] of privateRanges) addRange(this.#ranges, network, prefix);
    for (const text of own) {
      const [network = '', prefix] = text.split('/');
      addRange(this.#ranges, network, prefix === undefined ? (isIPv4(network) ? 32 : 128) : Number(prefix));
    }
  }

  /** False for host names. */
  has(address: string): boolean {
    if (isPlainIpv4(address))
      return (this.#hasPrivate && isPrivateIpv4(address)) || (this.#hasOwn && this.#ranges.check(address));
    return isIP(address) === 6 && this.#ranges.check(address, 'ipv6');
  }
}
