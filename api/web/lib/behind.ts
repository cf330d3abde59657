import { nowMs } from './clock.js';
import { moment, parse } from './format.js';

/** Hops of the last seconds are still being found; older ones that are not counted are told. */
const BEHIND_MS = 120_000;

interface Counted {
  readonly window: { readonly to: string };
  readonly counted_until: string;
}

/** How far a window is counted, where it lags; else nothing. */
export function behindText({ window, counted_until: until }: Counted): string {
  const behindMs = Math.min(parse(window.to), nowMs()) - parse(until);
  return behindMs > BEHIND_MS ? ` · counted until ${moment(parse(until))} UTC, the rest follows` : '';
}
