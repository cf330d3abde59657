import { z } from 'zod';
import { tryJson } from '../../ingest/core/try-json.js';
import { formatTime } from '../../ingest/event/time.js';
import type { Stage } from '../core/detector.js';
import { entityOf } from '../core/observation.js';
import { standing } from '../core/pulse.js';
import type { Store, TableRow } from '../../ingest/store/store.js';
import { columnTime } from './finding-writer.js';
import type { EncodedEntity } from './entity.js';
import type { EventPosition, PartitionRuntime } from './partition-runtime.js';
import { bySize } from './by-size.js';
import { type EncodedSources, sourcesSchema } from './origins.js';
import type { DecodedRecord } from './record-intake.js';
import { checkpointQuery, checkpointsQuery, statesOfQuery, statesQuery, UIDS_LENGTH } from './worker-queries.js';

/** Some megabytes of text. */
const ROWS_PER_INSERT = 8000;

const positionText = (position: EventPosition): string => `${position.offset}:${position.ordinal}`;

const digits = z.string().regex(/^\d{1,19}$/);
const markerSchema = z.object({
  next: digits,
  replay_from: digits,
  watermark_ms: z.number().nullable(),
  sources: sourcesSchema.default([]),
});
/** The entity as the runtime reads it; an older version stored its text. */
const encodedEntity = z.custom<EncodedEntity>((value) => typeof value === 'object' && value !== null);
const entitySchema = z.object({
  next: digits,
  waiting: z.array(z.string()).default([]),
  entity: encodedEntity.or(z.string().transform(tryJson).pipe(encodedEntity)),
});

/** Where to go on: everything below `replayFrom` is in the states, in between their rows say what is. */
export interface Marker {
  /** First offset that had not been offered to the detectors. */
  readonly next: bigint;
  readonly replayFrom: bigint;
  /** Event time, milliseconds; -Infinity before the first event. */
  readonly watermarkMs: number;
  /** Where the sources stood before the record at `replayFrom`; empty in the token stage. */
  readonly sources: EncodedSources;
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

/** How far each partition of a stage had come at its last checkpoint, as sources of one stream. */
export async function readProgress({ querier }: Store, stage: Stage): Promise<EncodedSources> {
  const rows = await querier.run(checkpointsQuery, { stage });
  return rows.flatMap(({ log_partition: partition, state }): EncodedSources => {
    const marker = parseJson(markerSchema, state);
    if (marker === null) return [];
    const next = Number(marker.next);
    return [[partition, next - 1, marker.watermark_ms, next]];
  });
}

/** Checkpoints of one partition: a row for each changed entity first, then the marker that makes them count. */
export class CheckpointStore {
  readonly #store: Pick<Store, 'querier' | 'writer'>;
  readonly #stage: Stage;
  readonly #partition: number;
  #version = 0;
  /** The store has states that were not read, nobody knows whose. */
  #hasMore = false;

  constructor(store: Pick<Store, 'querier' | 'writer'>, stage: Stage, partition: number) {
    this.#store = store;
    this.#stage = stage;
    this.#partition = partition;
  }

  /** The last marker, null if there is none or it cannot be read. */
  async readMarker(): Promise<Marker | null> {
    const [row] = await this.#store.querier.run(checkpointQuery, { stage: this.#stage, partition: this.#partition });
    const marker = row === undefined ? null : parseJson(markerSchema, row.state);
    if (marker === null) return null;
    return {
      next: BigInt(marker.next),
      replayFrom: BigInt(marker.replay_from),
      watermarkMs: marker.watermark_ms ?? -Infinity,
      sources: marker.sources,
    };
  }

  /** Puts states back into the runtime, the ones used longest ago first, so that they are the first to leave. */
  async restore(runtime: PartitionRuntime, marker: Marker, max: number): Promise<AppliedIndex> {
    const params = { stage: this.#stage, partition: this.#partition, max };
    const rows = await this.#store.querier.run(statesQuery, params);
    this.#hasMore = rows.length >= max;
    const index = new AppliedIndex();
    for (const row of [...rows].reverse()) restoreRow(runtime, row, index);
    runtime.resumeAt(marker.watermarkMs);
    return index;
  }

  /**
   * Puts back what had to leave memory of the entities of these records, before their events are offered. May be repeated.
   *
   * @param index of what restored states hold, while it counts.
   */
  async recall(
    runtime: PartitionRuntime,
    records: readonly DecodedRecord[],
    index: AppliedIndex | null,
  ): Promise<void> {
    const { keyed } = runtime;
    if (!this.#hasMore && keyed.evictions === 0) return;
    const wanted = new Set<string>();
    for (const { events } of records) {
      for (const event of events) {
        const uid = entityOf(event, this.#stage);
        if (uid === null || keyed.peek(uid) !== undefined) continue;
        if (this.#hasMore || keyed.mayBeSpilled(uid)) wanted.add(uid);
      }
    }
    for (const uids of bySize(wanted, ({ length }) => length, UIDS_LENGTH)) {
      const params = { stage: this.#stage, partition: this.#partition, uids: [...uids] };
      const rows = await this.#store.querier.run(statesOfQuery, params);
      for (const row of rows) restoreRow(runtime, row, index);
    }
  }

  /**
   * Stores what changed since the last checkpoint. Safe to repeat: rows of a checkpoint whose marker was never written
   * say by themselves what they hold. States that others look at come after these: one left behind by a kill is read up before
   * anybody looks, one that is ahead could not say what was before.
   *
   * @param next first offset not offered to the runtime.
   * @param sourcesAt where the sources stood before a record.
   * @returns how many entities were written.
   */
  async save(
    runtime: PartitionRuntime,
    next: bigint,
    nowMs: number,
    sourcesAt: (offset: bigint) => EncodedSources,
  ): Promise<number> {
    this.#version = Math.max(this.#version + 1, nowMs);
    const { waitingFrom, watermarkMs } = runtime.mark();
    const waiting = runtime.waitingByEntity();
    const dirty = [...runtime.keyed.dirty()].sort((a, b) => standing(a.uid) - standing(b.uid));
    let rows: TableRow[] = [];
    let chunk = 0;
    const flush = async (): Promise<void> => {
      const token = `state:${this.#stage}:${this.#partition}:${this.#version}:${chunk}`;
      chunk += 1;
      await this.#store.writer.insertRows('detector_state', rows, token);
      rows = [];
    };
    for (const entity of dirty) {
      const positions = waiting.get(entity.uid);
      const place = JSON.stringify({
        next: next.toString(),
        ...(positions !== undefined && { waiting: positions.map(positionText) }),
      });
      const state = `${place.slice(0, -1)},"entity":${runtime.keyed.encodeText(entity)}}`;
      rows.push({ ...this.#columns(next), entity_uid: entity.uid, applied_extra: [], state });
      if (rows.length >= ROWS_PER_INSERT) await flush();
    }
    if (rows.length > 0) await flush();
    const replayFrom = waitingFrom ?? next;
    await this.#writeMarker({ next, replayFrom, watermarkMs, sources: sourcesAt(replayFrom) });
    for (const entity of dirty) entity.dirty = false;
    return dirty.length;
  }

  /** The marker of a partition that is read for the first time. */
  async begin(from: bigint, nowMs: number): Promise<Marker> {
    this.#version = Math.max(this.#version + 1, nowMs);
    const marker = { next: from, replayFrom: from, watermarkMs: -Infinity, sources: [] };
    await this.#writeMarker(marker);
    return marker;
  }

  async #writeMarker({ next, replayFrom, watermarkMs, sources }: Marker): Promise<void> {
    const known = Number.isFinite(watermarkMs);
    const state = JSON.stringify({
      next: next.toString(),
      replay_from: replayFrom.toString(),
      watermark_ms: known ? watermarkMs : null,
      ...(sources.length > 0 && { sources }),
    });
    const watermark = columnTime(formatTime(known ? Math.max(0, watermarkMs) : 0));
    const row = { ...this.#columns(next), watermark, state };
    const token = `marker:${this.#stage}:${this.#partition}:${this.#version}`;
    await this.#store.writer.insertRows('worker_checkpoints', [row], token);
  }

  #columns(next: bigint): TableRow {
    return {
      stage: this.#stage,
      log_partition: this.#partition,
      version: this.#version,
      applied_through: (next > 0n ? next - 1n : 0n).toString(),
    };
  }
}

interface StateRow {
  readonly entity_uid: string;
  readonly state: string;
}

function restoreRow(runtime: PartitionRuntime, row: StateRow, index: AppliedIndex | null): void {
  const kept = parseJson(entitySchema, row.state);
  if (kept === null) return;
  runtime.restore(row.entity_uid, kept.entity);
  index?.add(row.entity_uid, BigInt(kept.next), kept.waiting);
}

function parseJson<T>(schema: z.ZodType<T>, text: string): T | null {
  return schema.safeParse(tryJson(text)).data ?? null;
}
