import { formatTime, isTimeMs, parseTime } from '../event/time.js';
import { limits, type TokenEvent } from '../event/token-event.js';

/**
 * An event whose time is moved by what the clock of its source is off; an attribute says by how much, so that the time as written
 * can be told again. The observed time is the collector's own and stays.
 *
 * @param offsetMs added; 0 changes nothing.
 */
export function correctClock(event: TokenEvent, offsetMs: number): TokenEvent {
  const ms = parseTime(event.time) + offsetMs;
  if (offsetMs === 0 || !isTimeMs(ms)) return event;
  const attributes = event.attributes ?? [];
  const mark = { key: 'clock_offset_ms', value: String(offsetMs) };
  return {
    ...event,
    time: formatTime(ms),
    attributes: attributes.length < limits.attributesMax ? [...attributes, mark] : attributes,
  };
}
