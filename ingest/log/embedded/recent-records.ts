import type { StoredRecord } from '../event-log.js';

/** What a small record costs beside its bytes. */
const OVERHEAD_BYTES = 256;

/** No word of the record itself: a place in the order outlives it, and would keep its bytes and all that was made of them. */
interface Recent {
  readonly owner: object;
  readonly bytes: number;
}

/**
 * The records appended last, as they were handed over: a reader that keeps up gets them without a copy from the disk,
 * and whoever can tell a value by its identity need not take it apart again. Bounded over all partitions together.
 */
export class RecentRecords {
  private readonly bytesMax: number;
  private readonly queues = new Map<object, StoredRecord[]>();
  private order: Recent[] = [];
  private oldest = 0;
  private bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** @param owner stands for the partition; its records come in the order of their offsets, none left out. */
  add(owner: object, record: StoredRecord): void {
    const queue = this.queues.get(owner);
    if (queue === undefined) this.queues.set(owner, [record]);
    else queue.push(record);
    const bytes = record.value.length + OVERHEAD_BYTES;
    this.order.push({ owner, bytes });
    this.bytes += bytes;
    while (this.bytes > this.bytesMax) this.dropOldest();
  }

  private dropOldest(): void {
    const first = this.order[this.oldest];
    if (first === undefined) return;
    this.oldest += 1;
    this.bytes -= first.bytes;
    this.queues.get(first.owner)?.shift();
    if (this.oldest < 1024 && this.oldest < this.order.length) return;
    this.order = this.order.slice(this.oldest);
    this.oldest = 0;
  }

  /** Records from `from` on, bounded as `LogStorage.read` is; undefined when that record is not among the recent. */
  read(owner: object, from: bigint, max: number, bytesMax: number): StoredRecord[] | undefined {
    const queue = this.queues.get(owner);
    const first = queue?.[0];
    if (queue === undefined || first === undefined || from < first.offset) return undefined;
    const found: StoredRecord[] = [];
    let bytes = 0;
    for (let at = Number(from - first.offset); at < queue.length && found.length < max && bytes < bytesMax; at += 1) {
      const record = queue[at];
      if (record === undefined) break;
      found.push(record);
      bytes += record.value.length;
    }
    return found;
  }
}
