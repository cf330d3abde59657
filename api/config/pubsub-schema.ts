import { z } from 'zod';
import { privateUrl } from './private-url.js';
import { hasOneSecret, oneSecretFault, secretKeys } from './secret-schema.js';

/** A subscription of Google Cloud Pub/Sub; the secret is the JSON key file of a service account. */
export const pubSubKeys = {
  subscription: z
    .string()
    .regex(/^projects\/[a-z0-9.:-]{1,128}\/subscriptions\/[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/, 'projects/PROJECT/subscriptions/NAME'),
  /** Of a region, such as `https://europe-west3-pubsub.googleapis.com`. */
  url: privateUrl.default('https://pubsub.googleapis.com'),
  ...secretKeys,
}; // prettier-ignore

export const pubSubInput = z
  .strictObject({
    kind: z.literal('pubsub'),
    ...pubSubKeys,
    /** Of one pull; the bounds are those of the reader (`pubSubConfigSchema`). */
    max_messages: z.int().min(1).max(1_000).default(500),
  })
  .refine(hasOneSecret, oneSecretFault);

/** The subscription that is told of a bucket's new objects. */
export const pubSubNotices = z.strictObject(pubSubKeys).refine(hasOneSecret, oneSecretFault);

export type PubSubInputConfig = z.output<typeof pubSubInput>;
export type SubscriptionConfig = z.output<typeof pubSubNotices>;
