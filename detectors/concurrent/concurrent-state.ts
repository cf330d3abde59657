import { z } from 'zod';
import { textHash } from '../core/hash.js';

const HOUR_MS = 3_600_000;

/** Places that are told apart. */
export const SIGHTINGS_MAX = 8;
export const NETWORK_CHARS_MAX = 64;
export const CITY_CHARS_MAX = 48;
/** Names of the fields, four numbers, an event_uid, and texts of which a character may take six bytes in JSON. */
const SIGHTING_BYTES_MAX = 138 + 4 * 17 + 36 + 6 * (NETWORK_CHARS_MAX + CITY_CHARS_MAX + 32 + 2);
/** Providers that are remembered beside the places. */
export const PROVIDERS_MAX = 8;
/** Turns from one place to the other that are remembered: a VPN that is switched on and off again is two. */
export const TURNS_MAX = 4;
export const CONCURRENT_BYTES_MAX = SIGHTINGS_MAX * SIGHTING_BYTES_MAX + PROVIDERS_MAX * 56 + TURNS_MAX * 17 + 172;

/** One place and program from which the token was used. */
const sightingSchema = z.strictObject({
  network: z.string(),
  agent: z.string(),
  /** In a private network or behind a known egress. */
  inside: z.boolean(),
  /** A network of somebody else that the operator names. */
  vouched: z.boolean().default(false),
  /** 0 where it is not known. */
  asn: z.number(),
  /** Empty where they are not known. */
  country: z.string(),
  city: z.string(),
  /** Event times of the first and the last use, milliseconds. */
  firstMs: z.number(),
  lastMs: z.number(),
  /** event_uid of the last use. */
  lastUid: z.string(),
});

/** A provider in a country, as a hash, and when it was used first and last; milliseconds. */
const providerSchema = z.tuple([z.number(), z.number(), z.number()]).readonly();

export const concurrentStateSchema = z.strictObject({
  /** Oldest use first. */
  sightings: z.array(sightingSchema).max(SIGHTINGS_MAX).readonly(),
  /** Uses from inside that did not follow one from outside, and when they began. */
  homeUses: z.number(),
  homeMs: z.number(),
  outsideMs: z.number(),
  /** Oldest use first. A pipeline has another address with each job, and the provider of its machines stays. */
  providers: z.array(providerSchema).max(PROVIDERS_MAX).readonly(),
  /** When its use went to another provider in another country, or back; event times, newest last. */
  turns: z.array(z.number()).max(TURNS_MAX).readonly().default([]),
});

type Provider = z.output<typeof providerSchema>;
export type Sighting = Readonly<z.output<typeof sightingSchema>>;
export type ConcurrentState = z.output<typeof concurrentStateSchema>;

const NONE: readonly Sighting[] = [];
const NO_PROVIDERS: readonly Provider[] = [];
const NO_TURNS: readonly number[] = [];

export const newConcurrentState = (): ConcurrentState => ({
  sightings: NONE,
  homeUses: 0,
  homeMs: -1,
  outsideMs: -1,
  providers: NO_PROVIDERS,
  turns: NO_TURNS,
});

/** 0 where no database knows the provider. */
export const providerOf = ({ asn, country }: Sighting): number => (asn === 0 ? 0 : textHash(`${asn} ${country}`));

/** Whether a use is a turn: from the newest place to one of another provider in another country, within the window. */
export function isTurn(list: readonly Sighting[], use: Sighting, windowMs: number): boolean {
  const last = list[list.length - 1];
  if (last === undefined || last.network === use.network || last.inside || use.inside) return false;
  const pause = use.lastMs - last.lastMs;
  return pause >= 0 && pause < windowMs && isAbroad(last, use);
}

/** Both provider and country are known, and others. */
export const isAbroad = (one: Sighting, other: Sighting): boolean =>
  one.asn !== 0 && other.asn !== 0 && one.asn !== other.asn && one.country !== '' && other.country !== '' && one.country !== other.country; // prettier-ignore

/** The list with a use in it: what was used longest ago leaves first. */
export function withProvider(list: readonly Provider[], use: Sighting): readonly Provider[] {
  const provider = providerOf(use);
  if (provider === 0) return list;
  const last = list[list.length - 1];
  const known = last?.[0] === provider ? last : list.find((one) => one[0] === provider);
  if (known === last && known !== undefined && use.lastMs - known[2] < HOUR_MS) return list;
  const used: Provider = [provider, Math.min(known?.[1] ?? use.firstMs, use.firstMs), Math.max(known?.[2] ?? 0, use.lastMs)];
  const others = list.filter((one) => one !== known);
  return [...others.slice(Math.max(0, others.length + 1 - PROVIDERS_MAX)), used];
} // prettier-ignore

/** The list with a use in it: what was used longest ago leaves first. */
export function withUse(list: readonly Sighting[], use: Sighting): readonly Sighting[] {
  const known = list.find((one) => one.network === use.network && one.agent === use.agent);
  if (known === undefined) return [...(list.length >= SIGHTINGS_MAX ? list.slice(1) : list), use];
  const firstMs = Math.min(known.firstMs, use.firstMs);
  const { lastMs, lastUid } = known.lastMs > use.lastMs ? known : use;
  const joined = { ...use, firstMs, lastMs, lastUid };
  if (list.length === 1) return [joined];
  return [...list.filter((one) => one !== known), joined];
}
