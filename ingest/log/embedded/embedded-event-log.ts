import type { Clock } from '../../core/clock.js';
import { AppError, describeError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { acquireDataDirLock, directoryError, type DataDirLock } from '../data-dir-lock.js';
import type {
  AppendRecord,
  EventLog,
  EventLogReader,
  EventLogWriter,
  ReaderOptions,
  StoredRecord,
  TopicSpec,
} from '../event-log.js';
import { EmbeddedReader } from './embedded-reader.js';
import { GroupCoordinator } from './group-coordinator.js';
import { closedError, LogStorage } from './log-storage.js';
import { applyRetention } from './retention.js';

export interface EmbeddedLogOptions {
  /** Made if missing; belongs to one process at a time. */
  readonly directory: string;
  /** Bytes that a topic may hold before its oldest, already read records go. Default 16 GiB. */
  readonly topicBytesMax?: number;
  /** Longest value that `append` takes, bytes. Default 8 MiB. */
  readonly recordBytesMax?: number;
  /** Appends are refused with TQ_DISK_FULL when less is free, bytes. Default 128 MiB. */
  readonly freeBytesMin?: number;
  /** How often retention is applied, milliseconds. Default 60 s. */
  readonly retentionIntervalMs?: number;
}

export interface EmbeddedLogDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A number in [0, 1) that spreads retries. */
  readonly random: () => number;
  /** Bytes free for the directory; the file system is asked by default. */
  readonly freeBytes?: (directory: string) => Promise<number>;
}

/** The event log of one process, in a directory, without a server; lmdb holds it. */
export function createEmbeddedEventLog(options: EmbeddedLogOptions, deps: EmbeddedLogDeps): EventLog {
  return new EmbeddedEventLog(options, deps);
}

const BROWSE_BYTES_MAX = 64 << 20;

/** lmdb answers at once; a closed log or an unknown topic rejects instead of throwing. */
const attempt = <T>(action: () => T): Promise<T> => new Promise((resolve) => resolve(action()));

class EmbeddedEventLog implements EventLog {
  readonly name = 'embedded event log';
  private storage: LogStorage | undefined;
  private lock: DataDirLock | undefined;
  private timer: NodeJS.Timeout | undefined;
  private retention: Promise<void> = Promise.resolve();
  private readonly groups = new GroupCoordinator();
  private readonly readers = new Set<EmbeddedReader>();

  private readonly options: EmbeddedLogOptions;
  private readonly deps: EmbeddedLogDeps;

  constructor(options: EmbeddedLogOptions, deps: EmbeddedLogDeps) {
    this.options = options;
    this.deps = deps;
  }

  /** @throws AppError TQ_DATA_DIR_LOCKED, TQ_DATA_DIR_UNUSABLE, TQ_DISK_FULL. */
  async start(): Promise<void> {
    if (this.storage !== undefined) return;
    const { directory } = this.options;
    this.lock = await acquireDataDirLock(directory, this.deps.clock);
    try {
      this.storage = await LogStorage.open(directory, {
        freeBytesMin: this.options.freeBytesMin ?? 128 << 20,
        ...(this.deps.freeBytes === undefined ? {} : { freeBytes: this.deps.freeBytes }),
      });
    } catch (error) {
      await this.lock.release();
      throw error;
    }
    this.timer = setInterval(() => {
      this.retention = this.applyRetention();
    }, this.options.retentionIntervalMs ?? 60_000);
    this.timer.unref();
  }

  private async applyRetention(): Promise<void> {
    const storage = this.storage;
    if (storage === undefined) return;
    try {
      const records = await applyRetention(
        storage,
        this.deps.clock.nowMs(),
        this.options.topicBytesMax ?? 16 * 2 ** 30,
      );
      if (records > 0) this.deps.logger.info({ records }, 'old records removed from the event log');
    } catch (error) {
      this.deps.logger.warn({ error: describeError(error) }, 'retention of the event log failed; tried again later');
    }
  }

  async stop(deadlineMs: number): Promise<void> {
    const storage = this.storage;
    clearInterval(this.timer);
    await Promise.all([...this.readers].map((reader) => reader.stop(deadlineMs)));
    await this.retention;
    this.storage = undefined;
    await storage?.close();
    await this.lock?.release();
    this.lock = undefined;
  }

  private readonly opened = (): LogStorage => {
    if (this.storage === undefined) throw closedError();
    return this.storage;
  };

  ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    return attempt(() => {
      for (const spec of specs) this.opened().ensureTopic(spec);
    }).catch((error: unknown) => {
      throw directoryError(this.options.directory, error);
    });
  }

  writer(): EventLogWriter {
    return new EmbeddedWriter(this.opened, this.options.recordBytesMax ?? 8 << 20);
  }

  reader(options: ReaderOptions): EventLogReader {
    const { logger, random } = this.deps;
    const reader = new EmbeddedReader(options, { storage: this.opened, groups: this.groups, logger, random });
    this.readers.add(reader);
    return reader;
  }

  browse(topic: string, partition: number, from: bigint, max: number): Promise<readonly StoredRecord[]> {
    return attempt(() => {
      const storage = this.opened();
      return storage.read(storage.topic(topic), partition, from, max, BROWSE_BYTES_MAX);
    });
  }

  offsets(topic: string): Promise<readonly { partition: number; low: bigint; high: bigint }[]> {
    return attempt(() => {
      const { partitions } = this.opened().topic(topic);
      return partitions.map(({ partition, low, next }) => ({ partition, low, high: next }));
    });
  }
}

class EmbeddedWriter implements EventLogWriter {
  readonly name = 'embedded log writer';
  private stopped = false;

  private readonly storage: () => LogStorage;
  private readonly recordBytesMax: number;

  constructor(storage: () => LogStorage, recordBytesMax: number) {
    this.storage = storage;
    this.recordBytesMax = recordBytesMax;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopped = true;
    return Promise.resolve();
  }

  partitions(topic: string): Promise<number> {
    return attempt(() => this.storage().topic(topic).partitions.length);
  }

  async append(topic: string, records: readonly AppendRecord[]): Promise<void> {
    if (this.stopped) throw closedError();
    if (records.length === 0) return;
    const storage = this.storage();
    const state = storage.topic(topic);
    for (const record of records) {
      storage.partition(state, record.partition);
      if (record.value.length > this.recordBytesMax) {
        throw new AppError('TQ_LOG_REFUSED', `A record of ${record.value.length} bytes is too large for ${topic}.`, {
          mend: `Records may have ${this.recordBytesMax} bytes; put fewer events into one.`,
        });
      }
    }
    await storage.append(state, records);
  }
}
