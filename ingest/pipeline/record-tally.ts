import type { DeadLetterReason } from './dead-letter.js';

/** The closed list of reasons why a record ends without an event and without a fault. */
export const dropReasons = {
  blank: 'The line is empty or only white space.',
  no_auth_event: 'The record is of this product but holds no auth event.',
  overloaded: 'A datagram came while too many waited for the log; its transport knows no way to say so.',
} as const satisfies Record<string, string>;

export type DropReason = keyof typeof dropReasons;

/** received = ok + every drop + every dlq, always. */
export interface RecordCounts {
  received: number;
  ok: number;
  /** Events made of the ok records; one record may hold several. */
  events: number;
  drop: Record<DropReason, number>;
  dlq: Record<DeadLetterReason, number>;
}

export function emptyCounts(): RecordCounts {
  return {
    received: 0,
    ok: 0,
    events: 0,
    drop: { blank: 0, no_auth_event: 0, overloaded: 0 },
    dlq: { unparsable: 0, invalid_encoding: 0, too_large: 0, no_source: 0, parser_fault: 0, log_refused: 0 },
  };
}

export function addCounts(into: RecordCounts, more: RecordCounts): void {
  into.received += more.received;
  into.ok += more.ok;
  into.events += more.events;
  into.drop.blank += more.drop.blank;
  into.drop.no_auth_event += more.drop.no_auth_event;
  into.drop.overloaded += more.drop.overloaded;
  into.dlq.unparsable += more.dlq.unparsable;
  into.dlq.invalid_encoding += more.dlq.invalid_encoding;
  into.dlq.too_large += more.dlq.too_large;
  into.dlq.no_source += more.dlq.no_source;
  into.dlq.parser_fault += more.dlq.parser_fault;
  into.dlq.log_refused += more.dlq.log_refused;
}

export const droppedOf = (counts: RecordCounts): number =>
  counts.drop.blank + counts.drop.no_auth_event + counts.drop.overloaded;

export function deadLetteredOf(counts: RecordCounts): number {
  let sum = 0;
  for (const count of Object.values(counts.dlq)) sum += count;
  return sum;
}

/** Hears of every batch after it became durable; the composition root turns it into metrics. */
export type CountsListener = (product: string, instance: string, counts: RecordCounts) => void;
