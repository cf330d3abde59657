import type { Kafka } from 'kafkajs';
import { backoffMs } from '../../core/backoff.js';
import { endsWithin } from '../../core/deadline.js';
import { AppError, describeError } from '../../core/errors.js';
import { FETCH_BYTES, type EventLogReader, type ReaderOptions } from '../event-log.js';
import type { KafkaAdmin } from './kafka-admin.js';
import { retry, type KafkaLogDeps, type KafkaLogOptions } from './kafka-client.js';
import { kafkaError, stoppedError } from './kafka-errors.js';
import { KafkaSession } from './kafka-session.js';

/** How long an idle fetch waits at the broker; also how long a resumed partition may wait for its turn. */
const FETCH_WAIT_MS = 100;

/** Keeps a session alive: a consumer that crashes or cannot connect is replaced, with back-off, until `stop`. */
export class KafkaReader implements EventLogReader {
  readonly name: string;
  private session: KafkaSession | undefined;
  private running: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  private stopped = false;
  private interrupt: () => void = () => undefined;
  private readonly kafka: Kafka;
  private readonly admin: KafkaAdmin;
  private readonly options: ReaderOptions;
  private readonly log: KafkaLogOptions;
  private readonly deps: KafkaLogDeps;

  constructor(kafka: Kafka, admin: KafkaAdmin, options: ReaderOptions, log: KafkaLogOptions, deps: KafkaLogDeps) {
    this.name = `log reader ${options.groupId}`;
    this.kafka = kafka;
    this.admin = admin;
    this.options = options;
    this.log = log;
    this.deps = deps;
  }

  /** Resolves when the reader is in its group, or when it is clear that the broker is away and it tries on by itself. */
  async start(): Promise<void> {
    if (this.stopped || this.running !== undefined) return;
    await new Promise<void>((resolve) => {
      this.running = this.supervise(resolve);
    });
  }

  private async supervise(ready: () => void): Promise<void> {
    for (let attempt = 1; !this.stopped; attempt += 1) {
      const session = this.newSession();
      this.session = session;
      session.joined.then(
        () => {
          attempt = 0;
          ready();
        },
        () => undefined,
      );
      const failure = await this.untilEnd(session);
      if (this.isStopped()) break;
      ready();
      const delayMs = backoffMs(Math.max(1, attempt), this.deps.random(), 200, 10_000);
      const { code, message } = kafkaError('read', failure);
      this.deps.logger.warn({ group: this.options.groupId, code, delayMs, error: message }, 'the reader starts again');
      await session.fail();
      await this.sleep(delayMs);
    }
    ready();
  }

  private newSession(): KafkaSession {
    const fetchBytes = this.options.fetchBytesMax ?? FETCH_BYTES;
    const consumer = this.kafka.consumer({
      groupId: this.options.groupId,
      sessionTimeout: this.log.sessionTimeoutMs ?? 30_000,
      heartbeatInterval: Math.min(3_000, (this.log.sessionTimeoutMs ?? 30_000) / 5),
      maxBytesPerPartition: fetchBytes,
      maxBytes: fetchBytes * 4,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      // Restarts are ours: kafkajs's own would keep none of our state and not restart after every error.
      retry: { ...retry, restartOnFailure: () => Promise.resolve(false) },
    });
    return new KafkaSession(consumer, this.admin, this.options, this.deps);
  }

  private async untilEnd(session: KafkaSession): Promise<unknown> {
    try {
      await session.open();
      return await Promise.race([session.crashed, new Promise<void>((resolve) => (this.interrupt = resolve))]);
    } catch (error) {
      return error;
    }
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.interrupt = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  private isStopped(): boolean {
    return this.stopped;
  }

  async commit(topic: string, partition: number, offset: bigint, metadata: string): Promise<void> {
    if (topic !== this.options.topic) {
      throw new AppError('TQ_LOG_REFUSED', `The reader of ${this.options.topic} cannot commit for ${topic}.`);
    }
    if (this.session === undefined) throw stoppedError();
    await this.session.commit(partition, offset, metadata);
  }

  stop(deadlineMs: number): Promise<void> {
    this.stopped = true;
    this.stopping ??= this.leave(deadlineMs);
    return this.stopping;
  }

  private async leave(deadlineMs: number): Promise<void> {
    try {
      await this.session?.close(deadlineMs);
    } catch (error) {
      this.deps.logger.warn({ error: describeError(error) }, 'the reader did not stop cleanly');
    }
    this.interrupt();
    if (this.running === undefined) return;
    // A connection attempt under way ends by itself; it is not worth more than the deadline.
    await endsWithin(this.running, deadlineMs);
  }
}
