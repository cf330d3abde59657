import { z } from 'zod';

/** A file, or a pattern; `**` is folders at any depth, and so a part of its own. */
export const filePattern = z
  .string()
  .min(1)
  .refine(
    (path) => path.split('/').every((part) => part === '**' || !part.includes('**')),
    'Write ** as a part of its own, as in /var/log/**/*.json, and * inside a name.',
  );

/** What the file tail reads; which source parses it is decided by the binding that the collector is given. */
export const fileTailConfigSchema = z.strictObject({
  paths: z
    .array(filePattern)
    .min(1)
    .describe(
      'Files, or patterns with * and ? in any part, and ** for folders at any depth; rotated and compressed files may match too.',
    ),
  poll_ms: z.int().min(10).max(60_000).default(500).describe('Longest time between two looks, milliseconds.'),
  rotated_idle_ms: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(10_000)
    .describe('A renamed or deleted file is let go when nothing was written to it for this long, milliseconds.'),
  line_bytes_max: z.int().min(1_024).max(67_108_864).default(1_048_576).describe('Longer lines become dead letters.'),
});

export type FileTailConfig = z.output<typeof fileTailConfigSchema>;
