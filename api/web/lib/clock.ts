/** The one place of the pages that reads the wall clock. Milliseconds since the Unix epoch. */
export const nowMs = (): number => Date.now();
