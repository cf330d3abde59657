import { z } from 'zod';

/** Options of detector `travel`, as the configuration file carries them. */
export const travelOptionsSchema = z.strictObject({
  speed_kmh: z.number().positive().default(900).describe('Faster than an airliner is no journey.'),
  distance_km: z.number().positive().default(500).describe('Nearer places are never a journey.'),
  error_km: z.number().nonnegative().default(100).describe('How far off a geo database may place each address.'),
});

export type TravelOptions = z.output<typeof travelOptionsSchema>;
