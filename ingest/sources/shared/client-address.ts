import { BlockList, isIP, isIPv4 } from 'node:net';

export interface ClientAddress {
  /** IPv4, RFC 5952 IPv6 without zone, or a host name in lower case. */
  readonly address: string;
  /** 1 to 65535; port 0 says that the address came from a header, so it is left out. */
  readonly port?: number;
}

const MAX_LENGTH = 256;
const HOST_NAME = /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/;

/** RFC 5952 text by the WHATWG URL serialiser; an IPv4-mapped address becomes the IPv4 address that it is. */
function canonicalIpv6(text: string): string | undefined {
  const zone = text.indexOf('%');
  const bare = zone < 0 ? text : text.slice(0, zone);
  if (isIP(bare) !== 6) return undefined;
  const host = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (mapped === null) return host;
  const high = parseInt(mapped[1] ?? '', 16);
  const low = parseInt(mapped[2] ?? '', 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

function withPort(address: string, portText: string): ClientAddress | undefined {
  if (!/^\d{1,5}$/.test(portText)) return portText === '' || portText === '-' ? { address } : undefined;
  const port = Number(portText);
  if (port > 65535) return undefined;
  return port === 0 ? { address } : { address, port };
}

/** Digits and dots only: the common case, decided without a regular expression. */
function isPlainIpv4(text: string): boolean {
  if (text.length < 7 || text.length > 15) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c !== 0x2e && (c < 0x30 || c > 0x39)) return false;
  }
  return isIPv4(text);
}

/**
 * Reads a peer address as proxies write it: `1.2.3.4`, `1.2.3.4:5`, `[::1]:5`, `fe80::1%eth0`, `::ffff:1.2.3.4`,
 * a host name. Socket paths (`unix:`, `@`, `/run/x`), `-` and `unknown` name no client and give undefined, as does
 * anything else that is not an address.
 */
export function parseClientAddress(text: string): ClientAddress | undefined {
  if (isPlainIpv4(text)) return { address: text };
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '' || trimmed.length > MAX_LENGTH || trimmed === '-' || trimmed === 'unknown') return undefined;
  if (trimmed.startsWith('unix:') || trimmed.startsWith('@') || trimmed.startsWith('/')) return undefined;
  if (trimmed.startsWith('[')) {
    const close = trimmed.indexOf(']');
    const address = close < 0 ? undefined : canonicalIpv6(trimmed.slice(1, close));
    if (address === undefined) return undefined;
    const rest = trimmed.slice(close + 1);
    return rest === '' ? { address } : rest.startsWith(':') ? withPort(address, rest.slice(1)) : undefined;
  }
  const first = trimmed.indexOf(':');
  const last = trimmed.lastIndexOf(':');
  if (first >= 0 && first !== last) {
    const address = canonicalIpv6(trimmed);
    if (address !== undefined) return { address };
    // HAProxy and others write `::ffff:1.2.3.4:80` without brackets.
    const mapped = canonicalIpv6(trimmed.slice(0, last));
    return mapped !== undefined && isIPv4(mapped) ? withPort(mapped, trimmed.slice(last + 1)) : undefined;
  }
  const host = first < 0 ? trimmed : trimmed.slice(0, first);
  if (!HOST_NAME.test(host)) return undefined;
  return first < 0 ? { address: host } : withPort(host, trimmed.slice(first + 1));
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

/** Private and loopback ranges, and the operator's own proxies as addresses or CIDR ranges. */
export class TrustedRanges {
  readonly #ranges = new BlockList();
  readonly #hasOwn: boolean;

  /** @param own addresses or CIDR ranges that `isAddressRange` takes. */
  constructor(own: readonly string[] = []) {
    this.#hasOwn = own.length > 0;
    for (const [network, prefix] of privateRanges) addRange(this.#ranges, network, prefix);
    for (const text of own) {
      const [network = '', prefix] = text.split('/');
      addRange(this.#ranges, network, prefix === undefined ? (isIPv4(network) ? 32 : 128) : Number(prefix));
    }
  }

  /** False for host names. */
  has(address: string): boolean {
    if (isPlainIpv4(address)) return isPrivateIpv4(address) || (this.#hasOwn && this.#ranges.check(address));
    return isIP(address) === 6 && this.#ranges.check(address, 'ipv6');
  }
}

/**
 * The client in an X-Forwarded-For list: the rightmost address that is not one of our own proxies, as NGINX's
 * `real_ip_recursive` does it; what stands further left was written by the client and may be a lie. If all are our
 * own, the leftmost one.
 */
export function clientOfForwarded(forwarded: string, trusted: TrustedRanges): ClientAddress | undefined {
  let leftmost: ClientAddress | undefined;
  const entries = forwarded.length > 4096 ? forwarded.slice(-4096).split(',') : forwarded.split(',');
  for (let i = entries.length - 1; i >= 0; i--) {
    const client = parseClientAddress(entries[i] ?? '');
    if (client === undefined) continue;
    if (!trusted.has(client.address)) return client;
    leftmost = client;
  }
  return leftmost;
}
