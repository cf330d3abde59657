import { z } from 'zod';
import { placeOptions } from '../shared/access-source.js';

/** Options of one Kong source; unknown keys are refused. */
export const optionsSchema = z.strictObject({
  ...placeOptions,
  credential_header: z
    .string()
    .max(128)
    .transform((name) => name.toLowerCase())
    .default('apikey')
    .describe('Header that key-auth reads the key from (`key_names`).'),
});
export type KongOptions = z.output<typeof optionsSchema>;
