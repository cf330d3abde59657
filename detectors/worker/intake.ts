import type { TokenEvent } from '../../ingest/event/token-event.js';
import type { StoredRecord } from '../../ingest/log/event-log.js';
import type { Marker } from './checkpoint-store.js';
import type { EncodedSources } from './origins.js';
import type { PartitionRuntime } from './partition-runtime.js';
import type { DecodedRecord } from './record-intake.js';

/** How a stage reads its topic: what a record is, and which of its events were not taken before. */
export interface Intake {
  /** Before the first record. @param from offset of the first record that will come. */
  open(marker: Marker, from: bigint): Promise<void>;
  decode(record: StoredRecord): DecodedRecord;
  /** Before the first `isNew` of these records; may ask the store, and may be repeated. */
  prepare(records: readonly DecodedRecord[]): Promise<void>;
  /** Asked once for each event, in the order of the log. */
  isNew(event: TokenEvent, record: DecodedRecord, ordinal: number): boolean;
  /** All events of the record have been offered to the runtime. */
  finish(record: DecodedRecord, runtime: PartitionRuntime): void;
  /**
   * Lets time go on where it would stand still. @param quiet true when the topic was read to its end and stayed silent.
   */
  rest(runtime: PartitionRuntime, quiet: boolean): Promise<void>;
  /** What a checkpoint must keep of it, as of the record at `from`. */
  mark(from: bigint): EncodedSources;
}
