import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import {
  createKafkaTopicCollector,
  kafkaTopicConfigSchema,
} from '../../../ingest/collectors/kafka-topic/kafka-topic-collector.js';
import type { Component } from '../../../ingest/core/component.js';
import { HealthRegistry } from '../../../ingest/core/health.js';
import { createKafkaEventLog } from '../../../ingest/log/kafka/kafka-event-log.js';
import { startKafka, type TestKafka } from '../../tools/kafka.mjs';
import { base, lineSource, MemorySink, until, wallClock } from '../../unit/ingest/pipeline/support.js';

const { Kafka: KafkaClient, CompressionTypes, logLevel } = kafkajs;

describe('a topic of somebody else', () => {
  let kafka: TestKafka;
  let client: Kafka;
  let admin: Admin;
  const health = new HealthRegistry();
  beforeAll(async () => {
    kafka = await startKafka();
    client = new KafkaClient({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING });
    admin = client.admin();
    await admin.connect();
  }, 120_000);
  afterAll(async () => {
    await admin.disconnect();
    await kafka.stop();
  });

  const collector = (topic: string, sink: MemorySink, more: object = {}): Component =>
    createKafkaTopicCollector(
      kafkaTopicConfigSchema.parse({ topic, group_id: `${topic}-group`, record_bytes_max: 1_024, ...more }),
      {
        ...base,
        clock: wallClock,
        sink,
        binding: { source: lineSource, instance: 'i' },
        health,
        name: 'shipped',
        brokers: createKafkaEventLog({ brokers: kafka.brokers, clientId: 'collector' }, base),
      },
    );

  const committed = async (topic: string): Promise<number> => {
    const [found] = await admin.fetchOffsets({ groupId: `${topic}-group`, topics: [topic] });
    return found?.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0) ?? 0;
  };

  async function produce(topic: string, values: readonly (string | null)[]): Promise<void> {
    const producer = client.producer();
    await producer.connect();
    const messages = values.map((value, i) => ({ value, partition: i % 2 }));
    await producer.send({ topic, messages, compression: CompressionTypes.GZIP });
    await producer.disconnect();
  }

  const make = async (name: string): Promise<string> => {
    const topic = `${name}-${String(Date.now())}`;
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
    return topic;
  };

  it('takes values of one and of many lines, commits what is durable, and goes on there after a restart', async () => {
    const topic = await make('foreign');
    const bearer = 'Bearer opaque-secret-0123456789abcdef';
    await produce(topic, ['1 a', '2 b\n3 c\n', '', null, `??? ${bearer}`, `4 ${'x'.repeat(2_000)}`]);
    const sink = new MemorySink();
    sink.failures = 2;
    const first = collector(topic, sink);
    await first.start();
    const part = () => health.status(Date.now()).parts[0];
    await until(() => part()?.state === 'failing', part, 60_000);
    expect([part()?.part, part()?.reason]).toEqual(['kafka:shipped', 'The log is away.']);
    await until(() => sink.events.length === 3 && sink.letters.length >= 2, () => [sink.names, sink.letters.length], 60_000);
    for (let i = 0; i < 100 && (await committed(topic)) < 6; i += 1) await new Promise((r) => setTimeout(r, 100));
    expect(await committed(topic)).toBe(6);
    expect(part()?.state).toBe('ok');
    await first.stop(5_000);
    expect([...sink.uids].length).toBe(3);
    expect([...new Set(sink.letters.map(({ reason }) => reason))].sort()).toEqual(['too_large', 'unparsable']);
    expect(sink.letters.map(({ value }) => value.toString()).join()).not.toContain('opaque-secret');
    await produce(topic, ['5 e', '6 f']);
    const again = new MemorySink();
    const second = collector(topic, again);
    await second.start();
    await until(() => again.events.length === 2, () => again.names, 60_000);
    await second.stop(5_000);
    expect(again.names.sort()).toEqual(['e', 'f']);
  }, 180_000); // prettier-ignore

  it('commits nothing while the log is away, and reads the same records under the same names again', async () => {
    const topic = await make('away');
    await produce(topic, ['1 a', '2 b']);
    let tries = 0;
    class AwaySink extends MemorySink {
      override accept(batch: Parameters<MemorySink['accept']>[0]): Promise<void> {
        tries += 1;
        return super.accept(batch);
      }
    }
    const away = new AwaySink();
    away.failures = Infinity;
    const first = collector(topic, away);
    await first.start();
    await until(() => tries > 2, () => tries, 60_000);
    expect(await committed(topic)).toBe(0);
    await first.stop(2_000);
    const sink = new MemorySink();
    const second = collector(topic, sink);
    await second.start();
    await until(() => sink.events.length === 2, () => sink.names, 60_000);
    await second.stop(5_000);
    expect(await committed(topic)).toBe(2);
  }, 180_000); // prettier-ignore

  it('begins at the end where it is told to, and then misses nothing', async () => {
    const topic = await make('latest');
    await produce(topic, ['1 old', '2 old']);
    const sink = new MemorySink();
    const first = collector(topic, sink, { start: 'latest' });
    await first.start();
    for (let i = 0; i < 300 && (await committed(topic)) < 2; i += 1) await new Promise((r) => setTimeout(r, 100));
    await first.stop(5_000);
    await produce(topic, ['3 new', '4 new']);
    const second = collector(topic, sink, { start: 'latest' });
    await second.start();
    await until(() => sink.events.length === 2, () => sink.names, 60_000);
    await second.stop(5_000);
    expect(sink.names).toEqual(['new', 'new']);
  }, 180_000); // prettier-ignore
});
