import type { EventBlock, PositionedEvent } from '../store.js';
import { EventEncoder } from './event-encoder.js';

/** Encodes events as they come. Too many months for one insert are kept apart, in the order in which they came. */
export class NativeBlock implements EventBlock {
  private readonly monthsMax: number;
  private readonly parts: EventEncoder[] = [];
  private readonly partOf = new Map<string, EventEncoder>();
  private lastMonth = '';
  private last: EventEncoder | undefined;
  private rowCount = 0;

  /** @param monthsMax months of one insert at most. */
  constructor(monthsMax: number) {
    this.monthsMax = monthsMax;
  }

  get rows(): number {
    return this.rowCount;
  }

  add(positioned: PositionedEvent): void {
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
      if (part === undefined) this.parts.push((part = new EventEncoder()));
      this.partOf.set(month, part);
    }
    this.lastMonth = month;
    this.last = part;
  }

  /** One block for each insert: the same events in the same order always give the same blocks. */
  *encode(): Generator<Buffer> {
    for (const part of this.parts) yield part.encode();
  }
}
