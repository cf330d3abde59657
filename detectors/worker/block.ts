import type { EventBlock, PositionedEvent } from '../../ingest/store/store.js';

export interface BlockLimits {
  readonly blockRowsMax: number;
  readonly blockTokensMax: number;
  readonly blockBytesMax: number;
}

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
  readonly #tokens = new Set<string>();

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
    const { token } = event.event;
    if (token !== undefined) this.#tokens.add(token.token_uid);
  }

  /**
   * Tokens count beside rows: a roll-up has a state for each in the block, which takes the store far more memory than
   * the row.
   */
  isFull(limits: BlockLimits): boolean {
    return (
      this.events.rows >= limits.blockRowsMax ||
      this.#tokens.size >= limits.blockTokensMax ||
      this.bytes >= limits.blockBytesMax
    );
  }
}
