import { AppError } from '../../core/errors.js';
import type { EventBlock, PositionedEvent } from '../store.js';
import { EncoderPool } from './encoder-pool.js';
import type { EventEncoder } from './event-encoder.js';

/** Encodes events as they come. Too many months for one insert are kept apart, in the order in which they came. */
export class NativeBlock implements EventBlock {
  private readonly monthsMax: number;
  private readonly pool: EncoderPool;
  private readonly parts: EventEncoder[] = [];
  private readonly partOf = new Map<string, EventEncoder>();
  private lastMonth = '';
  private last: EventEncoder | undefined;
  private rowCount = 0;
  private isReleased = false;

  /**
   * @param monthsMax months of one insert at most.
   * @param pool where encoders come from and go to.
   */
  constructor(monthsMax: number, pool = new EncoderPool()) {
    this.monthsMax = monthsMax;
    this.pool = pool;
  }

  get rows(): number {
    return this.rowCount;
  }

  add(positioned: PositionedEvent): void {
    this.checkHeld();
    const { time } = positioned.event;
    if (this.last === undefined || !time.startsWith(this.lastMonth)) this.turnTo(time.slice(0, 7));
    this.last?.add(positioned);
    this.rowCount += 1;
  }

  private turnTo(month: string): void {
    let part = this.partOf.get(month);
    if (part === undefined) {
      const isFull = this.partOf.size % this.monthsMax === 0;
      part = isFull ? undefined : this.parts.at(-1);
      if (part === undefined) this.parts.push((part = this.pool.take()));
      this.partOf.set(month, part);
    }
    this.lastMonth = month;
    this.last = part;
  }

  /** One block for each insert, in parts (ByteList): the same events in the same order always give the same blocks. */
  *encode(): Generator<readonly Uint8Array[]> {
    this.checkHeld();
    for (const part of this.parts) yield part.encode();
  }

  release(): void {
    this.checkHeld();
    this.isReleased = true;
    for (const part of this.parts) this.pool.give(part);
    this.parts.length = 0;
    this.partOf.clear();
    this.last = undefined;
  }

  private checkHeld(): void {
    if (this.isReleased) throw new AppError('TQ_INTERNAL', 'A block is used after its release.');
  }
}
