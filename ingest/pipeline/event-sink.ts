import { context, propagation } from '@opentelemetry/api';
import type { Clock } from '../core/clock.js';
import { AppError, describeError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { traceSend } from '../core/telemetry/traces.js';
import type { RecordFormat } from '../event/event-codec.js';
import { eventLine } from '../event/event-lines.js';
import type { TokenEvent } from '../event/token-event.js';
import { topics, type EventLogWriter } from '../log/event-log.js';
import { deadLetterRecord, type DeadLetter } from '../log/dlq.js';
import { eventKey } from '../log/partitioner.js';
import type { DeadLetterReason } from './dead-letter.js';
import { defaultGroupingLimits, groupEvents, type EventGroup, type GroupingLimits } from './record-grouping.js';

/** Where collectors hand over. A promise that resolves is the only leave to acknowledge or to move a checkpoint. */
export interface EventSink {
  /**
   * Resolves when every event is durable in the log. Rejects with a retryable AppError (TQ_LOG_UNAVAILABLE,
   * TQ_DISK_FULL, TQ_UNAVAILABLE when too much waits already) or a permanent one when the log refuses everything.
   * Part of a rejected batch may be durable: sending it again makes no second event, event_uids are the same.
   */
  accept(batch: readonly TokenEvent[]): Promise<void>;
  /** Resolves when every letter is durable in the dead-letter topic. */
  reject(letters: readonly DeadLetter[]): Promise<void>;
}

export interface EventSinkDeps {
  readonly writer: EventLogWriter;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface EventSinkOptions {
  readonly limits?: GroupingLimits;
  /** Default: packed. */
  readonly format?: RecordFormat;
  /** Events that may wait for the log before further batches are refused with TQ_UNAVAILABLE. */
  readonly waitingEventsMax?: number;
  /** Events of one append call; more waits for the next. */
  readonly appendEventsMax?: number;
}

interface Waiting {
  readonly events: readonly TokenEvent[];
  readonly traceparent: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Batches that arrive while an append is under way go together in the next one (group commit), so that many small
 * requests share one sync of the disk or one round trip to the broker.
 */
export function createEventSink(deps: EventSinkDeps, options: EventSinkOptions = {}): EventSink {
  return new LogEventSink(deps, options);
}

class LogEventSink implements EventSink {
  private readonly deps: EventSinkDeps;
  private waiting: Waiting[] = [];
  private waitingEvents = 0;
  private running = false;
  private readonly limits: GroupingLimits;
  private readonly format: RecordFormat;
  private readonly waitingEventsMax: number;
  private readonly appendEventsMax: number;

  constructor(deps: EventSinkDeps, options: EventSinkOptions) {
    this.deps = deps;
    this.limits = options.limits ?? defaultGroupingLimits;
    this.format = options.format ?? 'packed';
    this.waitingEventsMax = options.waitingEventsMax ?? 100_000;
    this.appendEventsMax = options.appendEventsMax ?? 20_000;
  }

  accept(batch: readonly TokenEvent[]): Promise<void> {
    if (batch.length === 0) return Promise.resolve();
    // One batch alone is always taken, or a batch above the bound could never pass.
    if (this.waitingEvents > 0 && this.waitingEvents + batch.length > this.waitingEventsMax) {
      return Promise.reject(
        new AppError('TQ_UNAVAILABLE', `${this.waitingEvents} events wait for the event log already.`, {
          retryable: true,
          retryAfterMs: 1_000,
          mend: 'Send the batch again later; if it lasts, add partitions or look at the log’s disk or brokers.',
        }),
      );
    }
    return traceSend(topics.tokenEvents, batch.length, () => this.queue(batch));
  }

  private queue(batch: readonly TokenEvent[]): Promise<void> {
    const carrier: Record<string, string> = {};
    propagation.inject(context.active(), carrier);
    return new Promise((resolve, reject) => {
      this.waiting.push({ events: batch, traceparent: carrier['traceparent'], resolve, reject });
      this.waitingEvents += batch.length;
      if (!this.running) void this.drain();
    });
  }

  async reject(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    const { writer } = this.deps;
    const partitions = await writer.partitions(topics.deadLetters);
    await writer.append(
      topics.deadLetters,
      letters.map((letter) => deadLetterRecord(letter, partitions)),
    );
  }

  private async drain(): Promise<void> {
    this.running = true;
    // The turn that is under way may bring more batches; they are to share the first append too.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const group = this.take();
      await this.appendTogether(group);
    }
    this.running = false;
  }

  private take(): Waiting[] {
    let count = 0;
    let events = 0;
    for (const item of this.waiting) {
      if (count > 0 && events + item.events.length > this.appendEventsMax) break;
      events += item.events.length;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  private async appendTogether(group: readonly Waiting[]): Promise<void> {
    try {
      await this.appendEvents(
        group.flatMap((item) => item.events),
        group[0]?.traceparent,
      );
      this.settle(group, (item) => item.resolve());
    } catch (error) {
      const permanent = error instanceof AppError && !error.retryable;
      if (!permanent || group.length === 1) {
        this.settle(group, (item) => item.reject(error));
        return;
      }
      // One caller's refused batch is not to fail its neighbours.
      for (const item of group) await this.appendTogether([item]);
    }
  }

  /** Room is given back first: the caller may come with its next batch at once. */
  private settle(group: readonly Waiting[], tell: (item: Waiting) => void): void {
    for (const item of group) this.waitingEvents -= item.events.length;
    for (const item of group) tell(item);
  }

  private async appendEvents(events: readonly TokenEvent[], traceparent: string | undefined): Promise<void> {
    const { writer, clock } = this.deps;
    const partitions = await writer.partitions(topics.tokenEvents);
    const groups = groupEvents(events, partitions, clock.nowMs(), traceparent, this.limits, this.format);
    try {
      await writer.append(
        topics.tokenEvents,
        groups.map((group) => group.record),
      );
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'TQ_LOG_REFUSED') throw error;
      await this.appendApart(groups, error);
    }
  }

  /** Finds what the log refuses. If it refuses everything, the fault is not in the events and the caller hears it. */
  private async appendApart(groups: readonly EventGroup[], refusal: AppError): Promise<void> {
    const refused: EventGroup[] = [];
    for (const group of groups) if (!(await this.tryAppend([group]))) refused.push(group);
    if (refused.length === groups.length && groups.length > 1) throw refusal;
    const partitionsOf = (group: EventGroup): number => group.record.partition;
    for (const group of refused) {
      const culprits: TokenEvent[] = [];
      for (const event of group.events) {
        const record = groupEvents([event], 1, group.record.timestampMs, undefined, this.limits, this.format);
        const single = record.map((part) => ({ ...part, record: { ...part.record, partition: partitionsOf(group) } }));
        if (!(await this.tryAppend(single))) culprits.push(event);
      }
      if (culprits.length === group.events.length && culprits.length > 1) throw refusal;
      await this.reject(culprits.map((event) => this.refusedLetter(event, refusal)));
    }
  }

  private async tryAppend(groups: readonly EventGroup[]): Promise<boolean> {
    try {
      await this.deps.writer.append(
        topics.tokenEvents,
        groups.map((group) => group.record),
      );
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'TQ_LOG_REFUSED') return false;
      throw error;
    }
  }

  private refusedLetter(event: TokenEvent, refusal: AppError): DeadLetter {
    this.deps.logger.warn({ event_uid: event.event_uid }, 'the event log refused an event; it is a dead letter now');
    return {
      reason: 'log_refused' satisfies DeadLetterReason,
      step: 'event',
      timeMs: this.deps.clock.nowMs(),
      message: describeError(refusal),
      mend: 'Raise the record size limit of the topic or mend its authorisation, then replay the dead letter.',
      product: event.source.product,
      instance: event.source.instance,
      origin: event.event_uid,
      key: eventKey(event),
      value: eventLine(event),
    };
  }
}
