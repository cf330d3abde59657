import { median, medianAbsoluteDeviation, quantile } from 'simple-statistics';

/** Makes the median absolute deviation comparable with a standard deviation (Rousseeuw & Croux 1993). */
const MAD_TO_SIGMA = 1.4826;
const Z_99 = 2.326;

export interface RobustCentre {
  readonly expected: number;
  /** Robust standard deviation, at least the floor. */
  readonly spread: number;
  readonly sampleCount: number;
}

export interface SpreadFloors {
  /** Absolute floor, same unit as the values. */
  readonly absolute: number;
  /** Floor as a share of the expected value, ≥ 0. */
  readonly relative: number;
  /** Also count the 99th percentile as ordinary: what happens once in a hundred windows is no anomaly. */
  readonly tail: boolean;
}

/**
 * Median and 1.4826·MAD of counts, with floors: sqrt(median) as a Poisson count would spread, a share of the median,
 * an absolute one. Without floors a token that always makes 10 requests would alarm at 11.
 *
 * @param values at least one.
 */
export function robustCentre(values: number[], floors: SpreadFloors): RobustCentre {
  const expected = median(values);
  const mad = MAD_TO_SIGMA * medianAbsoluteDeviation(values);
  const tail = floors.tail ? (quantile(values, 0.99) - expected) / Z_99 : 0;
  const spread = Math.max(mad, tail, Math.sqrt(expected), floors.relative * expected, floors.absolute);
  return { expected, spread, sampleCount: values.length };
}

export interface ShareCentre {
  /** Median, 0 to 1. */
  readonly expected: number;
  /** 1.4826·MAD. */
  readonly deviation: number;
}

/** @param shares in [0, 1]; without any the expectation is that nothing fails. */
export function shareCentre(shares: number[]): ShareCentre {
  if (shares.length === 0) return { expected: 0, deviation: 0 };
  return { expected: median(shares), deviation: MAD_TO_SIGMA * medianAbsoluteDeviation(shares) };
}

/** Spread of a share seen in `trials` requests: few trials spread widely, as the binomial standard deviation says. */
export function shareSpread(centre: ShareCentre, trials: number, floor: number): number {
  const chance = Math.min(0.5, Math.max(0.02, centre.expected));
  const binomial = Math.sqrt((chance * (1 - chance)) / Math.max(1, trials));
  return Math.max(centre.deviation, binomial, floor);
}
