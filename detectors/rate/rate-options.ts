import { z } from 'zod';
import { stages } from '../core/detector.js';
import { entityFields } from '../core/entity-match.js';

const limitSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/).describe('Name of the limit, part of the finding.'),
  window_seconds: z.number().int().min(1).max(86_400),
  requests_max: z.number().int().min(1).describe('More than this many requests in the window are a finding.'),
  burst: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('Requests at once; requests_max in the window are then a rate that all others keep to (GCRA, a leaky bucket).'),
  per: z.enum(stages).default('token').describe('Whose requests are counted together.'),
  ...entityFields,
}); // prettier-ignore

/** Options of detector `rate`, as the configuration file carries them. */
export const rateOptionsSchema = z.strictObject({
  bucket_seconds: z.number().int().min(1).max(600).default(10),
  buckets: z.number().int().min(30).max(1440).default(360).describe('How many closed buckets are remembered.'),
  buckets_min: z
    .number()
    .int()
    .min(1)
    .max(1440)
    .default(60)
    .describe('Grace: closed buckets before the first verdict.'),
  requests_min: z.number().int().min(1).default(60).describe('Fewer requests in a bucket are never a burst.'),
  spread_floor: z.number().positive().default(5).describe('Requests in a bucket.'),
  threshold: z.number().positive().default(6).describe('Robust standard deviations above the median.'),
  cool_down_buckets: z.number().int().min(1).default(30).describe('Quiet buckets that end a burst.'),
  limits: z.array(limitSchema).max(32).default([]),
});

export type RateOptions = z.output<typeof rateOptionsSchema>;
export type RateLimitRule = RateOptions['limits'][number];
