/**
 * How a timespan slides (docs/adr on rules): event time is cut into panes; a window ends with a pane and holds as many
 * panes before it as the timespan is long. So every stretch of events that is no longer than the timespan lies whole
 * in some window, and no window is longer than the timespan by more than one pane.
 */
export interface WindowPlan {
  /** Length of a pane, seconds. */
  readonly paneS: number;
  /** Panes of a window beside the one that it ends with. */
  readonly panesBefore: number;
  readonly lengthMs: number;
}

/** Each divides the next, minutes are whole panes or panes whole minutes. */
const PANES_S = [5, 15, 60, 300, 900, 3600, 21_600] as const;
/** A pane is at most this share of the timespan. */
const SHARE = 10;

/** @param timespanS 60 or more. */
export function planWindow(timespanS: number): WindowPlan {
  const paneS = PANES_S.findLast((seconds) => seconds * SHARE <= timespanS) ?? PANES_S[0];
  const panesBefore = Math.ceil(timespanS / paneS);
  return { paneS, panesBefore, lengthMs: (panesBefore + 1) * paneS * 1000 };
}

export const paneOf = ({ paneS }: WindowPlan, timeMs: number): number => Math.floor(timeMs / (paneS * 1000));

/** Event time of the window that ends with this pane, [from, to) in milliseconds. */
export function windowAt({ paneS, panesBefore }: WindowPlan, pane: number): { fromMs: number; toMs: number } {
  return { fromMs: (pane - panesBefore) * paneS * 1000, toMs: (pane + 1) * paneS * 1000 };
}
