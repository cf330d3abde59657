import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { backoffMs } from '../../core/backoff.js';
import type { Component } from '../../core/component.js';
import { endsWithin } from '../../core/deadline.js';
import type { AppError } from '../../core/errors.js';
import { describeError } from '../../core/errors.js';
import type { HealthRegistry } from '../../core/health.js';
import { makeDeadLetter } from '../../pipeline/dead-letter.js';
import { deliver } from '../../pipeline/delivery.js';
import { parseRecords, type ParsedBatch, type SourceBinding } from '../../pipeline/record-parser.js';
import type { CollectorDeps } from '../collector-deps.js';
import { Lease } from '../lease.js';
import { asFault, AnswerTooLong } from '../poll/source-fault.js';
import type { PollOutcome } from '../poll/poll-collector.js';
import { contentOf, type MessageContent } from './message-records.js';
import type { PulledMessage, Subscription } from './subscription.js';

export const pubSubConfigSchema = z.strictObject({
  max_messages: z.int().min(1).max(1_000).default(500).describe('Asked for with one pull.'),
  record_bytes_max: z.int().min(1_024).max(67_108_864).default(1_048_576).describe('Longer lines become dead letters.'),
  message_bytes_max: z.int().min(1_024).max(268_435_456).default(33_554_432).describe('Of a message when it is unpacked.'),
  group_bytes: z.int().min(1).max(67_108_864).default(8_388_608).describe('Parsed and made durable at a time.'),
  extend_every_ms: z.int().min(10).max(9_000).default(5_000).describe('A subscription’s own deadline is ten seconds or more.'),
}); // prettier-ignore

export type PubSubConfig = z.output<typeof pubSubConfigSchema>;

export interface PubSubDeps extends CollectorDeps {
  readonly binding: SourceBinding;
  readonly health: HealthRegistry;
  /** Name of the source, which its part in the health has too. */
  readonly name: string;
  readonly onPoll?: (product: string, outcome: PollOutcome) => void;
}

/** Messages in work are kept from others this long, and as long again each time the lease is renewed. */
const heldSeconds = 60;
const waitMaxMs = 300_000;
/** An empty subscription is waited at, not asked again and again; this is for a service that does not wait. */
const emptyRestMs = 100;
const ackAttemptsMax = 5;

interface Pulled {
  readonly message: PulledMessage;
  readonly content: MessageContent;
}

/**
 * Reads records from a subscription of Google Cloud Pub/Sub. A message is acknowledged after its events, or the letter
 * that tells what is wrong with it, are durable; until then it is kept from others. It is named by its own id, so a
 * message that is delivered again makes no second event. Several collectors share a subscription.
 */
export function createPubSubCollector(config: PubSubConfig, subscription: Subscription, deps: PubSubDeps): Component {
  return new PubSubCollector(config, subscription, deps);
}

class PubSubCollector implements Component {
  readonly name: string;
  private readonly config: PubSubConfig;
  private readonly subscription: Subscription;
  private readonly deps: PubSubDeps;
  private readonly abort = new AbortController();
  /** Aborted when a stop has taken too long; what is durable is acknowledged until then. */
  private readonly late = new AbortController();
  /** How many messages the next pull asks for. */
  private max: number;
  private loop: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(config: PubSubConfig, subscription: Subscription, deps: PubSubDeps) {
    this.config = config;
    this.subscription = subscription;
    this.deps = deps;
    this.max = config.max_messages;
    this.name = `pubsub:${deps.name}`;
    deps.health.declare(this.name, { maxAgeMs: waitMaxMs, required: false });
  }

  start(): Promise<void> {
    if (!this.isStopped()) this.loop ??= this.run();
    return Promise.resolve();
  }

  /** What was pulled is made durable and acknowledged; what could not be is given back. */
  stop(deadlineMs: number): Promise<void> {
    this.stopping ??= this.shutDown(deadlineMs);
    return this.stopping;
  }

  private async shutDown(deadlineMs: number): Promise<void> {
    this.abort.abort();
    await endsWithin(this.loop, deadlineMs);
    this.late.abort();
  }

  private isStopped(): boolean {
    return this.abort.signal.aborted;
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.isStopped();) {
      try {
        await this.round();
        failures = 0;
        this.deps.health.report(this.name, this.deps.clock.nowMs());
      } catch (error) {
        if (this.isStopped()) return;
        const fault = asFault(error);
        if (fault instanceof AnswerTooLong) this.max = Math.max(1, Math.floor(this.max / 4));
        failures += 1;
        this.tellFault(fault);
        const waitMs = Math.max(backoffMs(failures, this.deps.random(), 1_000, waitMaxMs), fault.retryAfterMs ?? 0);
        await delay(waitMs, undefined, { signal: this.abort.signal }).catch(() => undefined);
      }
    }
  }

  private tellFault(fault: AppError): void {
    const { health, logger, name, binding, onPoll } = this.deps;
    onPoll?.(binding.source.product, fault.code === 'TQ_SOURCE_REFUSED' ? 'refused' : 'unavailable');
    health.fail(this.name, describeError(fault));
    logger.warn(
      { source: name, code: fault.code, error: describeError(fault) },
      'a subscription could not be read; what is not acknowledged is delivered again',
    );
  }

  private async round(): Promise<void> {
    const messages = await this.subscription.pull(this.max, this.abort.signal);
    this.deps.onPoll?.(this.deps.binding.source.product, 'ok');
    this.max = Math.min(this.config.max_messages, this.max + Math.ceil(this.max / 10));
    if (messages.length > 0) await this.take(messages);
    else await delay(emptyRestMs, undefined, { signal: this.abort.signal });
  }

  private async take(messages: readonly PulledMessage[]): Promise<void> {
    const ids = messages.map(({ ackId }) => ackId);
    const hold = (open: readonly string[]): Promise<void> =>
      this.subscription.extend(open, heldSeconds, this.late.signal);
    const lease = new Lease(ids, hold, this.config.extend_every_ms);
    try {
      let group: Pulled[] = [];
      let bytes = 0;
      for (const message of messages) {
        const content = await contentOf(message, this.subscription.name, this.deps.binding.source, this.config);
        group.push({ message, content });
        bytes += content.bytes;
        if (bytes < this.config.group_bytes) continue;
        await this.settle(group, lease);
        [group, bytes] = [[], 0];
      }
      if (group.length > 0) await this.settle(group, lease);
    } finally {
      lease.end();
      if (this.isStopped()) await this.giveBack(lease.open);
    }
  }

  /** Resolves when the messages are durable and acknowledged. */
  private async settle(group: readonly Pulled[], lease: Lease): Promise<void> {
    const { binding, onCounts } = this.deps;
    const records = group.flatMap(({ content }) => content.records);
    const batch = parseRecords(binding, records, 'pubsub', this.deps);
    for (const { content } of group) if (content.fault !== undefined) this.addLetter(batch, content, content.fault);
    await deliver(batch, this.deps, { signal: this.abort.signal });
    onCounts?.(binding.source.product, binding.instance, batch.counts);
    const ids = group.map(({ message }) => message.ackId);
    await this.acknowledge(ids);
    lease.done(ids);
  }

  private addLetter(
    { letters, counts }: ParsedBatch,
    { container }: MessageContent,
    fault: NonNullable<MessageContent['fault']>,
  ): void {
    const { source, instance } = this.deps.binding;
    const { product } = source;
    counts.received += 1;
    counts.dlq[fault.reason] += 1;
    // What is no text is not kept: nobody could say which part of it is secret.
    const at = { timeMs: this.deps.clock.nowMs(), product, instance, container, offset: 0, raw: '' };
    letters.push(makeDeadLetter({ ...fault, ...at }));
  }

  /** Messages whose acknowledgement fails for good are delivered again, and count once. */
  private async acknowledge(ids: readonly string[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.subscription.acknowledge(ids, this.late.signal);
        return;
      } catch (error) {
        const fault = asFault(error);
        if (!fault.retryable || attempt === ackAttemptsMax || this.late.signal.aborted) throw error;
        const waitMs = Math.max(backoffMs(attempt, this.deps.random()), fault.retryAfterMs ?? 0);
        await delay(waitMs, undefined, { signal: this.late.signal });
      }
    }
  }

  private async giveBack(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.subscription.extend(ids, 0, this.late.signal).catch(() => undefined);
  }
}
