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
  uid: z.string().max(36),
});

type TravelState = z.output<typeof stateSchema>;

interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Great-circle distance, km (haversine). */
function distanceKm(a: Place, b: Place): number {
  const half = (from: number, to: number): number => Math.sin(radians(to - from) / 2) ** 2;
  const h =
    half(a.latitude, b.latitude) +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(a.longitude, b.longitude);
  return 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(1, h)));
}

/** Where a person was: an accepted use by a user from an address that a database places. */
function placeOf({ event, accepted, request }: Observation): Place | null {
  const { principal, client, action } = event;
  const { latitude, longitude } = client?.geo ?? {};
  if (latitude === undefined || longitude === undefined || principal?.kind !== 'user' || !accepted) return null;
  const isLogin = action === 'login' && event.outcome === 'success';
  return (request && action === 'use') || isLogin ? { latitude, longitude } : null;
}

const isHosting = ({ client }: TokenEvent): boolean =>
  client !== undefined && (isPlaceless(client) || HOSTING.test(client.as_name ?? ''));

class TravelKernel implements FactKernel<TravelState> {
  readonly id = 'travel';
  readonly version = 1;
  readonly stages = ['principal'] as const;
  readonly falsePositives = [
    'A VPN or relay that no name of a network gives away.',
    'A mobile carrier whose addresses leave the country at home.',
    'A geo database that changed its mind about an address.',
  ];
  readonly nextSteps = [
    'Ask the user where they are, over another channel.',
    'If only one place is theirs, end the sessions of the other, and see what was done there.',
  ];
  readonly ownBytesMax = 160;
  readonly idleMs = DAY_MS;
  readonly rules: Readonly<Record<string, FactRule>>;
  readonly schema = stateSchema;
  readonly #options: TravelOptions;

  constructor(options: TravelOptions) {
    this.#options = options;
    const rule = { techniques: ['T1078', 'T1550.001'], unit: 'km/h', sql: this.#sql } as const;
    const summary: FactRule['summary'] = (s, { event }, { against }) =>
      `From ${against ?? 'elsewhere'} to ${event.client?.address ?? ''} (${event.client?.geo?.city ?? event.client?.geo?.country_iso_code ?? ''}) at ${Math.round(s.observed)} km/h.`;
    this.rules = {
      speed: { ...rule, severity: 'medium', fidelity: 'medium', summary },
      speed_of_hosting: { ...rule, severity: 'info', fidelity: 'low', summary },
    };
  }

  initial(): TravelState {
    return { timeMs: -1, latitude: 0, longitude: 0, uid: '' };
  }

  facts(own: TravelState, observation: Observation): readonly Fact[] {
    const place = own.timeMs < 0 ? null : placeOf(observation);
    if (place === null || (place.latitude === own.latitude && place.longitude === own.longitude)) return NONE;
    const { distance_km, error_km, speed_kmh } = this.#options;
    const distance = distanceKm(own, place);
    if (distance < distance_km) return NONE;
    const hours = Math.max(TIME_MIN_MS, Math.abs(observation.timeMs - own.timeMs)) / HOUR_MS;
    const observed = Math.max(0, distance - 2 * error_km) / hours;
    if (observed <= speed_kmh) return NONE;
    const measure = isHosting(observation.event) ? 'speed_of_hosting' : 'speed';
    const against = `${Math.round(distance)} km away`;
    return [{ measure, observed, expected: speed_kmh, evidence: [own.uid], against }];
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
    const place = '(assumeNotNull(client_latitude), assumeNotNull(client_longitude), time)';
    const hosting = sqlText(`(?i)${HOSTING.source}`);
    return [
      `SELECT greatest(0, ${distance} - ${2 * this.#options.error_km}) / (${hours}) AS observed FROM (`,
      `SELECT argMaxIf(${place}, (time, event_uid), toString(event_uid) != ${uid} AND NOT match(client_as_name, ${hosting}) AND NOT ${PLACELESS}) AS a,`,
      `argMaxIf(${place}, time, toString(event_uid) = ${uid}) AS b FROM events_v1`,
      `WHERE principal_uid = ${sqlText(entityUid)} AND time <= ${here} AND client_latitude IS NOT NULL`,
      "AND outcome = 'success' AND action IN ('use', 'login') AND direction != 'outbound')",
    ].join(' ');
  };
}

/** @param options validated by `travelOptionsSchema`. */
export function createTravelDetector(options: TravelOptions): Detector<FactState<TravelState>> {
  return createFactDetector(new TravelKernel(options));
}
