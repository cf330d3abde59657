import { z } from 'zod';
import { formatTime } from '../../ingest/event/time.js';
import type { Store, TableRow } from '../../ingest/store/store.js';
import { columnTime } from './finding-writer.js';
import type { EventPosition, PartitionRuntime } from './partition-runtime.js';
import { STAGE } from './worker-deps.js';
import { checkpointQuery, statesQuery } from './worker-queries.js';

const ROWS_PER_INSERT = 2000;

const positionText = (position: EventPosition): string => `${position.offset}:${position.ordinal}`;

const digits = z.string().regex(/^\d{1,19}$/);
const markerSchema = z.object({ next: digits, replay_from: digits, watermark_ms: z.number().nullable() });
const entitySchema = z.object({ next: digits, waiting: z.array(z.string()), entity: z.string() });

/** Where to go on: everything below `replayFrom` is in the states, in between their rows say what is. */
export interface Marker {
  /** First offset that had not been offered to the detectors. */
  readonly next: bigint;
  readonly replayFrom: bigint;
  /** Event time, milliseconds; -Infinity before the first event. */
  readonly watermarkMs: number;
}

/** What of the log an entity's restored state holds: all before `next` but for the positions that waited. */
interface Applied {
  readonly next: bigint;
  readonly waiting: ReadonlySet<string>;
}

/** Tells which replayed events a restored state holds already. */
export class AppliedIndex {
  readonly #byUid = new Map<string, Applied>();
  #last = 0n;

  add(uid: string, next: bigint, waiting: readonly string[]): void {
    this.#byUid.set(uid, { next, waiting: new Set(waiting) });
    if (next > this.#last) this.#last = next;
  }

  has(uid: string, position: EventPosition): boolean {
    const applied = this.#byUid.get(uid);
    return applied !== undefined && position.offset < applied.next && !applied.waiting.has(positionText(position));
  }

  /** True when no later position can be held by a state. */
  isPast(offset: bigint): boolean {
    return offset >= this.#last;
  }
}

/** Checkpoints of one partition: a row for each changed entity first, then the marker that makes them count. */
export class CheckpointStore {
  readonly #store: Store;
  readonly #partition: number;
  #version = 0;

  constructor(store: Store, partition: number) {
    this.#store = store;
    this.#partition = partition;
  }

  /** The last marker, null if there is none or it cannot be read. */
  async readMarker(): Promise<Marker | null> {
    const [row] = await this.#store.querier.run(checkpointQuery, { stage: STAGE, partition: this.#partition });
    const marker = row === undefined ? null : parseJson(markerSchema, row.state);
    if (marker === null) return null;
    return {
      next: BigInt(marker.next),
      replayFrom: BigInt(marker.replay_from),
      watermarkMs: marker.watermark_ms ?? -Infinity,
    };
  }

  /** Puts states back into the runtime, the ones used longest ago first, so that they are the first to leave. */
  async restore(runtime: PartitionRuntime, marker: Marker, max: number): Promise<AppliedIndex> {
    const params = { stage: STAGE, partition: this.#partition, max };
    const rows = await this.#store.querier.run(statesQuery, params);
    const index = new AppliedIndex();
    for (const row of [...rows].reverse()) {
      const kept = parseJson(entitySchema, row.state);
      if (kept === null) continue;
      runtime.keyed.restore(row.entity_uid, kept.entity);
      index.add(row.entity_uid, BigInt(kept.next), kept.waiting);
    }
    runtime.resumeAt(marker.watermarkMs);
    return index;
  }

  /**
   * Stores what changed since the last checkpoint. Safe to repeat: rows of a checkpoint whose marker was never written
   * say by themselves what they hold.
   *
   * @param next first offset not offered to the runtime.
   * @returns how many entities were written.
   */
  async save(runtime: PartitionRuntime, next: bigint, nowMs: number): Promise<number> {
    this.#version = Math.max(this.#version + 1, nowMs);
    const { waitingFrom, watermarkMs } = runtime.mark();
    const waiting = runtime.waitingByEntity();
    const dirty = [...runtime.keyed.dirty()];
    let rows: TableRow[] = [];
    let chunk = 0;
    const flush = async (): Promise<void> => {
      const token = `state:${STAGE}:${this.#partition}:${this.#version}:${chunk}`;
      chunk += 1;
      await this.#store.writer.insertRows('detector_state', rows, token);
      rows = [];
    };
    for (const entity of dirty) {
      const state = JSON.stringify({
        next: next.toString(),
        waiting: (waiting.get(entity.uid) ?? []).map(positionText),
        entity: runtime.keyed.encode(entity),
      });
      rows.push({ ...this.#columns(next), entity_uid: entity.uid, applied_extra: [], state });
      if (rows.length >= ROWS_PER_INSERT) await flush();
    }
    if (rows.length > 0) await flush();
    const replayFrom = waitingFrom ?? next;
    await this.#writeMarker(next, replayFrom, watermarkMs);
    for (const entity of dirty) entity.dirty = false;
    return dirty.length;
  }

  /** The marker of a partition that is read for the first time. */
  async begin(from: bigint, nowMs: number): Promise<void> {
    this.#version = Math.max(this.#version + 1, nowMs);
    await this.#writeMarker(from, from, -Infinity);
  }

  async #writeMarker(next: bigint, replayFrom: bigint, watermarkMs: number): Promise<void> {
    const known = Number.isFinite(watermarkMs);
    const state = JSON.stringify({
      next: next.toString(),
      replay_from: replayFrom.toString(),
      watermark_ms: known ? watermarkMs : null,
    });
    const watermark = columnTime(formatTime(known ? Math.max(0, watermarkMs) : 0));
    const row = { ...this.#columns(next), watermark, state };
    const token = `marker:${STAGE}:${this.#partition}:${this.#version}`;
    await this.#store.writer.insertRows('worker_checkpoints', [row], token);
  }

  #columns(next: bigint): TableRow {
    return {
      stage: STAGE,
      log_partition: this.#partition,
      version: this.#version,
      applied_through: (next > 0n ? next - 1n : 0n).toString(),
    };
  }
}

function parseJson<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
