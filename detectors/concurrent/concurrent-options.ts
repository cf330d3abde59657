import { z } from 'zod';
import { isAddressRange } from '../../ingest/core/address-ranges.js';

/** Options of detector `concurrent`, as the configuration file carries them. */
export const concurrentOptionsSchema = z.strictObject({
  window_minutes: z.number().int().min(1).max(1440).default(30).describe('Two places in this time are concurrent.'),
  usual_days: z.number().min(1).max(90).default(7).describe('Places known for so long are usual to the token.'),
  home_uses: z.number().int().min(1).default(20).describe('Uses from inside that show that the token lives there.'),
  home_minutes: z.number().int().min(1).default(60).describe('Over at least this time.'),
  egress: z
    .array(z.string().refine(isAddressRange, 'is no address and no CIDR range'))
    .max(1024)
    .default([])
    .describe('Own networks as others see them: NAT, VPN and proxy addresses. They count as inside.'),
});

export type ConcurrentOptions = z.output<typeof concurrentOptionsSchema>;
