import type { StoredRecord } from '../../ingest/log/event-log.js';
import { topics } from '../../ingest/log/event-log.js';
import { deadLetterRecord, type DeadLetter } from '../../ingest/log/dlq.js';
import { decodeEvents, type DecodeFault } from '../../ingest/event/event-codec.js';
import { redactText } from '../../ingest/event/credential-text.js';
import { formatTime, parseTime } from '../../ingest/event/time.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import { STORE_TIME_MAX_MS, STORE_TIME_MIN_MS } from '../../ingest/store/native/event-time.js';
import { type Origin, readOrigin } from './origin.js';
import type { DedupeWindow } from './dedupe-window.js';
import type { WorkerParts } from './worker-deps.js';
import { knownUidsQuery } from './worker-queries.js';

const FUTURE_MAX_MS = 300_000;
const LETTER_BYTES_MAX = 65_536;

export interface DecodedRecord {
  readonly offset: bigint;
  readonly bytes: number;
  readonly events: readonly TokenEvent[];
  readonly faults: readonly DecodeFault[];
  /** Only of records of observations. */
  readonly origin?: Origin;
}

export function decodeRecord(record: StoredRecord): DecodedRecord {
  const { events, faults } = decodeEvents(record.value);
  return { offset: record.offset, bytes: record.value.length, events, faults };
}

/** Observations are of no use without their origin, nor where a line is missing: a bad record is bad as a whole. */
export function decodeObservations(record: StoredRecord): DecodedRecord {
  const { events, faults } = decodeEvents(record.value);
  const origin = readOrigin(record.headers, events.length);
  const sound = { offset: record.offset, bytes: record.value.length };
  if (origin !== null && faults.length === 0) return { ...sound, events, faults, origin };
  const fault = { line: 1, message: 'The record is none of observations with their origin.', text: '' };
  return { ...sound, events: [], faults: faults.length > 0 ? faults : [fault] };
}

/**
 * The time by which the dedupe window places an event; NaN for one far ahead of its collector's clock, which must not
 * move what the window covers.
 */
export function placeMs(event: TokenEvent): number {
  const time = parseTime(event.time);
  return time > parseTime(event.observed_time) + FUTURE_MAX_MS ? NaN : time;
}

/** Bad lines as dead letters; their good neighbours have been taken. */
export async function sendDeadLetters(
  deps: WorkerParts,
  topic: string,
  partition: number,
  records: readonly DecodedRecord[],
): Promise<number> {
  const timeMs = deps.clock.nowMs();
  const letters = records.flatMap((record) =>
    record.faults.map((fault): DeadLetter => ({
      reason: 'TQ_EVENT_INVALID',
      step: 'decode',
      timeMs,
      message: `Event ${fault.line}: ${fault.message}`,
      mend: 'Send events that follow docs/token-event.schema.json.',
      origin: `${topic}/${partition}/${record.offset}`,
      value: Buffer.from(redactText(fault.text.slice(0, LETTER_BYTES_MAX)).text),
    })),
  );
  if (letters.length === 0) return 0;
  const partitions = await deps.writer.partitions(topics.deadLetters);
  await deps.writer.append(
    topics.deadLetters,
    letters.map((letter) => deadLetterRecord(letter, partitions)),
  );
  return letters.length;
}

/** Of the events that the window is not sure about, those that the store has from earlier offsets. */
export async function findStored(
  deps: WorkerParts,
  window: DedupeWindow,
  partition: number,
  records: readonly DecodedRecord[],
): Promise<ReadonlySet<string>> {
  const uids: string[] = [];
  let from = Infinity;
  let to = -Infinity;
  for (const record of records) {
    for (const event of record.events) {
      const place = placeMs(event);
      if (window.covers(place) || window.look(event.event_uid, place) !== 'unsure') continue;
      uids.push(event.event_uid);
      const time = Math.min(STORE_TIME_MAX_MS, Math.max(STORE_TIME_MIN_MS, parseTime(event.time)));
      from = Math.min(from, time);
      to = Math.max(to, time);
    }
  }
  const first = records[0];
  if (first === undefined || uids.length === 0) return new Set();
  const rows = await deps.store.querier.run(knownUidsQuery, {
    uids,
    partition,
    before: first.offset.toString(),
    from: formatTime(from),
    to: formatTime(to),
  });
  return new Set(rows.map((row) => row.event_uid));
}
