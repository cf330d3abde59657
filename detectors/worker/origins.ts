import { z } from 'zod';
import type { Origin } from './origin.js';

/** What is known of one partition of token events. */
interface Source {
  /** Offset of the last record of it whose events were taken; -1 before the first. */
  through: number;
  watermarkMs: number;
  /** It has been handed on up to here, exclusive. */
  next: number;
}

/** As checkpoints keep it: partition, through, watermark (null before the first event), next. */
export const sourcesSchema = z.array(z.tuple([z.number(), z.number(), z.number().nullable(), z.number()]));
export type EncodedSources = z.output<typeof sourcesSchema>;

interface Undo {
  /** Offset of the observation record that made the change. */
  readonly offset: bigint;
  readonly partition: number;
  readonly before: Source | undefined;
}

/** Earliest kept and next offset of a partition of token events, as the log says. */
export interface End {
  readonly partition: number;
  readonly low: bigint;
  readonly high: bigint;
}

/** What the sources together say of time, once the log was asked. */
export interface Tide {
  /** Event time up to which everything in time has come. */
  readonly watermarkMs: number;
  /** Every source has been handed on to its end: there is nothing to wait for. */
  readonly still: boolean;
}

/**
 * Follows the partitions of token events through one partition of observations: tells repeated events by their offset, and
 * makes one watermark of all, the least. Their order of arrival thus never decides. A source that is silent would hold
 * back all others; it does not where the log says that it has no more than what was handed on.
 */
export class Origins {
  readonly #sources = new Map<number, Source>();
  #expected: number;
  /** Changes since the oldest record that may have to be read again. */
  #undo: Undo[] = [];

  /** @param expected how many partitions token events have. */
  constructor(expected: number) {
    this.#expected = expected;
  }

  /** False for an event that was taken from an earlier record. */
  isNew(origin: Origin, ordinal: number): boolean {
    const offset = origin.offsets[ordinal];
    return offset !== undefined && offset > (this.#sources.get(origin.partition)?.through ?? -1);
  }

  /** The events of the record have been taken. @param offset of the record. @returns the watermark. */
  take(origin: Origin, offset: bigint): number {
    const before = this.#sources.get(origin.partition);
    this.#undo.push({ offset, partition: origin.partition, before });
    this.#sources.set(origin.partition, {
      through: Math.max(before?.through ?? -1, origin.offsets.at(-1) ?? -1),
      watermarkMs: Math.max(before?.watermarkMs ?? -Infinity, origin.watermarkMs ?? -Infinity),
      next: Math.max(before?.next ?? 0, origin.next ?? 0),
    });
    this.#expected = Math.max(this.#expected, origin.partition + 1);
    if (this.#sources.size < this.#expected) return -Infinity;
    let least = Infinity;
    for (const { watermarkMs } of this.#sources.values()) if (watermarkMs < least) least = watermarkMs;
    return least;
  }

  /** Event time that the source furthest ahead has reached. */
  get peakMs(): number {
    let peak = -Infinity;
    for (const { watermarkMs } of this.#sources.values()) if (watermarkMs > peak) peak = watermarkMs;
    return peak;
  }

  /** @param ends of all partitions of token events, asked after the last record was taken. */
  settle(ends: readonly End[]): Tide {
    const open = ends.filter(
      ({ partition, low, high }) => high > low && high > BigInt(this.#sources.get(partition)?.next ?? 0),
    );
    if (open.length === 0) return { watermarkMs: this.peakMs, still: true };
    const marks = open.map(({ partition }) => this.#sources.get(partition)?.watermarkMs ?? -Infinity);
    return { watermarkMs: Math.min(...marks), still: false };
  }

  /** As it was before the record at `from` was taken; what lies before that will not be asked for again. */
  mark(from: bigint): EncodedSources {
    this.#undo = this.#undo.filter((entry) => entry.offset >= from);
    const then = new Map<number, Source | undefined>(this.#sources);
    for (const { partition, before } of [...this.#undo].reverse()) then.set(partition, before);
    return [...then].flatMap(([partition, source]) => {
      if (source === undefined) return [];
      const { through, watermarkMs, next } = source;
      return [[partition, through, Number.isFinite(watermarkMs) ? watermarkMs : null, next]] satisfies EncodedSources;
    });
  }

  restore(sources: EncodedSources): void {
    for (const [partition, through, watermarkMs, next] of sources) {
      this.#sources.set(partition, { through, watermarkMs: watermarkMs ?? -Infinity, next });
    }
  }
}
