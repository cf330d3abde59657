import { formatTime } from '../../ingest/event/time.js';
import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { Marker } from './checkpoint-store.js';
import { DedupeWindow } from './dedupe-window.js';
import type { Intake } from './intake.js';
import type { EncodedSources } from './origins.js';
import type { PartitionRuntime } from './partition-runtime.js';
import { type DecodedRecord, decodeRecord, findStored, placeMs } from './record-intake.js';
import type { WorkerParts } from './worker-deps.js';
import { recentUidsQuery } from './worker-queries.js';

/** How far before the watermark stored event_uids are loaded into the window. */
const WINDOW_LOOKBACK_MS = 600_000;

/** Token events: collectors may send one again at any offset, so a window of ids and the store tell what is new. */
export class TokenIntake implements Intake {
  readonly decode = decodeRecord;
  readonly #deps: WorkerParts;
  readonly #partition: number;
  readonly #generationMax: number;
  readonly #streamMs: () => Promise<number>;
  #window: DedupeWindow;
  #stored: ReadonlySet<string> = new Set();

  /** @param streamMs how far the whole stream has come in event time, as far as is known. */
  constructor(deps: WorkerParts, partition: number, generationMax: number, streamMs: () => Promise<number>) {
    this.#deps = deps;
    this.#streamMs = streamMs;
    this.#partition = partition;
    this.#generationMax = generationMax;
    this.#window = new DedupeWindow(generationMax, -Infinity);
  }

  async open(marker: Marker, from: bigint): Promise<void> {
    const fromMs = Number.isFinite(marker.watermarkMs) ? Math.max(0, marker.watermarkMs - WINDOW_LOOKBACK_MS) : 0;
    const rows = await this.#deps.store.querier.run(recentUidsQuery, {
      partition: this.#partition,
      before: from.toString(),
      from: formatTime(fromMs),
      max: this.#generationMax,
    });
    const oldest = rows.at(-1);
    const coveredAfterMs = rows.length === this.#generationMax && oldest !== undefined ? oldest.time_ms : fromMs - 1;
    this.#window = new DedupeWindow(this.#generationMax, coveredAfterMs);
    for (const row of [...rows].reverse()) this.#window.add(row.event_uid, row.time_ms);
  }

  async prepare(records: readonly DecodedRecord[]): Promise<void> {
    this.#stored = await findStored(this.#deps, this.#window, this.#partition, records);
  }

  isNew(event: TokenEvent): boolean {
    const place = placeMs(event);
    const familiar = this.#window.look(event.event_uid, place);
    if (familiar === 'seen' || (familiar === 'unsure' && this.#stored.has(event.event_uid))) return false;
    this.#window.add(event.event_uid, place);
    return true;
  }

  /** The events themselves say how far time has come. */
  finish(): void {
    return undefined;
  }

  /** A partition that went quiet: what waits is scored, and others say how far time has come. The only use of the clock. */
  async rest(runtime: PartitionRuntime, quiet: boolean): Promise<void> {
    if (!quiet) return;
    runtime.flush();
    if (runtime.hasAlarms) runtime.elapse(await this.#streamMs());
  }

  mark(): EncodedSources {
    return [];
  }
}
