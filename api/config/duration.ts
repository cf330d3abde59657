import { z } from 'zod';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration as people write it, in milliseconds. */
export const durationMs = z
  .string()
  .regex(/^\d+(ms|s|m|h|d)$/, 'a duration such as 500ms, 10s, 5m, 2h or 30d')
  .transform((text) => {
    const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
    return Number(match?.[1] ?? 0) * units[(match?.[2] ?? 'ms') as keyof typeof units];
  });
