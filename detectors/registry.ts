import { z } from 'zod';
import { createBaselineDetector } from './baseline/baseline-detector.js';
import { baselineOptionsSchema } from './baseline/baseline-options.js';
import type { AnyDetector } from './core/detector.js';
import { DecoyIndex, type DecoyLookup } from './honeytoken/decoys.js';
import { createHoneytokenDetector } from './honeytoken/honeytoken-detector.js';
import { createRateDetector } from './rate/rate-detector.js';
import { rateOptionsSchema } from './rate/rate-options.js';

/** The `detectors` part of the configuration: options by detector id; a detector can be switched off. */
export const detectorsOptionsSchema = z.strictObject({
  rate: rateOptionsSchema.prefault({}),
  baseline: baselineOptionsSchema.prefault({}),
  disabled: z.array(z.enum(['rate', 'baseline', 'honeytoken'])).default([]),
});

export type DetectorsOptions = z.output<typeof detectorsOptionsSchema>;

/** Every stream detector of the token stage, in the order in which they run. */
export function createDetectors(
  options: DetectorsOptions = detectorsOptionsSchema.parse({}),
  decoys: DecoyLookup = new DecoyIndex(),
): readonly AnyDetector[] {
  const all: readonly AnyDetector[] = [
    createHoneytokenDetector(decoys),
    createRateDetector(options.rate),
    createBaselineDetector(options.baseline),
  ];
  const disabled: readonly string[] = options.disabled;
  return all.filter((detector) => !disabled.includes(detector.id));
}
