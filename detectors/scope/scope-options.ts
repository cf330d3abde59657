import { z } from 'zod';

/** Options of detector `scope`, as the configuration file carries them. */
export const scopeOptionsSchema = z.strictObject({
  routes_min: z.number().int().min(3).max(16).default(5).describe('Refused routes that are probing.'),
  window_minutes: z.number().int().min(1).max(1440).default(10).describe('Within this time.'),
  grant_minutes: z
    .number()
    .int()
    .min(1)
    .max(10_080)
    .default(60)
    .describe('A use so soon after a grant follows from it.'),
});

export type ScopeOptions = z.output<typeof scopeOptionsSchema>;
