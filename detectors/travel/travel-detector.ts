import { z } from 'zod';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Detector, Observation } from '../core/detector.js';
import {
  createFactDetector,
  type Fact,
  type FactKernel,
  type FactRule,
  type FactState,
} from '../core/fact-detector.js';
import { isPlaceless, PLACELESS } from '../core/known-network.js';
import { sqlText, sqlTime } from '../core/reproduce.js';
import { countryCircles } from './country-circles.js';
import type { TravelOptions } from './travel-options.js';

const NONE: readonly Fact[] = [];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Two places at the very same time would be any speed. */
const TIME_MIN_MS = 1000;
const EARTH_KM = 6371;

/** Addresses of data centres, VPNs and relays tell where a server stands, not a person. */
const HOSTING =
  /amazon|aws|google|microsoft|azure|oracle|alibaba|tencent|cloud|hosting|hetzner|ovh|digitalocean|linode|akamai|fastly|vultr|choopa|leaseweb|m247|datacamp|vpn|proxy|relay|starlink/i;

const stateSchema = z.strictObject({
  /** Event time of the last use from a place; -1 before the first. */
  timeMs: z.number(),
  latitude: z.number(),
  longitude: z.number(),
  /** Of a place of which no more was known, which may then be anywhere in it; else empty. */
  country: z.string().max(2),
  uid: z.string().max(36),
});

type TravelState = z.output<typeof stateSchema>;

type Place = Pick<TravelState, 'latitude' | 'longitude' | 'country'>;

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Great-circle distance, km (haversine). */
function distanceKm(a: Place, b: Place): number {
  const half = (from: number, to: number): number => Math.sin(radians(to - from) / 2) ** 2;
  const h =
    half(a.latitude, b.latitude) +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(a.longitude, b.longitude);
  return 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(1, h)));
}

/** Where a person was: an accepted use by a user from an address that a database places, or knows the country of. */
function placeOf({ event, accepted, request }: Observation): Place | null {
  const { principal, client, action } = event;
  if (principal?.kind !== 'user' || !accepted) return null;
  const isLogin = action === 'login' && event.outcome === 'success';
  if (!(request && action === 'use') && !isLogin) return null;
  const { latitude, longitude, country_iso_code: country = '' } = client?.geo ?? {};
  if (latitude !== undefined && longitude !== undefined) return { latitude, longitude, country: '' };
  const circle = circleOf(country);
  return circle === undefined ? null : { latitude: circle[0], longitude: circle[1], country };
}

/** Of a country that a database may name, also one that nobody has heard of. */
const circleOf = (country: string): readonly [number, number, number] | undefined =>
  Object.hasOwn(countryCircles, country) ? countryCircles[country] : undefined;

const isSame = (a: Place, b: Place): boolean => a.latitude === b.latitude && a.longitude === b.longitude;

const isHosting = ({ client }: TokenEvent): boolean =>
  client !== undefined && (isPlaceless(client) || HOSTING.test(client.as_name ?? ''));

class TravelKernel implements FactKernel<TravelState> {
  readonly id = 'travel';
  readonly version = 2;
  readonly stages = ['principal'] as const;
  readonly falsePositives = [
    'A VPN or relay that no name of a network gives away.',
    'A mobile carrier whose addresses leave the country at home.',
    'A geo database that changed its mind about an address.',
    'A telephone that is at home by its carrier while its owner uses a network abroad.',
  ];
  readonly nextSteps = [
    'Ask the user where they are, over another channel.',
    'If only one place is theirs, end the sessions of the other, and see what was done there.',
  ];
  readonly ownBytesMax = 180;
  readonly idleMs = DAY_MS;
  readonly rules: Readonly<Record<string, FactRule>>;
  readonly schema = stateSchema;
  readonly #options: TravelOptions;
  /** For the SQL of a finding, which is asked for next: which country the place before was no more than. */
  readonly #from = new WeakMap<Observation, string>();

  constructor(options: TravelOptions) {
    this.#options = options;
    const rule = { techniques: ['T1078', 'T1550.001'], unit: 'km/h', sql: this.#sql } as const;
    const summary: FactRule['summary'] = (s, { event }, { against }) =>
      `From ${against ?? 'elsewhere'} to ${event.client?.address ?? ''} (${event.client?.geo?.city ?? event.client?.geo?.country_iso_code ?? ''}) at ${Math.round(s.observed)} km/h.`;
    this.rules = {
      speed: { ...rule, severity: 'medium', fidelity: 'medium', summary },
      speed_between_countries: { ...rule, severity: 'medium', fidelity: 'low', summary },
      speed_of_hosting: { ...rule, severity: 'info', fidelity: 'low', summary },
    };
  }

  initial(): TravelState {
    return { timeMs: -1, latitude: 0, longitude: 0, country: '', uid: '' };
  }

  facts(own: TravelState, observation: Observation): readonly Fact[] {
    const place = own.timeMs < 0 ? null : placeOf(observation);
    if (place === null || isSame(own, place)) return NONE;
    const { distance_km, speed_kmh } = this.#options;
    const distance = distanceKm(own, place);
    const [errors, whole] = [this.#errorKm(own) + this.#errorKm(place), own.country !== '' || place.country !== ''];
    if (distance - (whole ? errors : 0) < distance_km) return NONE;
    const hours = Math.max(TIME_MIN_MS, Math.abs(observation.timeMs - own.timeMs)) / HOUR_MS;
    const observed = Math.max(0, distance - errors) / hours;
    if (observed <= speed_kmh) return NONE;
    this.#from.set(observation, own.country);
    const measure = isHosting(observation.event) ? 'speed_of_hosting' : whole ? 'speed_between_countries' : 'speed';
    const from = own.country === '' ? '' : ` (${own.country})`;
    const against = whole
      ? `at least ${Math.round(distance - errors)} km away${from}`
      : `${Math.round(distance)} km away`;
    return [{ measure, observed, expected: speed_kmh, evidence: [own.uid], against }];
  }

  /** How far from the point of a place the person may have been, km. */
  #errorKm({ country }: Place): number {
    return country === '' ? this.#options.error_km : (circleOf(country)?.[2] ?? 0);
  }

  learn(own: TravelState, observation: Observation): TravelState {
    const place = placeOf(observation);
    // What a server says is not where the person is, so the next place is compared with the one before.
    if (place === null || isHosting(observation.event) || observation.timeMs < own.timeMs) return own;
    return { timeMs: observation.timeMs, ...place, uid: observation.event.event_uid };
  }

  /** The same formula over the deciding event and the last one before it that has a place. */
  readonly #sql: FactRule['sql'] = (_score, observation) => {
    const { event, timeMs, entityUid } = observation;
    const [here, uid] = [sqlTime(timeMs), sqlText(event.event_uid)];
    const half = (from: string, to: string): string => `pow(sin(radians(${to} - ${from}) / 2), 2)`;
    const angle = `${half('a.1', 'b.1')} + cos(radians(a.1)) * cos(radians(b.1)) * ${half('a.2', 'b.2')}`;
    const distance = `2 * ${EARTH_KM} * asin(sqrt(least(1, ${angle})))`;
    const hours = `greatest(${TIME_MIN_MS}, toUnixTimestamp64Milli(b.3) - toUnixTimestamp64Milli(a.3)) / ${HOUR_MS}`;
    const countries = [...new Set([this.#from.get(observation) ?? '', placeOf(observation)?.country ?? ''])];
    const circles = countries.flatMap((country) => (circleOf(country) === undefined ? [] : [country]));
    const ofCountry = (index: 0 | 1 | 2): string =>
      circles.length === 0
        ? '0'
        : `transform(toString(client_country), [${circles.map(sqlText).join(', ')}], [${circles.map((one) => circleOf(one)?.[index] ?? 0).join(', ')}], 0)`;
    const known = 'client_latitude IS NOT NULL';
    const place = `(ifNull(client_latitude, ${ofCountry(0)}), ifNull(client_longitude, ${ofCountry(1)}), time, if(${known}, ${this.#options.error_km}, ${ofCountry(2)}))`;
    const placed =
      circles.length === 0 ? known : `(${known} OR client_country IN (${circles.map(sqlText).join(', ')}))`;
    const hosting = sqlText(`(?i)${HOSTING.source}`);
    return [
      `SELECT greatest(0, ${distance} - a.4 - b.4) / (${hours}) AS observed FROM (`,
      `SELECT argMaxIf(${place}, (time, event_uid), toString(event_uid) != ${uid} AND NOT match(client_as_name, ${hosting}) AND NOT ${PLACELESS}) AS a,`,
      `argMaxIf(${place}, time, toString(event_uid) = ${uid}) AS b FROM events_v1`,
      `WHERE principal_uid = ${sqlText(entityUid)} AND time <= ${here} AND ${placed}`,
      "AND outcome = 'success' AND action IN ('use', 'login') AND direction != 'outbound')",
    ].join(' ');
  };
}

/** @param options validated by `travelOptionsSchema`. */
export function createTravelDetector(options: TravelOptions): Detector<FactState<TravelState>> {
  return createFactDetector(new TravelKernel(options));
}
