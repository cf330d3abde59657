import type { Severity } from '../../detectors/core/detector.js';
import type { HopRow } from '../queries/map-hops.js';

/** Calls of one connection or box: each hop once, whoever logged it; some were told by one side only. */
export interface Sums {
  readonly requests: number;
  readonly failures: number;
  /** Of the requests, those that only the caller's side told. */
  readonly caller_only: number;
  /** Of the requests, those that only the callee's side told. */
  readonly callee_only: number;
}

/** A hop with what the window before had of it, and the gravest open alert that it is part of. */
export interface MapHop extends HopRow {
  /** Sums in the window compared with; null when none was asked for. */
  readonly before: Sums | null;
  readonly alert: Severity | null;
}

export const noSums = (): { -readonly [K in keyof Sums]: Sums[K] } => ({
  requests: 0,
  failures: 0,
  caller_only: 0,
  callee_only: 0,
});

/** Names a connection within one map. */
export const hopKey = (hop: Pick<HopRow, 'layer' | 'source' | 'target'>): string =>
  `${hop.layer} ${hop.source.length} ${hop.source} ${hop.target}`;

const keyOf = (hop: HopRow): string => (hop.hops > 1 ? hop.layer : hopKey(hop));

/**
 * Sets the hops of two windows side by side. What was there before and is no more stays, with zero calls, so that the
 * picture shows what has gone; the sums of the later window are untouched by it.
 *
 * @param before hops of the window compared with, or null.
 */
export function joinWindows(now: readonly HopRow[], before: readonly HopRow[] | null): MapHop[] {
  if (before === null) return now.map((hop) => ({ ...hop, before: null, alert: null }));
  const earlier = new Map(before.map((hop) => [keyOf(hop), hop]));
  const joined = now.map((hop): MapHop => {
    const known = earlier.get(keyOf(hop));
    earlier.delete(keyOf(hop));
    return { ...hop, before: known === undefined ? noSums() : sumsOf(known), alert: null };
  });
  for (const hop of earlier.values()) joined.push({ ...hop, ...noSums(), before: sumsOf(hop), alert: null });
  return joined;
}

const sumsOf = ({ requests, failures, caller_only, callee_only }: Sums): Sums => ({
  requests,
  failures,
  caller_only,
  callee_only,
});
