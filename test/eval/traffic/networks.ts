import type { TokenEvent } from '../../../ingest/event/token-event.js';
import type { Dice } from '../dice.js';

export type Client = NonNullable<TokenEvent['client']>;

interface Provider {
  readonly asn: number;
  readonly name: string;
}

export interface Country {
  readonly code: string;
  readonly city: string;
  readonly latitude: number;
  readonly longitude: number;
  /** Hours of local time before UTC. */
  readonly zone: number;
  readonly homes: readonly Provider[];
  readonly carriers: readonly Provider[];
}

function country(code: string, city: string, latitude: number, longitude: number, zone: number, asn: number): Country {
  const provider = (n: number, name: string): Provider => ({ asn: asn + n, name: `${code} ${name}` });
  const homes = ['Kabel', 'Fibre', 'Telecom', 'Broadband'].map((name, n) => provider(n, name));
  const carriers = ['Mobile', 'Wireless'].map((name, n) => provider(10 + n, name));
  return { code, city, latitude, longitude, zone, homes, carriers };
}

/** AS numbers are of the range for documentation and private use, where the provider has no part of its own to play. */
export const countries: readonly Country[] = [
  country('DE', 'Berlin', 52.52, 13.4, 1, 4_200_000_000),
  country('FR', 'Paris', 48.86, 2.35, 1, 4_200_000_100),
  country('GB', 'London', 51.51, -0.13, 0, 4_200_000_200),
  country('US', 'New York', 40.71, -74.01, -5, 4_200_000_300),
  country('IN', 'Bengaluru', 12.97, 77.59, 5, 4_200_000_400),
  country('JP', 'Tokyo', 35.68, 139.69, 9, 4_200_000_500),
];
export const elsewhere: readonly Country[] = [
  country('BR', 'São Paulo', -23.55, -46.63, -3, 4_200_000_600),
  country('RO', 'Bucharest', 44.43, 26.1, 2, 4_200_000_700),
  country('NG', 'Lagos', 6.52, 3.38, 1, 4_200_000_800),
  country('VN', 'Hanoi', 21.03, 105.85, 7, 4_200_000_900),
];

export const hosters: readonly Provider[] = [
  { asn: 24_940, name: 'Hetzner Online GmbH' },
  { asn: 14_061, name: 'DigitalOcean, LLC' },
  { asn: 9009, name: 'M247 Europe SRL' },
  { asn: 63_949, name: 'Akamai Connected Cloud' },
];
export const clouds = {
  aws: { asn: 16_509, name: 'Amazon.com, Inc.' },
  azure: { asn: 8075, name: 'Microsoft Corporation' },
  google: { asn: 396_982, name: 'Google LLC' },
} as const;

const octet = (dice: Dice): number => dice.whole(1, 254);

/** A public IPv4 address; its first number follows from the provider, so that providers do not share addresses. */
function publicV4(provider: Provider, dice: Dice): string {
  const first = 11 + (provider.asn % 80);
  return `${first}.${octet(dice)}.${octet(dice)}.${octet(dice)}`;
}

function placed(address: string, provider: Provider, { code, city, latitude, longitude }: Country, cities: boolean): Client {
  const geo = cities ? { country_iso_code: code, city, latitude, longitude } : { country_iso_code: code };
  return { address, asn: provider.asn, as_name: provider.name, geo };
} // prettier-ignore

/** One line to the internet: its provider and place stay, its address may not. */
export class Line {
  readonly provider: Provider;
  readonly country: Country;
  readonly #cities: boolean;
  readonly #dice: Dice;
  readonly #prefix: string | undefined;
  #current: Client;
  #day = -1;

  /**
   * @param cities whether a database tells cities and coordinates, or countries only.
   * @param v6 whether hosts on it use IPv6 with an address that they change each day (RFC 8981).
   */
  constructor(provider: Provider, where: Country, cities: boolean, dice: Dice, v6 = false) {
    this.provider = provider;
    this.country = where;
    this.#cities = cities;
    this.#dice = dice;
    this.#prefix = v6 ? `2a02:${dice.hex(4)}:${dice.hex(4)}:${dice.hex(4)}` : undefined;
    this.#current = placed(publicV4(provider, dice), provider, where, cities);
  }

  /** The address in force; of a line with IPv6 now one kind and now the other. */
  client(day: number): Client {
    if (this.#prefix === undefined || this.#dice.chance(0.3)) return this.#current;
    if (day !== this.#day) this.#day = day;
    const host = (day * 2_654_435_761 + this.provider.asn) % 0xffff_ffff;
    const address = `${this.#prefix}:${(host >>> 16).toString(16)}:${(host & 0xffff).toString(16)}:1:2`;
    return placed(address, this.provider, this.country, this.#cities);
  }

  /** The provider gives another address. */
  renew(): void {
    this.#current = placed(publicV4(this.provider, this.#dice), this.provider, this.country, this.#cities);
  }
}

export const home = (where: Country, cities: boolean, dice: Dice): Line =>
  new Line(dice.pick(where.homes), where, cities, dice, dice.chance(0.4));
export const carrier = (where: Country, cities: boolean, dice: Dice): Line =>
  new Line(dice.pick(where.carriers), where, cities, dice, dice.chance(0.3));
export const hosted = (where: Country, cities: boolean, dice: Dice): Line =>
  new Line(dice.pick(hosters), where, cities, dice);

/** An address of a pod or a server in a private network; no database knows it. */
export const inside = (network: number, dice: Dice): Client => ({
  address: `10.${network}.${octet(dice)}.${octet(dice)}`,
});
