import { z } from 'zod';

/** Options of detector `failures`, as the configuration file carries them. */
export const failuresOptionsSchema = z.strictObject({
  guesses_min: z.number().int().min(3).max(1000).default(10).describe('Guesses that fill the bucket.'),
  signatures_min: z.number().int().min(3).max(1000).default(5).describe('Broken signatures that fill the bucket.'),
  leak_seconds: z.number().int().min(1).max(3600).default(30).describe('One guess leaks away in this time.'),
});

export type FailuresOptions = z.output<typeof failuresOptionsSchema>;
