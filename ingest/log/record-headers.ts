import { SCHEMA_VERSION } from '../event/token-event.js';

/** Names of the headers of a record on the token-events topic. */
export const recordHeaders = {
  /** How many events the record carries, decimal. */
  events: 'events',
  /** `schema_version` of every event in it. */
  schema: 'schema',
  /** W3C trace context of the append, so that a trace goes on behind the log. */
  traceparent: 'traceparent',
} as const;

export interface EventHeaders {
  readonly events: number;
  readonly traceparent?: string;
}

/** The headers of a record that carries `events` TokenEvents. */
export function eventHeaders(facts: EventHeaders): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {
    [recordHeaders.events]: String(facts.events),
    [recordHeaders.schema]: String(SCHEMA_VERSION),
  };
  if (facts.traceparent !== undefined) headers[recordHeaders.traceparent] = facts.traceparent;
  return headers;
}
