import { TrustedRanges } from '../../ingest/core/address-ranges.js';
import { boundText } from '../../ingest/core/text.js';
import type { Detector, Observation } from '../core/detector.js';
import { createFactDetector, type Fact, type FactKernel, type FactState } from '../core/fact-detector.js';
import { isOwnNetwork, isVouched } from '../core/known-network.js';
import { networkOf } from '../core/network.js';
import { familyOf, isBrowser, isTool } from '../../ingest/enrich/user-agent.js';
import type { ConcurrentOptions } from './concurrent-options.js';
import { concurrentRules, type ConcurrentMeasure } from './concurrent-rules.js';
import { CITY_CHARS_MAX, CONCURRENT_BYTES_MAX, concurrentStateSchema, isAbroad, isTurn, NETWORK_CHARS_MAX, newConcurrentState, providerOf, TURNS_MAX, withProvider, withUse, type ConcurrentState, type Sighting } from './concurrent-state.js'; // prettier-ignore

const NONE: readonly Fact[] = [];
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A use from inside within this time of one from outside is the same request on its way through the services. */
const PASSED_ON_MS = MINUTE_MS;
/** So many networks at once are no thief beside an owner. */
const CROWD = 6;
/** What is remembered longer than it is compared. */
const IDLE_DAYS = 14;

/** Graver first: what a pair of places is, is said once. */
const order: readonly ConcurrentMeasure[] = [
  'two_countries', 'workload_and_outside', 'browser_and_tool', 'two_networks', 'back_and_forth', 'two_places', 'two_addresses',
]; // prettier-ignore

class ConcurrentKernel implements FactKernel<ConcurrentState> {
  readonly id = 'concurrent';
  readonly version = 2;
  readonly stages = ['token'] as const;
  readonly falsePositives = [
    'An access key or personal token that its owner uses both at the desk and in a pipeline, in the first week.',
    'A VPN that carries only part of the traffic, or a relay such as iCloud Private Relay.',
    'By turns from two countries: a phone abroad between Wi-Fi and its network at home, or a company with proxies in two countries; name these under enrich.networks.',
    'A workload that calls over a public address which is not listed as egress.',
    'A key that is built into a public app.',
  ];
  readonly nextSteps = [
    'Ask the owner which of the two places is theirs; if one is nobody’s, end the session and revoke the token.',
    'See what was done from the place that came last, and whether other tokens were used from there.',
    'List your own NAT, VPN and proxy addresses under egress, and give each pipeline a token of its own.',
  ];
  readonly ownBytesMax = CONCURRENT_BYTES_MAX;
  readonly idleMs = IDLE_DAYS * DAY_MS;
  readonly rules: ReturnType<typeof concurrentRules>;
  readonly schema = concurrentStateSchema;
  readonly #options: ConcurrentOptions;
  readonly #windowMs: number;
  readonly #inside: TrustedRanges;

  constructor(options: ConcurrentOptions) {
    this.#options = options;
    this.#windowMs = options.window_minutes * MINUTE_MS;
    this.#inside = new TrustedRanges(options.egress);
    this.rules = concurrentRules(this.#windowMs);
  }

  initial(): ConcurrentState {
    return newConcurrentState();
  }

  facts(own: ConcurrentState, observation: Observation): readonly Fact[] {
    const { sightings } = own;
    // Nearly every event comes from the one place where its token was always used.
    const first = sightings[0];
    if (first === undefined || (sightings.length === 1 && this.#isSame(first, observation))) return NONE;
    const here = this.#sighting(observation);
    if (here === null) return NONE;
    const known = sightings.find((one) => one.network === here.network && one.agent === here.agent);
    // An event may come late, long after newer ones: what was seen days after it is not at the same time either.
    const near = (one: Sighting): boolean => Math.abs(here.lastMs - one.lastMs) < this.#windowMs;
    const recent = sightings.filter((one) => one.network !== here.network && near(one));
    const observed = new Set(recent.map((one) => one.network)).size + 1;
    if (observed === 1) return NONE;
    if (observed >= CROWD) return [{ measure: 'many_networks' satisfies ConcurrentMeasure, observed, expected: 1 }];
    let worst: ConcurrentMeasure | undefined;
    let other: Sighting | undefined;
    for (const one of recent) {
      const measure = this.#compare(own, here, known, one, observation);
      if (measure === undefined || (worst !== undefined && order.indexOf(measure) >= order.indexOf(worst))) continue;
      worst = measure;
      other = one;
    }
    if (worst === undefined || other === undefined) return NONE;
    return [{ measure: worst, observed, expected: 1, evidence: [other.lastUid], against: placeOf(other) }];
  }

  learn(own: ConcurrentState, observation: Observation): ConcurrentState {
    const here = this.#sighting(observation);
    if (here === null) return own;
    if (isTurn(own.sightings, here, this.#windowMs)) own.turns = [...own.turns.slice(1 - TURNS_MAX), here.lastMs];
    own.sightings = withUse(own.sightings, here);
    own.providers = withProvider(own.providers, here);
    if (!here.inside) {
      own.outsideMs = Math.max(own.outsideMs, here.lastMs);
    } else if (own.outsideMs < 0 || here.lastMs - own.outsideMs > PASSED_ON_MS) {
      if (own.homeUses === 0) own.homeMs = here.lastMs;
      own.homeUses += 1;
    }
    return own;
  }

  #compare(own: ConcurrentState, here: Sighting, known: Sighting | undefined, other: Sighting, observation: Observation): ConcurrentMeasure | undefined {
    const usualMs = here.lastMs - this.#options.usual_days * DAY_MS;
    // A pair that has been there for a week belongs to the token.
    if (known !== undefined && known.firstMs <= usualMs && other.firstMs <= usualMs) return undefined;
    const isUsual = (one: Sighting): boolean => {
      const provider = providerOf(one);
      return own.providers.some(([name, firstMs]) => name === provider && firstMs <= usualMs);
    };
    if (isUsual(here) && isUsual(other)) return undefined;
    if (here.inside !== other.inside) return this.#leftHome(own, here, known, observation);
    if (here.inside) return undefined;
    if (here.vouched || other.vouched) return 'two_places';
    if (isAbroad(here, other) && here.agent === other.agent && this.#alternates(own, here, observation)) return 'back_and_forth';
    const network = here.asn !== 0 && other.asn !== 0 && here.asn !== other.asn;
    const country = here.country !== '' && other.country !== '' && here.country !== other.country;
    const city = here.city !== '' && other.city !== '' && here.city !== other.city;
    const agent = here.agent !== '' && other.agent !== '' && here.agent !== other.agent;
    if (agent && network && country) return 'two_countries';
    if (agent && (isTool(here.agent) ? isBrowser(other.agent) : isBrowser(here.agent) && isTool(other.agent))) {
      return 'browser_and_tool';
    }
    if (agent && network) return 'two_networks';
    if (network || country || city) return 'two_places';
    return agent ? 'two_addresses' : undefined;
  } // prettier-ignore

  /** Users' tokens are carried inwards by the services that they call; a workload's token has no business outside. */
  #leftHome(own: ConcurrentState, here: Sighting, known: Sighting | undefined, { event }: Observation): ConcurrentMeasure | undefined {
    if (here.inside || event.principal?.kind === 'user') return undefined;
    const atHomeMs = own.homeMs + this.#options.home_minutes * MINUTE_MS;
    if (own.homeUses < this.#options.home_uses || here.lastMs < atHomeMs) return undefined;
    return known !== undefined && known.firstMs < atHomeMs ? undefined : 'workload_and_outside';
  } // prettier-ignore

  /**
   * A person's token that is used here, there, here, there and here again within the window: a VPN is switched on or off once, a journey goes one
   * way. Keys of machines are used at two sites at a time by design.
   */
  #alternates(own: ConcurrentState, here: Sighting, { event }: Observation): boolean {
    if (event.principal?.kind !== 'user' || !isTurn(own.sightings, here, this.#windowMs)) return false;
    const sinceMs = here.lastMs - this.#windowMs;
    const turns = own.turns.filter((timeMs) => timeMs > sinceMs && timeMs <= here.lastMs).length + 1;
    return turns >= TURNS_MAX;
  }

  #isSame(one: Sighting, { event, timeMs }: Observation): boolean {
    const { client } = event;
    if (client === undefined || timeMs < one.lastMs) return false;
    return one.network === (client.network_name ?? client.address);
  }

  /** Null for what is no accepted use, or tells no address. */
  #sighting({ event, request, accepted, timeMs }: Observation): Sighting | null {
    const { client } = event;
    if (client === undefined || !request || !accepted || event.action !== 'use') return null;
    return {
      // A pool of addresses with one name is one place.
      network: boundText(client.network_name ?? networkOf(client.address), NETWORK_CHARS_MAX),
      agent: familyOf(event),
      inside: this.#inside.has(client.address) || isOwnNetwork(client),
      vouched: isVouched(client),
      asn: client.asn ?? 0,
      country: client.geo?.country_iso_code ?? '',
      city: boundText(client.geo?.city ?? '', CITY_CHARS_MAX),
      firstMs: timeMs,
      lastMs: timeMs,
      lastUid: event.event_uid,
    };
  }
}

function placeOf({ network, asn, city, country, agent }: Sighting): string {
  const known = [asn === 0 ? '' : `AS${asn}`, city, country, agent].filter((part) => part !== '');
  return known.length === 0 ? network : `${network} (${known.join(', ')})`;
}

/** @param options validated by `concurrentOptionsSchema`. */
export function createConcurrentDetector(options: ConcurrentOptions): Detector<FactState<ConcurrentState>> {
  return createFactDetector(new ConcurrentKernel(options));
}
