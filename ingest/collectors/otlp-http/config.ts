import { z } from 'zod';

export const otlpHttpConfigSchema = z.strictObject({
  decompressed_bytes_max: z.int().min(1_024).max(536_870_912).default(67_108_864),
  record_bytes_max: z
    .int()
    .min(1_024)
    .max(67_108_864)
    .default(1_048_576)
    .describe('Longer records become dead letters.'),
  in_flight_bytes_max: z.int().min(65_536).max(4_294_967_296).default(134_217_728),
});

export type OtlpHttpConfig = z.output<typeof otlpHttpConfigSchema>;
