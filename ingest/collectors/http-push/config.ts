import { z } from 'zod';

export const httpPushConfigSchema = z.strictObject({
  decompressed_bytes_max: z.int().min(1_024).max(536_870_912).default(67_108_864),
  record_bytes_max: z
    .int()
    .min(1_024)
    .max(67_108_864)
    .default(1_048_576)
    .describe('Longer records become dead letters.'),
  records_max: z.int().min(1).max(1_000_000).default(100_000).describe('Records of one request.'),
  in_flight_bytes_max: z.int().min(65_536).max(4_294_967_296).default(134_217_728),
});

export type HttpPushConfig = z.output<typeof httpPushConfigSchema>;
