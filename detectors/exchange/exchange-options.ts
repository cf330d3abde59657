import { z } from 'zod';

/** Options of detector `exchange`, as the configuration file carries them. */
export const exchangeOptionsSchema = z.strictObject({
  hours_min: z.number().int().min(1).max(168).default(24).describe('Grace: hours with requests known before the first verdict.'),
  threshold: z.number().positive().default(6).describe('Robust standard deviations above the expectation.'),
  bytes_min: z.number().int().min(1).default(10_485_760).describe('Fewer bytes answered in an hour are never a finding.'),
  targets_min: z.number().int().min(2).max(64).default(10).describe('Fewer routes in an hour are never a finding.'),
  timed_min: z.number().int().min(1).default(50).describe('The mean duration of fewer requests in an hour is never a finding.'),
  duration_floor_ms: z.number().positive().default(50).describe('Floor of the spread of the mean duration, milliseconds.'),
}); // prettier-ignore

export type ExchangeOptions = z.output<typeof exchangeOptionsSchema>;
