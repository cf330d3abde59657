import { isIP, isIPv4 } from 'node:net';
import { isPlainIpv4, type TrustedRanges } from '../../core/address-ranges.js';
import { TextCache } from '../../core/text-cache.js';

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

/** Addresses read before; null for texts that are none. A log names the same clients again and again. */
const readAddresses = new TextCache<ClientAddress | null>(13, MAX_LENGTH);

/** As `parseClientAddress`, for IP addresses only: audit logs write words where a service called. */
export function parseIpAddress(text: string): ClientAddress | undefined {
  return readAddresses.of(text, readIpAddress) ?? undefined;
}

function readIpAddress(text: string): ClientAddress | null {
  const parsed = parseClientAddress(text);
  return parsed !== undefined && isIP(parsed.address) !== 0 ? parsed : null;
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
