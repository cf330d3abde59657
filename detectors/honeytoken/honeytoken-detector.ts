import { boundText } from '../../ingest/core/text.js';
import type { Action } from '../../ingest/event/token-event.js';
import { isOfKeyLife } from '../core/cloud-keys.js';
import type { Detector, Observation, Score, Verdict } from '../core/detector.js';
import { usesSinceSql } from '../core/reproduce.js';
import type { DecoyLookup } from './decoys.js';

const NONE: readonly Score[] = [];
const HOUR_MS = 3_600_000;
/** Addresses told apart in one episode; what comes from more is counted, not reported anew. */
const ADDRESSES_MAX = 16;
const ADDRESS_CHARS_MAX = 64;
const NAME_CHARS_MAX = 120;

/** What an issuer does *to* a token is its owner's housekeeping; a policy is changed *with* one, as most that a cloud records. */
const housekeeping: ReadonlySet<Action> = new Set<Action>([
  'issue', 'create', 'delete', 'revoke', 'expire', 'rotate', 'grant',
]); // prettier-ignore

interface HoneytokenState {
  /** Start of what the last finding told, milliseconds; -1 before the first use. */
  windowStartMs: number;
  lastMs: number;
  uses: number;
  addresses: string[];
}

function concerns(observation: Observation): boolean {
  const { source, action } = observation.event;
  return source.kind === 'issuer' ? !housekeeping.has(action) : !isOfKeyLife(observation.event);
}

/** Any use of a registered decoy, taken or refused; README.md beside this file says what counts as one. */
class HoneytokenDetector implements Detector<HoneytokenState> {
  readonly id = 'honeytoken';
  readonly version = 1;
  readonly stages = ['token'] as const;
  readonly falsePositives = [
    'A secret scanner that verifies what it finds, or a colleague who found the decoy: both are worth knowing.',
    'A decoy that something uses after all; do not register such a credential.',
  ];
  readonly nextSteps = [
    'Treat the place where the decoy was planted as read by somebody: rotate every real credential beside it.',
    'Look at what else the address and the user agent did in the hours around the use.',
    'Leave the decoy in place until the incident is over: each further address is a finding of its own.',
  ];
  readonly stateBytesMax = 256 + ADDRESSES_MAX * (6 * ADDRESS_CHARS_MAX + 3);
  readonly idleMs = 24 * HOUR_MS;
  readonly #decoys: DecoyLookup;

  constructor(decoys: DecoyLookup) {
    this.#decoys = decoys;
  }

  initial(): HoneytokenState {
    return { windowStartMs: -1, lastMs: -1, uses: 0, addresses: [] };
  }

  score(state: HoneytokenState, observation: Observation): readonly Score[] {
    if (!this.#isUse(observation)) return NONE;
    const going = isGoing(state, observation.timeMs);
    const news = !going || isNewAddress(state, addressOf(observation));
    const startMs = news ? observation.timeMs : Math.min(state.windowStartMs, observation.timeMs);
    return [
      {
        value: going ? state.uses + 1 : 1,
        measure: 'uses',
        unit: 'uses',
        observed: news ? 1 : state.uses + 1,
        expected: 0,
        spread: 0,
        sampleCount: 0,
        warmedUp: true,
        windowStartMs: startMs,
        windowEndMs: observation.timeMs,
      },
    ];
  }

  classify(_score: Score, observation: Observation): Verdict | null {
    const { token, outcome } = observation.event;
    const decoy = token === undefined ? undefined : this.#decoys.find(token, observation.timeMs);
    if (decoy === undefined) return null;
    const name = boundText(decoy.name, NAME_CHARS_MAX);
    const place = decoy.planted === '' ? '' : `, planted in ${boundText(decoy.planted, NAME_CHARS_MAX)},`;
    const how = outcome === 'success' ? 'was used' : 'was tried';
    return {
      severity: 'critical',
      fidelity: 'high',
      summary: `Decoy credential ${name}${place} ${how}: nobody has a reason to, so somebody found it.`,
      techniques: ['T1552', 'T1078'],
    };
  }

  learn(state: HoneytokenState, observation: Observation): HoneytokenState {
    if (!this.#isUse(observation)) return state;
    const { timeMs } = observation;
    const address = addressOf(observation);
    if (!isGoing(state, timeMs)) return { windowStartMs: timeMs, lastMs: timeMs, uses: 1, addresses: [address] };
    if (isNewAddress(state, address)) {
      state.addresses.push(address);
      state.windowStartMs = timeMs;
      state.uses = 0;
    }
    state.uses += 1;
    state.lastMs = Math.max(state.lastMs, timeMs);
    return state;
  }

  sql(score: Score, observation: Observation): string {
    return usesSinceSql(observation, score.windowStartMs);
  }

  encode(state: HoneytokenState): string {
    return state.windowStartMs < 0
      ? '-'
      : JSON.stringify([state.windowStartMs, state.lastMs, state.uses, state.addresses]);
  }

  decode(text: string): HoneytokenState {
    if (text === '-') return this.initial();
    const parts: unknown = text.startsWith('[') ? JSON.parse(text) : null;
    if (!Array.isArray(parts) || parts.length !== 4 || !Array.isArray(parts[3])) {
      throw new TypeError('The text is no state of detector honeytoken.');
    }
    const [windowStartMs, lastMs, uses, addresses] = parts as [number, number, number, string[]];
    return { windowStartMs, lastMs, uses, addresses };
  }

  #isUse(observation: Observation): boolean {
    const { token } = observation.event;
    return token !== undefined && concerns(observation) && this.#decoys.find(token, observation.timeMs) !== undefined;
  }
}

/** An hour without a use ends an episode. */
const isGoing = (state: HoneytokenState, timeMs: number): boolean =>
  state.windowStartMs >= 0 && timeMs - state.lastMs <= HOUR_MS;

const addressOf = (observation: Observation): string =>
  boundText(observation.event.client?.address ?? '', ADDRESS_CHARS_MAX);

const isNewAddress = (state: HoneytokenState, address: string): boolean =>
  state.addresses.length < ADDRESSES_MAX && !state.addresses.includes(address);

/** @param decoys asked at each event; what it answers must follow from the registry alone, so that a replay agrees. */
export function createHoneytokenDetector(decoys: DecoyLookup): Detector<HoneytokenState> {
  return new HoneytokenDetector(decoys);
}
