import { EventEncoder } from './event-encoder.js';

/** As many as the blocks that are written while others grow, of one worker. */
const KEPT_MAX = 4;
/** Of the rows that an encoder held at most: one whose blocks have become smaller than this is let go. */
const USED_SHARE = 1 / 8;

/**
 * Encoders whose block is stored serve the next one. A block of 50,000 events takes some 20 MiB in buffers that grow: made anew for
 * each block they call the garbage collector, and the allocator keeps the holes that they leave.
 */
export class EncoderPool {
  private readonly free: EventEncoder[] = [];

  take(): EventEncoder {
    return this.free.pop() ?? new EventEncoder();
  }

  /** Of an encoder whose parts nobody reads any more. */
  give(encoder: EventEncoder): void {
    if (this.free.length >= KEPT_MAX || encoder.rows < encoder.rowsMax * USED_SHARE) return;
    encoder.clear();
    this.free.push(encoder);
  }
}
