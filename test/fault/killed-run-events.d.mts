export interface Helpers {
  deterministicUuid(...parts: string[]): string;
  formatTime(ms: number): string;
}

/** Event n of the run, as data that follows the TokenEvent schema. */
export function killedRunEvent(n: number, helpers: Helpers): unknown;
