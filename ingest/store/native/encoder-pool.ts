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
  private readonly free: { readonly encoder: EventEncoder; readonly rowsMax: number }[] = [];
  private readonly rowsMax = new WeakMap<EventEncoder, number>();

  take(): EventEncoder {
    const found = this.free.pop();
    if (found === undefined) return new EventEncoder();
    this.rowsMax.set(found.encoder, found.rowsMax);
    return found.encoder;
  }

  /** Of an encoder whose parts nobody reads any more. */
  give(encoder: EventEncoder): void {
    const { rows } = encoder;
    const rowsMax = Math.max(rows, this.rowsMax.get(encoder) ?? 0);
    if (this.free.length >= KEPT_MAX || rows < rowsMax * USED_SHARE) return;
    encoder.clear();
    this.free.push({ encoder, rowsMax });
  }
}
