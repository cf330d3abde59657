import { z } from 'zod';

export const grpcReceiverConfigSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(4317),
  message_bytes_max: z
    .int()
    .min(1_024)
    .max(268_435_456)
    .default(16_777_216)
    .describe('Bytes of one message, before and after decompression.'),
  connections_max: z.int().min(1).max(65_535).default(1_024).describe('Open connections; more are closed at once.'),
  streams_max: z.int().min(1).max(10_000).default(100).describe('Calls at a time on one connection.'),
});

export type GrpcReceiverConfig = z.output<typeof grpcReceiverConfigSchema>;
