import { QuantisedRing } from '../core/quantised-ring.js';
import { decodeExcesses, encodeExcesses, NO_EXCESSES, type Excesses } from './month-memory.js';

export interface BaselineState {
  /** Number of the running hour since the epoch, -1 before the first request. */
  hour: number;
  requests: number;
  failures: number;
  /** Of these, what the callee accepted: only this teaches. */
  taughtRequests: number;
  taughtFailures: number;
  /** The running hour gave a verdict and must not teach. */
  suspect: boolean;
  /** Hours in a row that gave a verdict. */
  suspectRun: number;
  /** Most requests of one of these hours. */
  runPeak: number;
  /** Hours in a row with far fewer requests than any hour like them. */
  lowRun: number;
  /** Expectations for the running hour; NaN until they are needed. */
  volumeExpected: number;
  volumeSpread: number;
  shareExpected: number;
  shareDeviation: number;
  /** Requests in the running hour from which on it is more than a strange time of the day; NaN until it is needed. */
  loudFrom: number;
  /** Hour of the first request known, -1 before it. */
  since: number;
  /** Days with more than usual, of the last months. */
  excesses: Excesses;
  /** Requests of each closed hour. */
  readonly volume: QuantisedRing;
  /** Failure share of each closed hour in 1/10,000. */
  readonly share: QuantisedRing;
}

export function newBaselineState(hours: number): BaselineState {
  return {
    hour: -1,
    requests: 0,
    failures: 0,
    taughtRequests: 0,
    taughtFailures: 0,
    suspect: false,
    suspectRun: 0,
    runPeak: 0,
    lowRun: 0,
    volumeExpected: NaN,
    volumeSpread: NaN,
    shareExpected: NaN,
    shareDeviation: NaN,
    loudFrom: NaN,
    since: -1,
    excesses: NO_EXCESSES,
    volume: new QuantisedRing(hours),
    share: new QuantisedRing(hours),
  };
}

/** Fields in the order in which they are encoded, new ones last; raise the detector's version when it changes. */
export function encodeBaselineState(state: BaselineState): string {
  const head = [
    state.hour,
    state.requests,
    state.failures,
    state.taughtRequests,
    state.taughtFailures,
    state.suspect ? 1 : 0,
    state.suspectRun,
    state.volumeExpected,
    state.volumeSpread,
    state.shareExpected,
    state.shareDeviation,
    state.loudFrom,
    state.lowRun,
    state.since,
    state.runPeak,
  ];
  const parts = [head.join(','), state.volume.encode(), state.share.encode()];
  return (state.excesses.length === 0 ? parts : [...parts, encodeExcesses(state.excesses)]).join('|');
}

/** Throws on text that no encoder wrote. */
export function decodeBaselineState(text: string, hours: number): BaselineState {
  const [head = '', volume = '', share = '', excesses = ''] = text.split('|');
  const fields = head.split(',').map(Number);
  // Older states lack the last fields: levels, months, low hours.
  if (fields.length < 12 || fields.length > 15 || !fields.slice(0, 7).every(Number.isInteger)) {
    throw new TypeError('The text is no state of detector baseline.');
  }
  const field = (index: number): number => fields[index] ?? 0;
  const volumes = QuantisedRing.decode(volume, hours);
  return {
    hour: field(0),
    requests: field(1),
    failures: field(2),
    taughtRequests: field(3),
    taughtFailures: field(4),
    suspect: field(5) === 1,
    suspectRun: field(6),
    runPeak: field(14),
    volumeExpected: field(7),
    volumeSpread: field(8),
    shareExpected: field(9),
    shareDeviation: field(10),
    loudFrom: field(11),
    lowRun: field(12),
    since: fields[13] ?? (field(0) < 0 ? -1 : field(0) - volumes.size),
    excesses: decodeExcesses(excesses),
    volume: volumes,
    share: QuantisedRing.decode(share, hours),
  };
}
