import { BlockList, isIP } from 'node:net';

export const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

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
