/** Every stream detector, in the order in which they run. */
export const detectorIds = [
  'honeytoken', 'failures', 'lifecycle', 'concurrent', 'binding', 'scope', 'session', 'novelty', 'travel', 'rate', 'baseline',
  'exchange', 'silence',
] as const; // prettier-ignore
export type DetectorId = (typeof detectorIds)[number];
