import type { MapQuery } from './map-query.js';

/** The span of time that the strip shows, in equal buckets, and the window within it. */
export interface StripSpan {
  readonly bucket: '15m' | '1h' | '6h';
  readonly bucketMs: number;
  readonly fromMs: number;
  readonly buckets: number;
  /** The window, in buckets from the strip's start: from the first to before the second. */
  readonly window: Brush;
}

export type Brush = readonly [number, number];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Short windows lie in a day of quarters of an hour, a day in a week of hours, longer ones in a month or more. */
const scales = [
  { windowMs: 6 * HOUR_MS, bucket: '15m', bucketMs: 15 * MINUTE_MS, buckets: 96 },
  { windowMs: 3 * DAY_MS, bucket: '1h', bucketMs: HOUR_MS, buckets: 168 },
  { windowMs: Infinity, bucket: '6h', bucketMs: 6 * HOUR_MS, buckets: 124 },
] as const;

/** The window lies in the middle of the strip, or nearer to its end where the strip would reach beyond now. */
export function stripSpan(q: Pick<MapQuery, 'fromMs' | 'toMs'>, now: number): StripSpan {
  const length = q.toMs - q.fromMs;
  const scale = scales.find(({ windowMs }) => length <= windowMs) ?? scales[2];
  const { bucket, bucketMs } = scale;
  const buckets = Math.max(scale.buckets, Math.ceil(length / bucketMs) + 2);
  const around = Math.floor(Math.max(0, buckets * bucketMs - length) / 2);
  const last = Math.ceil(Math.max(now, q.toMs) / bucketMs);
  const end = Math.min(last, Math.ceil((q.toMs + around) / bucketMs));
  const fromMs = (end - buckets) * bucketMs;
  const at = (ms: number): number => Math.max(0, Math.min(buckets, (ms - fromMs) / bucketMs));
  const first = Math.min(buckets - 1, Math.floor(at(q.fromMs)));
  return { bucket, bucketMs, fromMs, buckets, window: [first, Math.max(first + 1, Math.ceil(at(q.toMs)))] };
}

/** A brush between two places of the strip, whichever comes first; at least one bucket. */
export function brushOf(a: number, b: number, buckets: number): Brush {
  const first = Math.max(0, Math.min(buckets - 1, Math.floor(Math.min(a, b))));
  return [first, Math.max(first + 1, Math.min(buckets, Math.ceil(Math.max(a, b))))];
}
