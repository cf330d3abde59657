import { isIP } from 'node:net';
import type { GeoDatabase, GeoFacts } from './geo-facts.js';

/** Ranges of one address family, sorted by their first address, as columns: half a million rows in some megabytes. */
interface Ranges<A extends Uint32Array | BigUint64Array> {
  readonly first: A;
  readonly last: A;
  readonly asn: Uint32Array;
}

/**
 * The autonomous systems of `@ip-location-db/asn`: lines `first,last,number,name`, addresses as decimal numbers, names
 * quoted where they hold a comma. IPv6 is kept to its upper 64 bits; networks are routed by no more than 48 of them.
 *
 * @throws Error if a line is of another form.
 */
export function readAsnTable(description: string, ipv4: Buffer, ipv6: Buffer): GeoDatabase {
  const names = new Map<number, string>();
  const four = readRanges(ipv4, names, (rows) => new Uint32Array(rows), Number);
  const six = readRanges(ipv6, names, (rows) => new BigUint64Array(rows), (text) => BigInt(text) >> 64n); // prettier-ignore
  const factsAt = (asn: number | undefined): GeoFacts => {
    if (asn === undefined) return {};
    const asName = names.get(asn);
    return asName === undefined ? { asn } : { asn, asName };
  };
  return {
    description,
    lookup: (address) => {
      switch (isIP(address)) {
        case 4:
          return factsAt(find(four, ipv4Number(address)));
        case 6:
          return factsAt(find(six, ipv6Upper(address)));
        default:
          return {};
      }
    },
  };
}

function readRanges<N extends number | bigint, A extends Uint32Array | BigUint64Array>(
  csv: Buffer,
  names: Map<number, string>,
  make: (rows: number) => A & { [index: number]: N },
  toNumber: (text: string) => N,
): Ranges<A> {
  const text = csv.toString('utf8');
  let rows = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) rows += 1;
  if (!text.endsWith('\n')) rows += 1;
  const first = make(rows);
  const last = make(rows);
  const asn = new Uint32Array(rows);
  let row = 0;
  for (let at = 0; at < text.length; row += 1) {
    const a = text.indexOf(',', at);
    const b = text.indexOf(',', a + 1);
    const c = text.indexOf(',', b + 1);
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    if (a < 0 || b < 0 || c < 0 || c > end) throw new Error(`line ${row + 1} is not first,last,number,name`);
    const number = Number(text.slice(b + 1, c));
    first[row] = toNumber(text.slice(at, a));
    last[row] = toNumber(text.slice(a + 1, b));
    asn[row] = number;
    if (!names.has(number)) names.set(number, unquoted(text.slice(c + 1, end).trimEnd()));
    at = end + 1;
  }
  return { first, last, asn };
}

/** A copy of its own, since a slice would keep the whole file alive. */
function unquoted(text: string): string {
  const plain = text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
  return Buffer.from(plain.slice(0, 256)).toString('utf8');
}

/** Binary search for the range that begins last at or before the address and still holds it. */
function find(ranges: Ranges<Uint32Array> | Ranges<BigUint64Array>, address: number | bigint): number | undefined {
  let low = 0;
  let high = ranges.asn.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const first = ranges.first[middle];
    if (first !== undefined && first <= address) low = middle + 1;
    else high = middle - 1;
  }
  const last = ranges.last[high];
  return last !== undefined && last >= address ? ranges.asn[high] : undefined;
}

const ipv4Number = (address: string): number =>
  address.split('.').reduce((number, part) => number * 256 + Number(part), 0);

/** The upper 64 bits of a valid IPv6 address. */
function ipv6Upper(address: string): bigint {
  const [head = '', tail] = address.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // An embedded IPv4 address takes the place of two groups.
  const afterCount = after.length + (after.at(-1)?.includes('.') === true ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - afterCount);
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...after];
  return all.slice(0, 4).reduce((number, group) => (number << 16n) | BigInt(`0x${group}`), 0n);
}
