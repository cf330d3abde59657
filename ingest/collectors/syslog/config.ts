import { z } from 'zod';

export const syslogConfigSchema = z.strictObject({
  message_bytes_max: z
    .int()
    .min(480)
    .max(16_777_216)
    .default(262_144)
    .describe('Longer messages become dead letters; UDP carries 65,507 bytes at most.'),
  connections_max: z.int().min(1).max(65_535).default(256).describe('Open connections of one listener.'),
  pending_records_max: z
    .int()
    .min(100)
    .max(1_000_000)
    .default(20_000)
    .describe('Messages of one listener that wait for the log; then connections are not read, and datagrams dropped.'),
});

export type SyslogConfig = z.output<typeof syslogConfigSchema>;
