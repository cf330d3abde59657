import { QuantisedRing } from '../core/quantised-ring.js';
import { decodeCallers, encodeCallers, NO_CALLERS, type Callers } from '../core/usual-callers.js';

/** Of one hard limit: a sliding counter (the running window and the one before), or where it has a burst the state of GCRA. */
export interface LimitState {
  window: number;
  /** Requests in the window; with a burst those since the start of the excess. */
  count: number;
  previous: number;
  /** Start of the excess now running, as a window number, with a burst as a time in milliseconds; -1 for none. */
  episodeStart: number;
  episodeLast: number;
  /** Theoretical arrival time of the next request; -1 before the first one and without a burst. */
  tatMs: number;
}

/** An hour with a burst, by its number since the epoch, and the most requests in a window of it. */
export type BurstHour = readonly [hour: number, peak: number];

/** Hours with a burst that are remembered, the running one among them. */
export const BURSTS_MAX = 4;

export interface RateState {
  /** Number of the running bucket since the epoch, -1 before the first request. */
  bucket: number;
  count: number;
  /** Of `count`, those that the callee accepted: only these teach. */
  taught: number;
  previous: number;
  /** The running bucket gave a verdict and must not teach. */
  suspect: boolean;
  /** Buckets in a row that gave a verdict. */
  suspectRun: number;
  episodeStart: number;
  episodeLast: number;
  /** Expectation for the running bucket; NaN until it is needed. */
  expected: number;
  spread: number;
  /** From where it was used, as far as it was usual. */
  callers: Callers;
  /** Address of the newest of them, so that the next request from it need not be hashed. Not stored. */
  lastAddress: string;
  /** The last hours with a burst, oldest first. */
  bursts: readonly BurstHour[];
  readonly ring: QuantisedRing;
  readonly limits: LimitState[];
}

const newLimit = (): LimitState => ({
  window: -1,
  count: 0,
  previous: 0,
  episodeStart: -1,
  episodeLast: -1,
  tatMs: -1,
});

export function newRateState(ringSize: number, limitCount: number): RateState {
  return {
    bucket: -1,
    count: 0,
    taught: 0,
    previous: 0,
    suspect: false,
    suspectRun: 0,
    episodeStart: -1,
    episodeLast: -1,
    expected: NaN,
    spread: NaN,
    callers: NO_CALLERS,
    lastAddress: '',
    bursts: [],
    ring: new QuantisedRing(ringSize),
    limits: Array.from({ length: limitCount }, newLimit),
  };
}

/** Fields in the order in which they are encoded; raise the detector's version when it changes. */
export function encodeRateState(state: RateState): string {
  const head = [
    state.bucket,
    state.count,
    state.taught,
    state.previous,
    state.suspect ? 1 : 0,
    state.suspectRun,
    state.episodeStart,
    state.episodeLast,
    state.expected,
    state.spread,
  ];
  const limits = state.limits.map((limit) =>
    [limit.window, limit.count, limit.previous, limit.episodeStart, limit.episodeLast, limit.tatMs].join(','),
  );
  const parts = [
    head.join(','),
    state.ring.encode(),
    limits.join(';'),
    encodeCallers(state.callers),
    encodeBursts(state.bursts),
  ];
  while (parts.length > 3 && parts.at(-1) === '') parts.pop();
  return parts.join('|');
}

/** Throws on text that no encoder wrote. */
export function decodeRateState(text: string, ringSize: number, limitCount: number): RateState {
  const [head = '', ring = '', limits = '', callers = '', bursts = ''] = text.split('|');
  const fields = head.split(',').map(Number);
  if (fields.length !== 10 || !fields.slice(0, 8).every(Number.isInteger)) {
    throw new TypeError('The text is no state of detector rate.');
  }
  const field = (index: number): number => fields[index] ?? 0;
  const kept = limits === '' ? [] : limits.split(';').map(decodeLimit);
  return {
    bucket: field(0),
    count: field(1),
    taught: field(2),
    previous: field(3),
    suspect: field(4) === 1,
    suspectRun: field(5),
    episodeStart: field(6),
    episodeLast: field(7),
    expected: field(8),
    spread: field(9),
    callers: decodeCallers(callers),
    lastAddress: '',
    bursts: decodeBursts(bursts),
    ring: QuantisedRing.decode(ring, ringSize),
    // Limits are matched by position: with other rules than at encoding time they begin anew.
    limits: kept.length === limitCount ? kept : Array.from({ length: limitCount }, newLimit),
  };
}

const encodeBursts = (bursts: readonly BurstHour[]): string => bursts.map((burst) => burst.join(',')).join(';');

const decodeBursts = (text: string): readonly BurstHour[] =>
  text === ''
    ? []
    : text.split(';').map((part): BurstHour => {
        const [hour = 0, peak = 0] = part.split(',').map(Number);
        return [hour, peak];
      });

function decodeLimit(text: string): LimitState {
  const [window = -1, count = 0, previous = 0, episodeStart = -1, episodeLast = -1, tatMs = -1] = text
    .split(',')
    .map(Number);
  return { window, count, previous, episodeStart, episodeLast, tatMs };
}
