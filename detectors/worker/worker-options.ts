import { z } from 'zod';

/** Options of the worker; durations in milliseconds. */
export const workerOptionsSchema = z.strictObject({
  topic: z.string().min(1).default('tourniquet.token-events.v1'),
  principalTopic: z.string().min(1).default('tourniquet.principal-observations.v1'),
  groupId: z.string().min(1).default('tourniquet-worker'),
  allowedLatenessMs: z.number().int().min(0).default(1000),
  idleFlushMs: z.number().int().min(10).default(500).describe('Silence after which events that wait are scored.'),
  blockRowsMax: z.number().int().min(1).default(50_000),
  blockTokensMax: z.number().int().min(1).default(10_000),
  blockBytesMax: z.number().int().min(1024).default(33_554_432),
  blockAgeMs: z.number().int().min(10).default(1000),
  blockQuietMs: z
    .number()
    .int()
    .min(10)
    .default(1000)
    .describe('Silence at the end of the log after which a block is stored before its age.'),
  keepsHops: z.boolean().default(true).describe('False where hops are evaluated once, when all events are stored.'),
  checkpointIntervalMs: z.number().int().min(100).default(30_000),
  keysMax: z
    .number()
    .int()
    .min(1)
    .default(120_000)
    .describe('Tokens, and again principals, with state in memory, over all partitions.'),
  liveKeysMax: z
    .number()
    .int()
    .min(1)
    .default(24_000)
    .describe('Of these, those whose state is not packed; in each stage, over all partitions.'),
  packedBytesMax: z
    .number()
    .int()
    .min(1024)
    .default(268_435_456)
    .describe('Bytes of packed state in each stage, over all partitions; what is beyond it stays in the store.'),
  dedupeGenerationMax: z.number().int().min(1000).default(262_144),
});

export type WorkerOptions = z.output<typeof workerOptionsSchema>;
