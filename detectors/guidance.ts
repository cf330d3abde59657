import type { Guidance } from './core/detector.js';
import { createDetectors } from './registry.js';

const byDetector: ReadonlyMap<string, Guidance> = new Map(
  createDetectors().map((detector) => [
    detector.id,
    { falsePositives: detector.falsePositives, nextSteps: detector.nextSteps },
  ]),
);

/** What the detector of this id says to the reader of its alerts; undefined for one that is no longer there. */
export function guidanceOf(detector: string): Guidance | undefined {
  return byDetector.get(detector);
}
