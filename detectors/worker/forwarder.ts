import { encodeCheckedEvents, encodeEvents } from '../../ingest/event/event-codec.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { AppendRecord } from '../../ingest/log/event-log.js';
import { partitionFor } from '../../ingest/log/partitioner.js';
import { eventHeaders } from '../../ingest/log/record-headers.js';
import { entityOf, eventTimeMs } from '../core/observation.js';
import { HandOver } from '../core/hand-over.js';
import { originHeaders } from './origin.js';

const RECORD_EVENTS_MAX = 2_000;
/** A record stays below what brokers take by default, also where no event is like another. */
const RECORD_BYTES_MAX = 900 * 1024;
/** How often those hear of the time for which there is no event, milliseconds. */
const TELL_ALL_MS = 100;

/** Events of one partition of observations, in the order in which they came. */
interface Lane {
  readonly events: TokenEvent[];
  readonly offsets: number[];
}

const emptyLane = (): Lane => ({ events: [], offsets: [] });

/** What one append is to make durable; made again, it is the same for whoever reads it. */
export type Consignment = readonly AppendRecord[];

/**
 * Hands the events of one partition of token events on to the principal stage, in order and with the offset that each
 * has there, so that what is handed on again after a kill is known as such. It also tells every partition of the principal
 * stage how far it has come, in event time and in offsets, whether or not it had an event for it.
 */
export class Forwarder {
  readonly #partition: number;
  readonly #lanes: Lane[];
  readonly #handOver = new HandOver();
  /** Everything below was added. */
  #next: number;
  /** What every lane knows of `#next`. */
  #toldAll = -1;
  #watermarkMs = -Infinity;
  #toldAllMs = -Infinity;

  /**
   * @param next offset from which on the partition is handed on.
   * @param lanes how many partitions the topic of observations has.
   */
  constructor(partition: number, next: number, lanes: number) {
    this.#partition = partition;
    this.#next = next;
    this.#lanes = Array.from({ length: lanes }, emptyLane);
  }

  /** True while some have not heard how far the partition has come, and the last news is not of just now. */
  hasNews(nowMs: number): boolean {
    return this.#toldAll < this.#next && nowMs - this.#toldAllMs >= TELL_ALL_MS;
  }

  /** @param offset of the record, below 2^53. */
  add(event: TokenEvent, offset: bigint): void {
    const timeMs = eventTimeMs(event);
    if (timeMs > this.#watermarkMs) this.#watermarkMs = timeMs;
    for (const handedOn of this.#handOver.take(event, timeMs)) {
      const uid = entityOf(handedOn.event, 'principal');
      if (handedOn.everywhere) for (const lane of this.#lanes) put(lane, handedOn.event, offset);
      else if (uid !== null) put(this.#lanes[partitionFor(uid, this.#lanes.length)], handedOn.event, offset);
    }
  }

  /** All events of the record that are new have been added. */
  finish(offset: bigint): void {
    this.#next = Number(offset) + 1;
  }

  /** What came since the last call. */
  load(nowMs: number): Consignment {
    const watermarkMs = Number.isFinite(this.#watermarkMs) ? this.#watermarkMs : null;
    const everyone = this.hasNews(nowMs);
    if (everyone) {
      this.#toldAll = this.#next;
      this.#toldAllMs = nowMs;
    }
    const records: AppendRecord[] = [];
    this.#lanes.forEach((lane, partition) => {
      if (lane.events.length === 0 && !everyone) return;
      const packets = lane.events.length === 0 ? [{ ...emptyLane(), value: encodeEvents([]) }] : packed(lane);
      packets.forEach(({ events, offsets, value }, n) => {
        // Only the last one says how far time has come: before it, events of that time are still missing.
        const last = n === packets.length - 1;
        const news = last ? { watermarkMs, next: this.#next } : { watermarkMs: null, next: null };
        const headers = {
          ...eventHeaders({ events: events.length }),
          ...originHeaders({ partition: this.#partition, offsets, ...news }),
        };
        records.push({ partition, key: null, value, headers, timestampMs: nowMs });
      });
      this.#lanes[partition] = emptyLane();
    });
    return records;
  }
}

function put(lane: Lane | undefined, event: TokenEvent, offset: bigint): void {
  lane?.events.push(event);
  lane?.offsets.push(Number(offset));
}

interface Packet extends Lane {
  readonly value: Buffer;
}

/** Takes a lane apart into records; events of one offset stay together. */
function packed(lane: Lane): Packet[] {
  const { events, offsets } = lane;
  const boundary = events.length > RECORD_EVENTS_MAX ? splitAt(offsets, RECORD_EVENTS_MAX) : 0;
  if (boundary > 0) return [...packed(slice(lane, 0, boundary)), ...packed(slice(lane, boundary, events.length))];
  const value = encodeCheckedEvents(events);
  const middle = value.length > RECORD_BYTES_MAX ? splitAt(offsets, Math.ceil(events.length / 2)) : 0;
  if (middle > 0) return [...packed(slice(lane, 0, middle)), ...packed(slice(lane, middle, events.length))];
  return [{ events, offsets, value }];
}

/** The place nearest before `wanted`, else after it, where an offset begins; 0 where all are of one offset. */
function splitAt(offsets: readonly number[], wanted: number): number {
  let at = wanted;
  while (at > 0 && offsets[at] === offsets[at - 1]) at -= 1;
  if (at > 0) return at;
  at = wanted;
  while (at < offsets.length && offsets[at] === offsets[at - 1]) at += 1;
  return at < offsets.length ? at : 0;
}

const slice = ({ events, offsets }: Lane, from: number, to: number): Lane => ({
  events: events.slice(from, to),
  offsets: offsets.slice(from, to),
});
