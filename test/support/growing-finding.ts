import { fidelities, severities } from '../../detectors/core/detector.js';
import type { Finding } from '../../detectors/core/finding.js';

/** One excess of one window, told at its first crossing and again only where it had become graver. */
export function expectOneGrowing(
  found: readonly Finding[],
  wanted: readonly [detector: string, measure: string],
): void {
  expect(found.length).toBeGreaterThan(0);
  const windows = new Set(found.map(({ detector, score }) => `${detector} ${score.measure} ${score.windowStartMs}`));
  expect([...windows]).toEqual([`${wanted.join(' ')} ${found[0]?.score.windowStartMs ?? ''}`]);
  const grades = found.map(
    ({ severity, fidelity }) => 10 * severities.indexOf(severity) + fidelities.indexOf(fidelity),
  );
  expect(grades).toEqual([...new Set(grades)].sort((a, b) => a - b));
}
