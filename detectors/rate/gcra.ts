import type { LimitState } from './rate-state.js';

/** What a limit of a rate and a burst takes. */
export interface Gcra {
  /** Between two requests at the sustained rate. */
  readonly intervalMs: number;
  /** Requests that may come at once. */
  readonly burst: number;
  /** Requests beyond the limit that lie no further apart belong together. */
  readonly episodeMs: number;
}

/**
 * Whether a request comes before its time by the Generic Cell Rate Algorithm (virtual scheduling; ITU-T I.371, annex A): the
 * theoretical arrival time lies beyond what `burst` requests at once may borrow.
 */
export const isEarly = ({ tatMs }: LimitState, { intervalMs, burst }: Gcra, timeMs: number): boolean =>
  tatMs > timeMs + intervalMs * (burst - 1);

/** Whether the request belongs to the excess that is under way. */
export const isGoing = ({ episodeLast }: LimitState, { episodeMs }: Gcra, timeMs: number): boolean =>
  episodeLast >= 0 && timeMs - episodeLast <= episodeMs;

/** Takes a request in. One that comes too early takes no room: else who sends twice as much as allowed would owe for hours. */
export function takeRequest(kept: LimitState, gcra: Gcra, timeMs: number): void {
  const early = isEarly(kept, gcra, timeMs);
  if (!early) kept.tatMs = Math.max(kept.tatMs, timeMs) + gcra.intervalMs;
  else {
    if (!isGoing(kept, gcra, timeMs)) {
      kept.episodeStart = timeMs;
      kept.count = 0;
    }
    kept.episodeLast = timeMs;
  }
  kept.count += 1;
}

/** Requests that would wait if all were let in at the sustained rate, from the full bucket at the start of the excess on. */
export const waiting = ({ intervalMs, burst }: Gcra, requests: number, sinceMs: number): number =>
  burst + requests - sinceMs / intervalMs;
