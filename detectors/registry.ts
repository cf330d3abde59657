import { z } from 'zod';
import { createBaselineDetector } from './baseline/baseline-detector.js';
import { baselineOptionsSchema } from './baseline/baseline-options.js';
import { createBindingDetector } from './binding/binding-detector.js';
import { createConcurrentDetector } from './concurrent/concurrent-detector.js';
import { concurrentOptionsSchema } from './concurrent/concurrent-options.js';
import type { AnyDetector } from './core/detector.js';
import { matchesEntity, type Whose } from './core/entity-match.js';
import { detectorIds, type DetectorId } from './detector-ids.js';
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
import { overridden, OverrideIndex } from './overrides/overridden-detector.js';
import { overridesSchema, type OverrideEntry } from './overrides/override-options.js';
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
  overrides: overridesSchema.describe('Other settings for some tokens and principals.'),
});

/** Whether findings can have it as their `detector`: one of these, or a rule by its name. */
export const isDetectorName = (name: string): boolean =>
  detectorIds.some((id) => id === name) || /^rule:[a-z0-9]/.test(name);

export type DetectorsOptions = z.output<typeof detectorsOptionsSchema>;

const makers: Readonly<Record<DetectorId, (options: DetectorsOptions, decoys: DecoyLookup) => AnyDetector>> = {
  honeytoken: (_, decoys) => createHoneytokenDetector(decoys),
  failures: ({ failures }) => createFailuresDetector(failures),
  lifecycle: ({ lifecycle }) => createLifecycleDetector(lifecycle),
  concurrent: ({ concurrent }) => createConcurrentDetector(concurrent),
  binding: () => createBindingDetector(),
  scope: ({ scope }) => createScopeDetector(scope),
  session: ({ session }) => createSessionDetector(session),
  novelty: ({ novelty }) => createNoveltyDetector(novelty),
  travel: ({ travel }) => createTravelDetector(travel),
  rate: ({ rate }) => createRateDetector(rate),
  baseline: ({ baseline }) => createBaselineDetector(baseline),
  exchange: ({ exchange }) => createExchangeDetector(exchange),
  silence: ({ silence }) => createSilenceDetector(silence),
};

/** The options with what an entry puts in their place. */
const overriddenOptions = (options: DetectorsOptions, entry: OverrideEntry): DetectorsOptions => ({
  ...options,
  rate: { ...options.rate, ...entry.rate },
  baseline: { ...options.baseline, ...entry.baseline },
  failures: { ...options.failures, ...entry.failures },
  lifecycle: { ...options.lifecycle, ...entry.lifecycle },
  concurrent: { ...options.concurrent, ...entry.concurrent },
  scope: { ...options.scope, ...entry.scope },
  session: { ...options.session, ...entry.session },
  novelty: { ...options.novelty, ...entry.novelty },
  travel: { ...options.travel, ...entry.travel },
  silence: { ...options.silence, ...entry.silence },
  exchange: { ...options.exchange, ...entry.exchange },
});

/** What holds for one entity. */
export function optionsFor(options: DetectorsOptions, whose: Whose): DetectorsOptions {
  const entry = options.overrides.find((one) => matchesEntity(one, whose));
  return entry === undefined ? options : overriddenOptions(options, entry);
}

/** Every stream detector, in the order in which they run; each says in which stages. */
export function createDetectors(
  options: DetectorsOptions = detectorsOptionsSchema.parse({}),
  decoys: DecoyLookup = new DecoyIndex(),
): readonly AnyDetector[] {
  const { overrides } = options;
  const index = new OverrideIndex(overrides);
  return detectorIds
    .filter((id) => !options.disabled.includes(id))
    .map((id) => {
      const make = makers[id];
      const byEntry = overrides.map((entry) => {
        if (entry.off.includes(id)) return null;
        return entry[id] === undefined ? undefined : make(overriddenOptions(options, entry), decoys);
      });
      return overridden(make(options, decoys), byEntry, index);
    });
}
