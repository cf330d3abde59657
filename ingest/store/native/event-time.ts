import { parseTime } from '../../event/time.js';

/** What DateTime64 can hold; a token that "never expires" says the year 9999 and is kept as the last of these. */
export const STORE_TIME_MIN_MS = Date.UTC(1900, 0, 1);
export const STORE_TIME_MAX_MS = Date.UTC(2299, 11, 31, 23, 59, 59, 999);

const digits = (text: string, at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

/** Reads the event's own form of time, remembering the day: times of a block fall on few days, but on any second. */
export class EventTimeReader {
  private day = '';
  private dayMs = 0;

  /** @returns milliseconds since the Unix epoch, within what the store holds; NaN if the text is no time. */
  read(text: string): number {
    // 2025-01-02T03:04:05.678Z
    if (text.length !== 24) return clamp(parseTime(text));
    if (text.slice(0, 10) !== this.day) {
      const ms = parseTime(text);
      if (Number.isNaN(ms)) return ms;
      this.day = text.slice(0, 10);
      this.dayMs = Math.floor(ms / 86_400_000) * 86_400_000;
    }
    const seconds = digits(text, 11) * 3600 + digits(text, 14) * 60 + digits(text, 17);
    return clamp(this.dayMs + seconds * 1000 + digits(text, 20) * 10 + text.charCodeAt(22) - 48);
  }
}

function clamp(ms: number): number {
  if (ms < STORE_TIME_MIN_MS) return STORE_TIME_MIN_MS;
  return ms > STORE_TIME_MAX_MS ? STORE_TIME_MAX_MS : ms;
}
