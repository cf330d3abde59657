/**
 * Delay before attempt `attempt + 1`: exponential with full jitter, so that many clients do not return together
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 *
 * @param attempt attempts already made, 1 or more.
 * @param unit a number in [0, 1) that spreads the delay.
 * @returns milliseconds, in [baseMs / 2, capMs].
 */
export function backoffMs(attempt: number, unit: number, baseMs = 500, capMs = 60_000): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(baseMs / 2 + unit * (ceiling - baseMs / 2));
}
