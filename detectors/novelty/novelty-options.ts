import { z } from 'zod';

/** Options of detector `novelty`, as the configuration file carries them. */
export const noveltyOptionsSchema = z.strictObject({
  learning_days: z.number().min(0).max(30).default(5).describe('Time from the first use in which all is new.'),
  learning_uses: z.number().int().min(1).max(1_000_000).default(50).describe('Uses that must have been seen as well.'),
  forget_days: z.number().min(1).max(90).default(30).describe('What was not seen for so long is new again.'),
  combination_bits: z.number().positive().default(15).describe('Surprise that makes new values in one use a finding.'),
});

export type NoveltyOptions = z.output<typeof noveltyOptionsSchema>;
