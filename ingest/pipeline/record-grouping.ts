import { encodeWithin, type RecordFormat } from '../event/event-codec.js';
import type { TokenEvent } from '../event/token-event.js';
import type { AppendRecord } from '../log/event-log.js';
import { eventKey, partitionFor } from '../log/partitioner.js';
import { eventHeaders } from '../log/record-headers.js';

export interface GroupingLimits {
  /** Bytes of one record's value; Kafka's default message.max.bytes is 1 MiB with its overhead. */
  readonly recordBytesMax: number;
  readonly recordEventsMax: number;
}

export const defaultGroupingLimits: GroupingLimits = { recordBytesMax: 900 * 1024, recordEventsMax: 1_000 };

/** A record and the events inside it, so that a refused record can be taken apart again. */
export interface EventGroup {
  readonly record: AppendRecord;
  readonly events: readonly TokenEvent[];
}

interface Bucket {
  readonly events: TokenEvent[];
  readonly keys: string[];
}

/**
 * Groups events by partition into records of many events, since one event a record would cap a producer at its
 * per-record cost. The order of events of one partition is kept.
 */
export function groupEvents(
  events: readonly TokenEvent[],
  partitions: number,
  timestampMs: number,
  traceparent: string | undefined,
  limits: GroupingLimits = defaultGroupingLimits,
  format: RecordFormat = 'packed',
): EventGroup[] {
  const buckets = new Map<number, Bucket>();
  for (const event of events) {
    const key = eventKey(event);
    const partition = partitionFor(key, partitions);
    let bucket = buckets.get(partition);
    if (bucket === undefined) buckets.set(partition, (bucket = { events: [], keys: [] }));
    bucket.events.push(event);
    bucket.keys.push(key);
  }
  const groups: EventGroup[] = [];
  for (const [partition, bucket] of buckets) {
    let from = 0;
    // One event alone is bounded by its schema, far below the limit.
    for (const part of encodeWithin(bucket.events, limits.recordBytesMax, limits.recordEventsMax, format)) {
      const count = part.events.length;
      const first = bucket.keys[from];
      const oneKey = first !== undefined && bucket.keys.slice(from, from + count).every((key) => key === first);
      groups.push({
        record: {
          partition,
          key: oneKey ? Buffer.from(first) : null,
          value: part.value,
          headers: eventHeaders({ events: count, ...(traceparent === undefined ? {} : { traceparent }) }),
          timestampMs,
        },
        events: part.events,
      });
      from += count;
    }
  }
  return groups;
}
