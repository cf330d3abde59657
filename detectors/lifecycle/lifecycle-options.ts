import { z } from 'zod';

const seconds = (value: number): z.ZodDefault<z.ZodNumber> => z.number().int().min(0).max(86_400).default(value);
const days = (value: number): z.ZodDefault<z.ZodNumber> => z.number().int().min(1).max(3650).default(value);

/** Options of detector `lifecycle`, as the configuration file carries them. */
export const lifecycleOptionsSchema = z.strictObject({
  revoke_leeway_seconds: seconds(5).describe('Requests under way when the token was revoked.'),
  home_leeway_seconds: seconds(60).describe('The same for networks that the token is known from: clocks differ.'),
  clock_leeway_seconds: seconds(120).describe('Clocks of issuer and verifier may differ by this much.'),
  rotate_grace_hours: z.number().int().min(0).max(8760).default(24).describe('An old key may be used so long.'),
  dormant_days: days(30).describe('Silence after which a use is an awakening.'),
  unused_days: days(45).describe('A key that is valid and was not used for so long should not be there.'),
  rotation_days: days(90).describe('An older key that is still used was never rotated.'),
  lifetime_days: days(90).describe('A token made for longer is too long-lived.'),
  expiry_notice_days: days(7).describe('A key in heavy use that expires within this time.'),
  heavy_uses: z.number().int().min(1).default(100).describe('Uses in a day (UTC) that are heavy use.'),
});

export type LifecycleOptions = z.output<typeof lifecycleOptionsSchema>;
