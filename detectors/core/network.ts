const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

const unmapped = (address: string): string => MAPPED.exec(address)?.[1] ?? address;

/**
 * What counts as one place on the network: an IPv4 address, or the /64 of an IPv6 address, in which a host changes its
 * own address daily (RFC 8981). A host name is taken as it is.
 */
export function networkOf(address: string): string {
  const text = unmapped(address);
  return text.includes(':') ? prefix64(text) : text;
}

function prefix64(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
