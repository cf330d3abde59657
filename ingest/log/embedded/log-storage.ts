import { statfs } from 'node:fs/promises';
import { open, type Database, type RootDatabase } from 'lmdb';
import { AppError } from '../../core/errors.js';
import { directoryError } from '../data-dir-lock.js';
import type { AppendRecord, StoredRecord, TopicSpec } from '../event-log.js';
import { requireDataFile } from './data-file.js';
import { RecentRecords } from './recent-records.js';
import { decodeRecord, encodeRecord, offsetOfKey, recordKey } from './record-codec.js';

export interface TopicState {
  readonly id: number;
  readonly name: string;
  readonly retentionMs: number;
  readonly partitions: readonly PartitionState[];
}

export interface PartitionState {
  readonly partition: number;
  low: bigint;
  next: bigint;
  bytes: number;
}

interface StoredTopic {
  readonly id: number;
  readonly partitions: number;
  readonly retentionMs: number;
}

interface PendingAppend {
  readonly topic: TopicState;
  readonly records: readonly AppendRecord[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface StorageOptions {
  /** Writes are refused with TQ_DISK_FULL below this; lmdb is never driven into a full disk. */
  readonly freeBytesMin: number;
  /** Bytes free on the file system of the directory. */
  readonly freeBytes?: (directory: string) => Promise<number>;
}

const GROUP_BYTES_MAX = 32 << 20;
/** Of each topic (some 27,000 events, which are held as well), so that raw events in bulk do not push out what a later stage is about to read. */
const RECENT_BYTES_MAX = 4 << 20;

/**
 * Topics, partitions and commits in one lmdb environment. Appends that arrive while a transaction is being synced go
 * together in the next (group commit). Offsets are given when the transaction is made and move only when it holds.
 */
export class LogStorage {
  private pending: PendingAppend[] = [];
  private draining: Promise<void> | undefined;
  private closed = false;
  private readonly topics = new Map<string, TopicState>();
  private readonly holders = new Map<string, Set<string>>();
  private readonly waiters = new Map<string, Set<() => void>>();
  private readonly recent = new Map<number, RecentRecords>();

  private readonly directory: string;
  private readonly options: StorageOptions;
  private readonly root: RootDatabase<Buffer, Buffer>;
  private readonly records: Database<Buffer, Buffer>;
  private readonly states: Database<Buffer, Buffer>;
  private readonly topicTable: Database<StoredTopic, string>;
  private readonly commits: Database<{ offset: string; metadata: string }, string>;

  private constructor(
    directory: string,
    options: StorageOptions,
    root: RootDatabase<Buffer, Buffer>,
    records: Database<Buffer, Buffer>,
    states: Database<Buffer, Buffer>,
    topicTable: Database<StoredTopic, string>,
    commits: Database<{ offset: string; metadata: string }, string>,
  ) {
    this.directory = directory;
    this.options = options;
    this.root = root;
    this.records = records;
    this.states = states;
    this.topicTable = topicTable;
    this.commits = commits;
  }

  /** @throws AppError TQ_DATA_DIR_UNUSABLE, TQ_DISK_FULL. */
  static async open(directory: string, options: StorageOptions): Promise<LogStorage> {
    try {
      // lmdb maps its lock file; on a full disk touching that map would kill the process.
      await requireSpace(directory, options);
      await requireDataFile(directory);
      // Without overlappingSync a commit is announced after its sync, which is what `append` promises.
      const root = open<Buffer, Buffer>({
        path: directory,
        encoding: 'binary',
        keyEncoding: 'binary',
        maxDbs: 8,
        overlappingSync: false,
        noSubdir: false,
      });
      const storage = new LogStorage(
        directory,
        options,
        root,
        root.openDB('records', { encoding: 'binary', keyEncoding: 'binary', compression: true }),
        root.openDB('partitions', { encoding: 'binary', keyEncoding: 'binary' }),
        root.openDB('topics', { encoding: 'json' }),
        root.openDB('commits', { encoding: 'json' }),
      );
      storage.load();
      return storage;
    } catch (error) {
      throw directoryError(directory, error);
    }
  }

  private load(): void {
    for (const { key, value } of this.topicTable.getRange()) this.remember(key, value);
  }

  private remember(name: string, stored: StoredTopic): TopicState {
    const partitions: PartitionState[] = [];
    for (let partition = 0; partition < stored.partitions; partition += 1) {
      const bytes = this.states.get(recordKey(stored.id, partition, 0n));
      partitions.push(
        bytes === undefined
          ? { partition, low: 0n, next: 0n, bytes: 0 }
          : { partition, low: bytes.readBigUInt64BE(0), next: bytes.readBigUInt64BE(8), bytes: bytes.readDoubleBE(16) },
      );
    }
    const topic: TopicState = { id: stored.id, name, retentionMs: stored.retentionMs, partitions };
    this.topics.set(name, topic);
    return topic;
  }

  /** An existing topic keeps its partitions and takes the new retention. */
  ensureTopic(spec: TopicSpec): void {
    const known = this.topics.get(spec.topic);
    if (known?.retentionMs === spec.retentionMs) return;
    const ids = [...this.topics.values()].map((topic) => topic.id);
    const stored: StoredTopic = {
      id: known?.id ?? Math.max(0, ...ids) + 1,
      partitions: known?.partitions.length ?? spec.partitions,
      retentionMs: spec.retentionMs,
    };
    this.transaction(() => this.topicTable.putSync(spec.topic, stored));
    if (known === undefined) this.remember(spec.topic, stored);
    else this.topics.set(spec.topic, { ...known, retentionMs: spec.retentionMs });
  }

  allTopics(): readonly TopicState[] {
    return [...this.topics.values()];
  }

  /** @throws AppError TQ_LOG_REFUSED for an unknown topic. */
  topic(name: string): TopicState {
    const topic = this.topics.get(name);
    if (topic === undefined) {
      throw new AppError('TQ_LOG_REFUSED', `The event log has no topic ${name}.`, {
        mend: 'Create it first (ensureTopics); `tourniquet up` does so at start.',
      });
    }
    return topic;
  }

  partition(topic: TopicState, partition: number): PartitionState {
    const state = topic.partitions[partition];
    if (state === undefined) {
      throw new AppError('TQ_LOG_REFUSED', `Topic ${topic.name} has no partition ${partition}.`, {
        mend: `It has partitions 0 to ${topic.partitions.length - 1}.`,
      });
    }
    return state;
  }

  /** Resolves when synced to disk. */
  append(topic: TopicState, records: readonly AppendRecord[]): Promise<void> {
    if (this.closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.pending.push({ topic, records, resolve, reject });
      this.draining ??= this.drain().finally(() => {
        this.draining = undefined;
      });
    });
  }

  private async drain(): Promise<void> {
    // Callers of the same turn share the first transaction.
    await Promise.resolve();
    while (this.pending.length > 0) {
      const group = this.takeGroup();
      try {
        await requireSpace(this.directory, this.options);
        this.appendGroup(group);
        for (const item of group) item.resolve();
      } catch (error) {
        const told = await this.tell(error);
        for (const item of group) item.reject(told);
      }
    }
  }

  /**
   * All writes of the action hold and are synced, or none and the reason is thrown. Synchronous on purpose: when an
   * asynchronous commit fails (a full disk), lmdb also rejects a promise that it hands to nobody, which ends the process.
   */
  private transaction(action: () => void): void {
    this.root.transactionSync(action);
  }

  private takeGroup(): PendingAppend[] {
    let count = 0;
    let bytes = 0;
    for (const item of this.pending) {
      if (count > 0 && bytes > GROUP_BYTES_MAX) break;
      for (const record of item.records) bytes += record.value.length;
      count += 1;
    }
    return this.pending.splice(0, count);
  }

  private appendGroup(group: readonly PendingAppend[]): void {
    const moved = new Map<PartitionState, { topic: TopicState; next: bigint; bytes: number }>();
    this.transaction(() => {
      for (const { topic, records } of group) {
        for (const record of records) {
          const state = this.partition(topic, record.partition);
          const to = moved.get(state) ?? { topic, next: state.next, bytes: state.bytes };
          const stored = encodeRecord(record);
          this.records.putSync(recordKey(topic.id, record.partition, to.next), stored);
          to.next += 1n;
          to.bytes += stored.length;
          moved.set(state, to);
        }
      }
      for (const [state, to] of moved) {
        this.states.putSync(recordKey(to.topic.id, state.partition, 0n), stateBytes(state.low, to.next, to.bytes));
      }
    });
    this.rememberRecent(group);
    for (const [state, to] of moved) {
      state.next = to.next;
      state.bytes = to.bytes;
      this.wake(to.topic.name, state.partition);
    }
  }

  private recentOf({ id }: TopicState): RecentRecords {
    let recent = this.recent.get(id);
    if (recent === undefined) this.recent.set(id, (recent = new RecentRecords(RECENT_BYTES_MAX)));
    return recent;
  }

  /** Called once the records are on disk, while the partitions still stand at their offsets. */
  private rememberRecent(group: readonly PendingAppend[]): void {
    const offsets = new Map<PartitionState, bigint>();
    for (const { topic, records } of group) {
      for (const { partition, key, value, headers, timestampMs } of records) {
        const state = this.partition(topic, partition);
        const offset = offsets.get(state) ?? state.next;
        offsets.set(state, offset + 1n);
        this.recentOf(topic).add(state, { offset, key, value, headers, timestampMs });
      }
    }
  }

  /** Records from `from` on: at most `max`, and no further one once `bytesMax` are reached; at least one if there is. */
  read(topic: TopicState, partition: number, from: bigint, max: number, bytesMax: number): StoredRecord[] {
    const state = this.partition(topic, partition);
    const start = from > state.low ? from : state.low;
    const recent = this.recentOf(topic).read(state, start, max, bytesMax);
    if (recent !== undefined) return recent;
    const found: StoredRecord[] = [];
    let bytes = 0;
    const range = {
      start: recordKey(topic.id, partition, start),
      end: recordKey(topic.id, partition, state.next),
      limit: max,
    };
    for (const { key, value } of this.records.getRange(range)) {
      found.push(decodeRecord(value, offsetOfKey(key)));
      bytes += value.length;
      if (bytes >= bytesMax) break;
    }
    return found;
  }

  /** Removes the given records, the oldest of their partition; `bytes` is what they held. */
  trim(topic: TopicState, partition: number, offsets: readonly bigint[], bytes: number): void {
    const last = offsets.at(-1);
    if (last === undefined) return;
    const state = this.partition(topic, partition);
    const rest = Math.max(0, state.bytes - bytes);
    this.transaction(() => {
      for (const offset of offsets) this.records.removeSync(recordKey(topic.id, partition, offset));
      this.states.putSync(recordKey(topic.id, partition, 0n), stateBytes(last + 1n, state.next, rest));
    });
    state.low = last + 1n;
    state.bytes = rest;
  }

  committed(group: string, topic: string, partition: number): { offset: bigint; metadata: string } | undefined {
    const found = this.commits.get(commitKey(group, topic, partition));
    return found === undefined ? undefined : { offset: BigInt(found.offset), metadata: found.metadata };
  }

  /** From now on retention keeps what this group has not committed, from the first record if it never did. */
  holdFor(group: string, topic: string): void {
    const holders = this.holders.get(topic) ?? new Set();
    this.holders.set(topic, holders.add(group));
  }

  /** What every group of the partition has behind it; undefined when no group reads or ever committed. */
  lowestCommit(topic: string, partition: number): bigint | undefined {
    const holders = [...(this.holders.get(topic) ?? [])];
    if (holders.some((group) => this.committed(group, topic, partition) === undefined)) return 0n;
    let lowest: bigint | undefined;
    const prefix = commitPrefix(topic, partition);
    for (const { value } of this.commits.getRange({ start: prefix, end: `${prefix}\uffff` })) {
      const offset = BigInt(value.offset);
      if (lowest === undefined || offset < lowest) lowest = offset;
    }
    return lowest;
  }

  async commit(group: string, topic: string, partition: number, offset: bigint, metadata: string): Promise<void> {
    if (this.closed) throw closedError();
    const stored = { offset: offset.toString(), metadata };
    try {
      this.transaction(() => this.commits.putSync(commitKey(group, topic, partition), stored));
    } catch (error) {
      throw await this.tell(error);
    }
  }

  /** A write cut short by a full disk comes out of lmdb as a bare "Input/output error". */
  private async tell(error: unknown): Promise<AppError> {
    if (/input\/output error/i.test(String(error))) {
      const free = await freeBytesOf(this.directory).catch(() => Infinity);
      if (free < GROUP_BYTES_MAX) return directoryError(this.directory, new Error('no space left', { cause: error }));
    }
    return directoryError(this.directory, error);
  }

  /** Calls back once, at the next append to the partition. @returns a function that forgets the callback. */
  onAppend(topic: string, partition: number, callback: () => void): () => void {
    const name = `${topic}/${partition}`;
    const set = this.waiters.get(name) ?? new Set();
    this.waiters.set(name, set);
    set.add(callback);
    return () => set.delete(callback);
  }

  private wake(topic: string, partition: number): void {
    const set = this.waiters.get(`${topic}/${partition}`);
    if (set === undefined) return;
    const callbacks = [...set];
    set.clear();
    for (const callback of callbacks) callback();
  }

  get isClosed(): boolean {
    return this.closed;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.draining;
    await this.root.close();
  }
}

function stateBytes(low: bigint, next: bigint, bytes: number): Buffer {
  const out = Buffer.allocUnsafe(24);
  out.writeBigUInt64BE(low, 0);
  out.writeBigUInt64BE(next, 8);
  out.writeDoubleBE(bytes, 16);
  return out;
}

const commitPrefix = (topic: string, partition: number): string => `${topic}\n${partition}\n`;
const commitKey = (group: string, topic: string, partition: number): string =>
  `${commitPrefix(topic, partition)}${group}`;

async function requireSpace(directory: string, options: StorageOptions): Promise<void> {
  const free = await (options.freeBytes ?? freeBytesOf)(directory);
  if (free >= options.freeBytesMin) return;
  throw new AppError('TQ_DISK_FULL', `Only ${Math.round(free / 1e6)} MB are free for ${directory}.`, {
    retryable: true,
    retryAfterMs: 5_000,
    mend: `Free at least ${Math.round(options.freeBytesMin / 1e6)} MB there; nothing acknowledged is lost and work goes on by itself.`,
  });
}

async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

export function closedError(): AppError {
  return new AppError('TQ_LOG_UNAVAILABLE', 'The embedded event log is not open.', {
    retryable: true,
    mend: 'It is stopping or has not started yet; repeat the operation after the start.',
  });
}
