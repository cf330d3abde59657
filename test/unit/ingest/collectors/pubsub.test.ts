import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { privateKeyText, PubSubServer, subscriptionName } from '../../../support/pubsub-server.js';
import { createPubSubCollector, pubSubConfigSchema } from '../../../../ingest/collectors/pubsub/pubsub-collector.js';
import { Subscription } from '../../../../ingest/collectors/pubsub/subscription.js';
import type { Component } from '../../../../ingest/core/component.js';
import { HealthRegistry } from '../../../../ingest/core/health.js';
import type { Logger } from '../../../../ingest/core/logger.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { emptyCounts, addCounts } from '../../../../ingest/pipeline/record-tally.js';
import { gcpFactory } from '../../../../ingest/sources/gcp/source.js';
import { base, MemorySink, until, wallClock } from '../pipeline/support.js';

const base64 = (content: string | Buffer): string => Buffer.from(content).toString('base64');

/** As a sink of Cloud Logging publishes it: https://docs.cloud.google.com/logging/docs/export/pubsub. */
const entry = (insertId?: string, method = 'GetIamPolicy'): string =>
  JSON.stringify({
    insertId,
    logName: 'projects/shop/logs/cloudaudit.googleapis.com%2Fdata_access',
    timestamp: '2026-10-10T13:55:36.123456Z',
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'iam.googleapis.com',
      methodName: method,
      authenticationInfo: { principalEmail: 'ann@example.com' },
      requestMetadata: { callerIp: '192.0.2.1' },
    },
  });
const attributes = { 'logging.googleapis.com/timestamp': '2026-10-10T13:55:36.123456Z' };

/** A log that takes nothing until it is opened. */
class GatedSink extends MemorySink {
  open: () => void = () => undefined;
  readonly #gate = new Promise<void>((resolve) => (this.open = resolve));
  override async accept(batch: readonly TokenEvent[]): Promise<void> {
    await this.#gate;
    await super.accept(batch);
  }
}

const said: string[] = [];
const hear = (fields: object, message: string): void => void said.push(`${message} ${JSON.stringify(fields)}`);
const logger: Logger = { debug: hear, info: hear, warn: hear, error: hear };

describe('a subscription of Pub/Sub', () => {
  let server: PubSubServer;
  let health: HealthRegistry;
  let counts = emptyCounts();
  const running: Component[] = [];
  beforeEach(async () => {
    server = new PubSubServer();
    await server.start();
    health = new HealthRegistry();
    counts = emptyCounts();
  });
  afterEach(async () => {
    for (const collector of running.splice(0)) await collector.stop(2_000);
    await server.stop();
  });

  const subscription = (): Subscription =>
    new Subscription({ url: server.origin, name: subscriptionName, key: server.key }, wallClock);
  const start = async (sink: MemorySink, config: object = {}): Promise<Component> => {
    const collector = createPubSubCollector(
      pubSubConfigSchema.parse({ extend_every_ms: 20, ...config }),
      subscription(),
      {
        ...base,
        clock: wallClock,
        logger,
        sink,
        health,
        name: 't',
        binding: { source: gcpFactory.create({}), instance: 'i' },
        onCounts: (_product, _instance, more) => addCounts(counts, more),
      },
    );
    running.push(collector);
    await collector.start();
    return collector;
  };
  const part = (): unknown => health.status(Date.now()).parts[0];
  const reason = (): string => health.status(Date.now()).parts[0]?.reason ?? '';
  const drained = (): Promise<void> =>
    until(
      () => server.left === 0,
      () => [server.left, server.breaches, part(), said.slice(-3)],
    );

  it('gives its records, plain or compressed, one a message or lines of them; each is acknowledged once', async () => {
    const sink = new MemorySink();
    server.publish(
      { data: base64(entry('a')), attributes },
      { data: base64(gzipSync(entry('b'))) },
      { data: base64([entry('c'), entry('d')].join('\n')) },
    );
    await start(sink);
    await drained();
    server.publish({ data: base64(entry('e')) });
    await drained();
    expect([sink.events.length, sink.uids.size, sink.letters]).toEqual([5, 5, []]);
    expect([server.acknowledged.length, new Set(server.acknowledged).size, server.breaches]).toEqual([4, 4, []]);
    expect(server.tokens).toBe(1);
    await until(() => health.status(Date.now()).parts[0]?.state === 'ok', part);
  });

  it('acknowledges nothing before it is durable, and keeps the messages from others meanwhile', async () => {
    const sink = new GatedSink();
    server.publish({ data: base64(entry('a')) }, { data: base64(entry('b')) });
    await start(sink);
    await until(
      () => server.extended.length >= 3,
      () => server.breaches,
    );
    expect([server.acknowledged, sink.events]).toEqual([[], []]);
    expect(server.extended.every(({ ackIds, seconds }) => ackIds.length === 2 && seconds >= 10)).toBe(true);
    sink.open();
    await drained();
    expect([sink.events.length, server.acknowledged.length, server.breaches]).toEqual([2, 2, []]);
  });

  it('makes no second event of a message that is delivered again, with or without an id of its own', async () => {
    const sink = new MemorySink();
    const busy = { status: 503, body: { error: { code: 503, status: 'UNAVAILABLE' } } };
    server.refuse.acknowledge.push(...Array.from({ length: 5 }, () => busy));
    server.publish({ data: base64(entry('a')) }, { data: base64(entry(undefined)) });
    await start(sink);
    await until(() => reason().includes('is not well'), part);
    expect(server.left).toBe(2);
    server.expire();
    await drained();
    expect([sink.events.length, sink.uids.size]).toEqual([4, 2]);
    expect([new Set(server.acknowledged).size, server.breaches]).toEqual([2, []]);
  });

  it('repeats an acknowledgement that was refused, and the id is taken once', async () => {
    server.refuse.acknowledge.push({ status: 429, body: { error: { code: 429 } } }, { status: 500 });
    server.publish({ data: base64(entry('a')) });
    const sink = new MemorySink();
    await start(sink);
    await drained();
    expect([sink.events.length, server.acknowledged.length, server.breaches]).toEqual([1, 1, []]);
  });

  it('makes dead letters of messages that hold no record, names their place, and acknowledges them', async () => {
    const whole = gzipSync(entry('x'));
    const ids = server.publish(
      { data: base64('no JSON') },
      { data: base64(whole.subarray(0, whole.length - 12)) },
      { data: base64(gzipSync(Buffer.alloc(40_000, 32))) },
      { attributes },
      {
        data: base64('{"kind": "storage#object"}'),
        attributes: { eventType: 'OBJECT_FINALIZE', bucketId: 'logs', objectId: 'a' },
      },
      { data: base64(entry('good')) },
    );
    const sink = new MemorySink();
    await start(sink, { message_bytes_max: 20_000 });
    await drained();
    expect(sink.events).toHaveLength(1);
    const letters = new Map(sink.letters.map((letter) => [letter.origin?.split(':')[2] ?? '', letter]));
    expect(ids.slice(0, 5).map((id) => [letters.get(id)?.reason, letters.get(id)?.field])).toEqual([
      ['unparsable', ''],
      ['unparsable', 'data'],
      ['too_large', 'data'],
      ['unparsable', 'data'],
      ['unparsable', 'attributes/eventType'],
    ]);
    expect(sink.letters.every(({ origin, mend = '' }) => origin?.startsWith(`pubsub:${subscriptionName}:m-`) === true && mend !== '')).toBe(true);
    expect([counts.received, counts.ok, counts.dlq.unparsable, counts.dlq.too_large]).toEqual([6, 1, 4, 1]);
    expect([server.acknowledged.length, server.breaches]).toEqual([6, []]);
  }); // prettier-ignore

  it('acknowledges no bad message before its letter is durable', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const sink = new MemorySink();
    const letters = sink.letters;
    sink.reject = async (more) => {
      await gate;
      letters.push(...more);
    };
    server.publish({ data: base64('no JSON') });
    await start(sink);
    await until(
      () => server.extended.length >= 2,
      () => server.breaches,
    );
    expect(server.acknowledged).toEqual([]);
    open();
    await drained();
    expect([letters.length, server.acknowledged.length]).toEqual([1, 1]);
  });

  it('waits where the service has enough of it as long as it says, and says what keeps it', async () => {
    const sink = new MemorySink();
    server.publish({ data: base64(entry('a')) });
    server.refuse.pull.push({ status: 429, headers: { 'retry-after': '2' }, body: { error: { code: 429 } } });
    await start(sink);
    await until(() => reason().includes('fewer requests (429)'), part);
    await delay(700);
    expect(server.asked).toEqual([]);
    await drained();
    expect(sink.events).toHaveLength(1);
    server.refuse.pull.push({ status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED' } } });
    await until(() => reason().includes('Pub/Sub Subscriber'), part);
    server.publish({ data: base64(entry('b')) });
    await drained();
    await until(() => reason() === '', part);
    expect([sink.uids.size, server.breaches]).toEqual([2, []]);
  });

  it('gets a new token where the old one is refused before its time', async () => {
    const sink = new MemorySink();
    server.refuse.pull.push({ status: 401, body: { error: { code: 401, status: 'UNAUTHENTICATED' } } });
    server.publish({ data: base64(entry('a')) });
    await start(sink);
    await drained();
    expect([server.tokens, server.breaches, reason()]).toEqual([2, [], '']);
  });

  it('asks for fewer messages where an answer is more than is held at once', async () => {
    const sink = new MemorySink();
    server.refuse.pull.push({ body: `{"receivedMessages": "${'x'.repeat(65 << 20)}"}` });
    server.publish(...Array.from({ length: 30 }, (_, i) => ({ data: base64(entry(`e-${String(i)}`)) })));
    await start(sink, { max_messages: 40 });
    await drained();
    expect(server.asked.slice(0, 3)).toEqual([10, 11, 13]);
    expect([sink.uids.size, server.breaches]).toEqual([30, []]);
  });

  it('makes durable at a stop what it pulled, and acknowledges it', async () => {
    const sink = new GatedSink();
    server.publish({ data: base64(entry('a')) });
    const collector = await start(sink);
    await until(
      () => server.extended.length > 0,
      () => server.breaches,
    );
    const stopped = collector.stop(5_000);
    sink.open();
    await stopped;
    expect([sink.events.length, server.left, server.acknowledged.length, server.breaches]).toEqual([1, 0, 1, []]);
  });

  it('makes much durable in groups, and acknowledges each before it goes on', async () => {
    const sink = new MemorySink();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const accept = sink.accept.bind(sink);
    sink.accept = async (batch) => {
      if (sink.events.length >= 2) await gate;
      await accept(batch);
    };
    server.publish(...['a', 'b', 'c', 'd', 'e'].map((id) => ({ data: base64(entry(id)) })));
    await start(sink, { group_bytes: entry('a').length + 1 });
    await until(
      // A busy machine moves the deadline of all five once before the first two are done.
      () => server.acknowledged.length === 2 && server.extended.at(-1)?.ackIds.length === 3,
      () => server.breaches,
    );
    open();
    await drained();
    expect([sink.uids.size, server.acknowledged.length, server.breaches]).toEqual([5, 5, []]);
  });

  it('gives back at a stop what could not be made durable', async () => {
    const sink = new MemorySink();
    sink.failures = Infinity;
    server.publish({ data: base64(entry('a')) });
    const collector = await start(sink);
    await until(
      () => server.extended.length > 0,
      () => server.breaches,
    );
    await collector.stop(5_000);
    expect([server.acknowledged, server.left, server.extended.at(-1)?.seconds, server.breaches]).toEqual([
      [],
      1,
      0,
      [],
    ]);
    const next = new MemorySink();
    await start(next);
    await drained();
    expect(next.events).toHaveLength(1);
  });

  it('says whether it may be read, without taking a message', async () => {
    server.publish({ data: base64(entry('a')) });
    const { signal } = new AbortController();
    expect(await subscription().mayConsume(signal)).toBe(true);
    server.permissions = [];
    expect(await subscription().mayConsume(signal)).toBe(false);
    expect([server.asked, server.breaches]).toEqual([[], []]);
  });

  it('never says its secrets', () => {
    expect(said.length).toBeGreaterThan(3);
    expect(said.filter((line) => line.includes('google-token') || line.includes(privateKeyText.slice(40, 80)))).toEqual(
      [],
    );
  });
});
