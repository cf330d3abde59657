import type { Component } from '../core/component.js';

/**
 * The EventLog port, in Kafka's words. Order is kept inside a partition only. A record carries one or many events of
 * its partition (docs/adr/0018); offsets count records. Implementations: kafkajs (production), lmdb (embedded).
 */
export interface LogRecord {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since the Unix epoch, set by the producer. */
  readonly timestampMs: number;
}

export interface StoredRecord extends LogRecord {
  readonly offset: bigint;
}

/** Its buffers belong to the log once it is appended: readers may be given the same ones. */
export interface AppendRecord extends LogRecord {
  readonly partition: number;
}

export interface EventLogWriter extends Component {
  /** How many partitions the topic has; constant for the life of the writer. */
  partitions(topic: string): Promise<number>;
  /**
   * Resolves only when every record is durable (Kafka: acks=all, idempotent producer; embedded: synced to disk).
   * Rejects with a retryable AppError (TQ_LOG_UNAVAILABLE, TQ_DISK_FULL) or a permanent one (TQ_LOG_REFUSED).
   */
  append(topic: string, records: readonly AppendRecord[]): Promise<void>;
}

export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  /** Never empty; consecutive reads of one partition, ascending offsets. */
  readonly records: readonly StoredRecord[];
  /** Offset of the next record to be produced, for lag. */
  readonly highWatermark: bigint;
}

/** The committed position of a group on a partition. `metadata` is Kafka's own commit metadata string. */
export interface CommittedOffset {
  /** Next offset to read; null when the group never committed. */
  readonly offset: bigint | null;
  readonly metadata: string;
}

export interface PartitionAssignment {
  readonly topic: string;
  readonly partition: number;
  readonly committed: CommittedOffset;
}

/** What the reader calls; calls for one partition never overlap, different partitions may run interleaved. */
export interface PartitionHandler {
  /** Called before the first batch. Returns the offset to start reading from (null: the earliest kept). */
  assigned(assignment: PartitionAssignment): Promise<bigint | null>;
  /**
   * Resolves when the handler has taken the batch (it commits by itself, later, through `commit`). Rejecting pauses
   * the partition, backs off and redelivers from the same offset. `heartbeat` is to be awaited in long work.
   */
  batch(batch: RecordBatch, heartbeat: () => Promise<void>): Promise<void>;
  /** The partition is taken away or the reader stops: flush and commit; no batch of it follows. */
  revoked(topic: string, partition: number): Promise<void>;
}

export interface EventLogReader extends Component {
  /** Durable when resolved. A commit by a member that no longer owns the partition rejects. */
  commit(topic: string, partition: number, offset: bigint, metadata: string): Promise<void>;
}

/** Bytes that one fetch of a partition brings unless said otherwise: 1 MiB, some 7,000 events. */
export const FETCH_BYTES = 1 << 20;

export interface ReaderOptions {
  readonly topic: string;
  readonly groupId: string;
  readonly handler: PartitionHandler;
  /** Bytes that one fetch may bring, default {@link FETCH_BYTES}. */
  readonly fetchBytesMax?: number;
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Milliseconds that records are kept; -1 for ever. */
  readonly retentionMs: number;
}

export interface EventLog extends Component {
  /** Creates what is missing; existing topics keep their partitions. Safe to run by many at once. */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>;
  writer(): EventLogWriter;
  reader(options: ReaderOptions): EventLogReader;
  /** Records of one partition from `from`, at most `max`, without a group; for dead letters and tools. */
  browse(topic: string, partition: number, from: bigint, max: number): Promise<readonly StoredRecord[]>;
  /** Earliest kept and next offset of each partition. */
  offsets(topic: string): Promise<readonly { partition: number; low: bigint; high: bigint }[]>;
}

export const topics = {
  tokenEvents: 'tourniquet.token-events.v1',
  /** Events of known principals as the token stage hands them on, key = principal_uid. */
  principalObservations: 'tourniquet.principal-observations.v1',
  findings: 'tourniquet.findings.v1',
  deadLetters: 'tourniquet.token-events.dlq.v1',
} as const;
