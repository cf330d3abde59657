import { z } from 'zod';
import { durationMs } from './duration.js';
import { pubSubNotices } from './pubsub-schema.js';

export const s3Input = z
  .strictObject({
    kind: z.literal('s3'),
    bucket: z.string().min(3).max(255),
    /** Of the keys that are read, such as `AWSLogs/123456789012/CloudTrail/`. */
    prefix: z.string().max(1_024).default(''),
    region: z.string().min(1).max(64).optional(),
    /** Of another service that speaks S3. */
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    /** An SQS queue that is told of new objects; without it or `pubsub` the bucket is listed. */
    queue_url: z.url({ protocol: /^https?$/ }).optional(),
    /** A subscription that Cloud Storage tells of new objects. */
    pubsub: pubSubNotices.optional(),
    /** The bounds are those of the reader (`objectConfigSchema`), so that what is checked also starts. */
    interval: durationMs.refine((ms) => ms >= 100 && ms <= 86_400_000, 'from 100ms to 1d').default(300_000),
    /** Objects put there before are left out at a first start. */
    lookback: durationMs.default(7 * 86_400_000),
  })
  .refine(({ queue_url, pubsub }) => queue_url === undefined || pubsub === undefined, {
    message: 'queue_url and pubsub exclude each other',
    path: ['pubsub'],
  });

export type S3InputConfig = z.output<typeof s3Input>;
