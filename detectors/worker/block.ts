import type { EventBlock, PositionedEvent } from '../../ingest/store/store.js';

/** Events of consecutive records of one partition on their way into the store together. */
export class Block {
  readonly events: EventBlock;
  /** Offset of the record that brought the first event, null while there is none. */
  firstEvent: bigint | null = null;
  /** Offset of the last record taken, null while there is none. */
  through: bigint | null = null;
  bytes = 0;
  /** Clock time of the first record. */
  openedMs = 0;

  constructor(events: EventBlock) {
    this.events = events;
  }

  /** A record belongs to the block also when no event of it does. */
  addRecord(offset: bigint, bytes: number, nowMs: number): void {
    if (this.through === null) this.openedMs = nowMs;
    this.through = offset;
    this.bytes += bytes;
  }

  addEvent(event: PositionedEvent): void {
    this.events.add(event);
    this.firstEvent ??= event.offset;
  }
}
