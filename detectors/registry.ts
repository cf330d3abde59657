import { z } from 'zod';
import { createBaselineDetector } from './baseline/baseline-detector.js';
import { baselineOptionsSchema } from './baseline/baseline-options.js';
import { createBindingDetector } from './binding/binding-detector.js';
import { createConcurrentDetector } from './concurrent/concurrent-detector.js';
import { concurrentOptionsSchema } from './concurrent/concurrent-options.js';
import type { AnyDetector } from './core/detector.js';
import { createExchangeDetector } from './exchange/exchange-detector.js';
import { exchangeOptionsSchema } from './exchange/exchange-options.js';
import { createFailuresDetector } from './failures/failures-detector.js';
import { failuresOptionsSchema } from './failures/failures-options.js';
import { DecoyIndex, type DecoyLookup } from './honeytoken/decoys.js';
import { createHoneytokenDetector } from './honeytoken/honeytoken-detector.js';
import { createLifecycleDetector } from './lifecycle/lifecycle-detector.js';
import { lifecycleOptionsSchema } from './lifecycle/lifecycle-options.js';
import { createNoveltyDetector } from './novelty/novelty-detector.js';
import { noveltyOptionsSchema } from './novelty/novelty-options.js';
import { createRateDetector } from './rate/rate-detector.js';
import { rateOptionsSchema } from './rate/rate-options.js';
import { createScopeDetector } from './scope/scope-detector.js';
import { scopeOptionsSchema } from './scope/scope-options.js';
import { createSessionDetector } from './session/session-detector.js';
import { sessionOptionsSchema } from './session/session-options.js';
import { createSilenceDetector } from './silence/silence-detector.js';
import { silenceOptionsSchema } from './silence/silence-options.js';
import { createTravelDetector } from './travel/travel-detector.js';
import { travelOptionsSchema } from './travel/travel-options.js';

const detectorIds = [
  'rate', 'baseline', 'failures', 'honeytoken', 'lifecycle', 'concurrent', 'binding', 'scope', 'session', 'novelty', 'travel',
  'silence', 'exchange',
] as const; // prettier-ignore

/** The `detectors` part of the configuration: options by detector id; a detector can be switched off, or only watched. */
export const detectorsOptionsSchema = z.strictObject({
  rate: rateOptionsSchema.prefault({}),
  baseline: baselineOptionsSchema.prefault({}),
  failures: failuresOptionsSchema.prefault({}),
  lifecycle: lifecycleOptionsSchema.prefault({}),
  concurrent: concurrentOptionsSchema.prefault({}),
  scope: scopeOptionsSchema.prefault({}),
  session: sessionOptionsSchema.prefault({}),
  novelty: noveltyOptionsSchema.prefault({}),
  travel: travelOptionsSchema.prefault({}),
  silence: silenceOptionsSchema.prefault({}),
  exchange: exchangeOptionsSchema.prefault({}),
  disabled: z.array(z.enum(detectorIds)).default([]).describe('Do not run.'),
  observe: z.array(z.enum(detectorIds)).default([]).describe('Run, and raise nothing: their findings are suppressed.'),
});

/** Whether findings can have it as their `detector`: one of these, or a rule by its name. */
export const isDetectorName = (name: string): boolean =>
  detectorIds.some((id) => id === name) || /^rule:[a-z0-9]/.test(name);

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
    createSessionDetector(options.session),
    createNoveltyDetector(options.novelty),
    createTravelDetector(options.travel),
    createRateDetector(options.rate),
    createBaselineDetector(options.baseline),
    createExchangeDetector(options.exchange),
    createSilenceDetector(options.silence),
  ];
  const disabled: readonly string[] = options.disabled;
  return all.filter((detector) => !disabled.includes(detector.id));
}
