import { BlockList, isIP } from 'node:net';

export const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Shortest prefixes of a block that may stand alone: the largest that one owner is ever given. */
const PREFIX_MIN = { ipv4: 8, ipv6: 32 } as const;
const MAPPED_BITS = 96;

/** IPv4 addresses in their IPv6 form: a block of these takes both forms. */
const mapped = new BlockList();
mapped.addSubnet('::ffff:0:0', MAPPED_BITS, 'ipv6');

/** Whether a CIDR block is so large that it takes a good part of all clients; false for what `addressesOf` does not know. */
export function isWide(text: string): boolean {
  const list = addressesOf(text);
  const [address = '', bits] = text.split('/');
  if (list === null || bits === undefined) return false;
  const family = familyOf(address);
  const prefix = Number(bits);
  if (prefix < PREFIX_MIN[family]) return true;
  const takesIpv4 = family === 'ipv6' && (mapped.check(address, 'ipv6') || list.check('0.0.0.0', 'ipv4'));
  return takesIpv4 && prefix < MAPPED_BITS + PREFIX_MIN.ipv4;
}

/** The addresses of `192.0.2.7`, `10.0.0.0/8` or an IPv6 form; null for anything else. */
export function addressesOf(text: string): BlockList | null {
  const [address = '', bits, ...rest] = text.split('/');
  const list = new BlockList();
  const max = isIP(address) === 6 ? 128 : 32;
  if (isIP(address) === 0 || rest.length > 0) return null;
  if (bits === undefined) list.addAddress(address, familyOf(address));
  else if (/^\d{1,3}$/.test(bits) && Number(bits) <= max) list.addSubnet(address, Number(bits), familyOf(address));
  else return null;
  return list;
}
