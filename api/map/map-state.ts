import type { Sums } from './join-windows.js';

export const mapStates = ['new', 'gone', 'more', 'less', 'steady'] as const;
export type MapState = (typeof mapStates)[number];

const RATIO = 2;
const DEVIATIONS = 5;

/**
 * What became of something between two windows of equal length. `more` and `less` are at least a doubling or halving
 * that chance does not explain: counts vary by their square root, so the difference of two by sqrt(a + b) (Poisson);
 * five of those are asked for.
 *
 * @param before null when no window was compared with.
 */
export function stateOf(now: Sums, before: Sums | null): MapState {
  if (before === null) return 'steady';
  const [a, b] = [before.requests, now.requests];
  if (a === 0) return b === 0 ? 'steady' : 'new';
  if (b === 0) return 'gone';
  if (Math.abs(b - a) < DEVIATIONS * Math.sqrt(a + b)) return 'steady';
  if (b >= RATIO * a) return 'more';
  return a >= RATIO * b ? 'less' : 'steady';
}
