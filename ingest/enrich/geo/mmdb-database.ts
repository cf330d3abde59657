import { isIP } from 'node:net';
import { Reader, type Response } from 'maxmind';
import type { GeoDatabase, GeoFacts } from './geo-facts.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * A MaxMind DB of any maker: the nested records of MaxMind and DB-IP (`country.iso_code`, `location.latitude`) and
 * the flat ones of ip-location-db (`country_code`, `latitude`), for countries, cities and autonomous systems.
 *
 * @throws Error if the bytes are no MaxMind DB.
 */
export function readMmdb(bytes: Buffer): GeoDatabase {
  const reader = new Reader<Response>(bytes);
  const { databaseType, buildEpoch, ipVersion } = reader.metadata;
  return {
    description: `${databaseType} of ${buildEpoch.toISOString().slice(0, 10)}`,
    lookup: (address) => {
      // The reader would walk the tree of a file for IPv4 with the bits of any address.
      if (ipVersion === 4 && isIP(address) !== 4) return {};
      try {
        // A record is JSON of the file's maker; each field is checked as it is read.
        const record: unknown = reader.get(address);
        return isObject(record) ? factsOf(record) : {};
      } catch {
        // A damaged node.
        return {};
      }
    },
  };
}

function factsOf(record: Json): GeoFacts {
  const country = text(dig(record, 'country', 'iso_code')) ?? text(record['country_code']);
  const city = text(dig(record, 'city', 'names', 'en')) ?? text(record['city']);
  const latitude = within(dig(record, 'location', 'latitude') ?? record['latitude'], 90);
  const longitude = within(dig(record, 'location', 'longitude') ?? record['longitude'], 180);
  const asn = record['autonomous_system_number'];
  const asName = text(record['autonomous_system_organization']);
  return {
    ...(country === undefined || !/^[A-Za-z]{2}$/.test(country) ? {} : { country: country.toUpperCase() }),
    ...(city === undefined ? {} : { city }),
    ...(latitude === undefined || longitude === undefined ? {} : { latitude, longitude }),
    ...(typeof asn === 'number' && Number.isInteger(asn) && asn > 0 ? { asn } : {}),
    ...(asName === undefined ? {} : { asName }),
  };
}

function dig(record: Json, ...path: readonly string[]): unknown {
  let value: unknown = record;
  for (const name of path) value = isObject(value) ? value[name] : undefined;
  return value;
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, 256) : undefined;

function within(value: unknown, limit: number): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) <= limit ? number : undefined;
}
