import { z } from 'zod';
import { tokenUid } from './common.js';

export const honeytokenFormats = ['aws', 'github', 'slack', 'stripe', 'jwt', 'generic', 'existing'] as const;
export type HoneytokenFormat = (typeof honeytokenFormats)[number];

const words = (max: number) => z.string().trim().max(max);

export const honeytokenBody = z.strictObject({
  token_uid: tokenUid,
  secret_fp: z
    .string()
    .regex(/^fp_[A-Za-z0-9_-]{22}$/)
    .optional()
    .describe('Fingerprint of the secret, where it has one.'),
  fp_key_id: z.string().min(1).max(256).describe('The fingerprint key that made both.'),
  format: z.enum(honeytokenFormats),
  name: words(120).min(1).describe('Stands in the alert.'),
  planted: words(256).default('').describe('Where it lies to be found; stands in the alert.'),
  note: words(1024).default(''),
});

export type HoneytokenRegistration = z.output<typeof honeytokenBody>;

export const honeytokenSchema = z
  .object({
    token_uid: z.string(),
    secret_fp: z.string(),
    fp_key_id: z.string(),
    format: z.string(),
    name: z.string(),
    planted: z.string(),
    note: z.string(),
    created_at: z.string(),
    created_by: z.string(),
    removed_at: z.string().nullable(),
  })
  .meta({ id: 'Honeytoken' });

export type Honeytoken = z.output<typeof honeytokenSchema>;

export const honeytokensAnswer = z.object({ items: z.array(honeytokenSchema) }).meta({ id: 'HoneytokenList' });
export const honeytokenParams = z.object({ token_uid: tokenUid });
