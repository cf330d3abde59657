import { z } from 'zod';

/** Options of detector `session`, as the configuration file carries them. */
export const sessionOptionsSchema = z.strictObject({
  end_leeway_seconds: z.number().int().min(0).max(86_400).default(5).describe('Requests under way at the logout.'),
  home_leeway_seconds: z.number().int().min(0).max(86_400).default(60).describe('The same for the places that the principal is known from: clocks differ.'),
  reuse_leeway_seconds: z.number().int().min(0).max(86_400).default(30).describe('A client that lost the answer asks again.'),
}); // prettier-ignore

export type SessionOptions = z.output<typeof sessionOptionsSchema>;
