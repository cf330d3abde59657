import { z } from 'zod';

/** Options of detector `silence`, as the configuration file carries them. */
export const silenceOptionsSchema = z.strictObject({
  period_hours: z.number().min(0.1).max(168).default(24).describe('Of each such period the longest silence is remembered.'),
  periods_min: z.number().int().min(2).max(28).default(7).describe('Periods known before silence is a finding.'),
  minutes_min: z.number().int().min(1).max(10_080).default(15).describe('Shorter silences are never a finding.'),
}); // prettier-ignore

export type SilenceOptions = z.output<typeof silenceOptionsSchema>;
