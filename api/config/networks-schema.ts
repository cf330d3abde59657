import { z } from 'zod';
import { isAddressRange } from '../../ingest/core/address-ranges.js';
import { namedKinds } from '../../ingest/enrich/networks/named-networks.js';

/** A look-up of a new address walks all of them; some microseconds at this bound. */
const CIDRS_MAX = 4096;

/** Networks that the operator knows by name, at `enrich.networks`. */
export const networksSchema = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(64).describe('How events, alerts and the map call it.'),
      kind: z
        .enum(namedKinds)
        .describe('egress, office, vpn and proxy are your own; hosting, partner and tor are not.'),
      cidrs: z
        .array(z.string().max(64).refine(isAddressRange, 'Write an address or a CIDR range.'))
        .min(1)
        .max(CIDRS_MAX),
    }),
  )
  .max(256)
  .refine((networks) => networks.reduce((sum, { cidrs }) => sum + cidrs.length, 0) <= CIDRS_MAX, {
    message: `More than ${CIDRS_MAX} ranges.`,
  })
  .refine((networks) => new Set(networks.map(({ name }) => name)).size === networks.length, {
    message: 'Two networks have one name.',
  })
  .default([]);
