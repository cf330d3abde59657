import { z } from 'zod';
import { createBaselineDetector } from './baseline/baseline-detector.js';
import { baselineOptionsSchema } from './baseline/baseline-options.js';
import { createBindingDetector } from './binding/binding-detector.js';
import { createConcurrentDetector } from './concurrent/concurrent-detector.js';
import { concurrentOptionsSchema } from './concurrent/concurrent-options.js';
import type { AnyDetector } from './core/detector.js';
import { createFailuresDetector } from './failures/failures-detector.js';
import { failuresOptionsSchema } from './failures/failures-options.js';
import { DecoyIndex, type DecoyLookup } from './honeytoken/decoys.js';
import { createHoneytokenDetector } from './honeytoken/honeytoken-detector.js';
import { createLifecycleDetector } from './lifecycle/lifecycle-detector.js';
import { lifecycleOptionsSchema } from './lifecycle/lifecycle-options.js';
import { createRateDetector } from './rate/rate-detector.js';
import { rateOptionsSchema } from './rate/rate-options.js';
import { createScopeDetector } from './scope/scope-detector.js';
import { scopeOptionsSchema } from './scope/scope-options.js';

/** The `detectors` part of the configuration: options by detector id; a detector can be switched off. */
export const detectorsOptionsSchema = z.strictObject({
  rate: rateOptionsSchema.prefault({}),
  baseline: baselineOptionsSchema.prefault({}),
  failures: failuresOptionsSchema.prefault({}),
  lifecycle: lifecycleOptionsSchema.prefault({}),
  concurrent: concurrentOptionsSchema.prefault({}),
  scope: scopeOptionsSchema.prefault({}),
  disabled: z
    .array(z.enum(['rate', 'baseline', 'failures', 'honeytoken', 'lifecycle', 'concurrent', 'binding', 'scope']))
    .default([]),
});

export type DetectorsOptions = z.output<typeof detectorsOptionsSchema>;

/** Every stream detector, in the order in which they run; each says in which stages. */
export function createDetectors(
  options: DetectorsOptions = detectorsOptionsSchema.parse({}),
  decoys: DecoyLookup = new DecoyIndex(),
): readonly AnyDetector[] {
  const all: readonly AnyDetector[] = [
    createHoneytokenDetector(decoys),
    createFailuresDetector(options.failures),
    createLifecycleDetector(options.lifecycle),
    createConcurrentDetector(options.concurrent),
    createBindingDetector(),
    createScopeDetector(options.scope),
    createRateDetector(options.rate),
    createBaselineDetector(options.baseline),
  ];
  const disabled: readonly string[] = options.disabled;
  return all.filter((detector) => !disabled.includes(detector.id));
}
