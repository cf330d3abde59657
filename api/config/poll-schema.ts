import { z } from 'zod';
import { signInTypes } from '../../ingest/collectors/poll/apis/entra.js';
import { durationMs } from './duration.js';
import { privateUrl as url } from './private-url.js';
import { hasOneSecret, oneSecretFault, secretKeys } from './secret-schema.js';

const label = z.string().min(1).max(256);

/** The APIs that can be asked, by product; a secret is an API token, a client secret or a key file. */
const api = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('okta'), url, ...secretKeys }).refine(hasOneSecret, oneSecretFault),
  z
    .strictObject({ kind: z.literal('auth0'), url, client_id: label, ...secretKeys })
    .refine(hasOneSecret, oneSecretFault),
  z
    .strictObject({
      kind: z.literal('keycloak'),
      /** Its address inside a cluster may be http. */
      url: z.url({ protocol: /^https?$/ }),
      realms: z.array(label).min(1).max(256),
      /** Where the client is registered; default: the first of the realms. */
      client_realm: label.optional(),
      client_id: label,
      lists: z
        .array(z.enum(['events', 'admin-events']))
        .min(1)
        .default(['events', 'admin-events']),
      ...secretKeys,
    })
    .refine(hasOneSecret, oneSecretFault),
  z
    .strictObject({
      kind: z.literal('github'),
      url: url.default('https://api.github.com'),
      organization: label.optional(),
      enterprise: label.optional(),
      ...secretKeys,
    })
    .refine(hasOneSecret, oneSecretFault)
    .refine(({ organization, enterprise }) => (organization === undefined) !== (enterprise === undefined), {
      message: 'needs organization or enterprise, and not both',
      path: ['organization'],
    }),
  z
    .strictObject({
      kind: z.literal('entra'),
      url: url.default('https://graph.microsoft.com'),
      login_url: url.default('https://login.microsoftonline.com'),
      tenant: label,
      client_id: label,
      sign_ins: z.array(z.enum(signInTypes)).default([...signInTypes]),
      audits: z.boolean().default(true),
      ...secretKeys,
    })
    .refine(hasOneSecret, oneSecretFault),
  z
    .strictObject({
      kind: z.literal('workspace'),
      url: url.default('https://admin.googleapis.com'),
      /** The administrator that the service account acts for. */
      subject: label,
      applications: z
        .array(z.string().regex(/^[a-z_]{1,64}$/))
        .min(1)
        .default(['login', 'token', 'admin']),
      ...secretKeys,
    })
    .refine(hasOneSecret, oneSecretFault),
]);

const dayMs = 86_400_000;

/** The bounds are those of the reader (`pollConfigSchema`), so that what is checked also starts. */
export const pollInput = z.strictObject({
  kind: z.literal('poll'),
  api,
  interval: durationMs.refine((ms) => ms >= 100 && ms <= dayMs, 'from 100ms to 1d').default(60_000),
  /** Where a first start begins, back from now. */
  lookback: durationMs.refine((ms) => ms <= 180 * dayMs, '180d or less').default(3_600_000),
  /** How late records may be; default: what is usual for the product. */
  overlap: durationMs.refine((ms) => ms >= 1_000 && ms <= 7 * dayMs, 'from 1s to 7d').optional(),
});

export type PollInputConfig = z.output<typeof pollInput>;
