import { z } from 'zod';

/** Options of detector `baseline`, as the configuration file carries them. */
export const baselineOptionsSchema = z.strictObject({
  weeks: z.number().int().min(1).max(8).default(4).describe('How much history is remembered.'),
  hours_min: z.number().int().min(1).max(168).default(24).describe('Grace: hours known before the first verdict.'),
  requests_min: z.number().int().min(1).default(50).describe('Fewer requests in an hour are never a finding.'),
  failures_min: z.number().int().min(1).default(10).describe('Fewer failures in an hour are never a finding.'),
  requests_floor: z.number().positive().default(10).describe('Floor of the spread, requests an hour.'),
  share_floor: z.number().positive().max(1).default(0.05).describe('Floor of the spread of the failure share.'),
  threshold: z.number().positive().default(6).describe('Robust standard deviations above the expectation.'),
  adopt_hours: z
    .number()
    .int()
    .min(24)
    .default(168)
    .describe('Hours in a row that an excess must last before it begins to be learnt, cut to what was ordinary.'),
});

export type BaselineOptions = z.output<typeof baselineOptionsSchema>;
