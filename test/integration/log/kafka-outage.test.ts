import { randomUUID } from 'node:crypto';
import { silentLogger } from '../../../ingest/core/logger.js';
import { createKafkaEventLog, type KafkaLogOptions } from '../../../ingest/log/kafka/kafka-event-log.js';
import type { EventLog } from '../../../ingest/log/event-log.js';
import { eventually, record, Recorder } from '../../contracts/event-log.contract.js';
import { startKafka, type TestKafka } from '../../tools/kafka.mjs';

const password = 'correct-horse';
const jaas = (user: string): string =>
  `org.apache.kafka.common.security.plain.PlainLoginModule required user_${user}="${password}";`;

describe('event log on a Kafka that comes and goes', () => {
  let kafka: TestKafka;
  let topic: string;
  const logs: EventLog[] = [];
  const open = (options: Partial<KafkaLogOptions> = {}): EventLog => {
    const log = createKafkaEventLog(
      {
        brokers: kafka.brokers,
        clientId: 'tq-outage',
        sessionTimeoutMs: 6_000,
        connectionTimeoutMs: 1_000,
        ...options,
      },
      { logger: silentLogger, random: () => 0 },
    );
    logs.push(log);
    return log;
  };
  const unavailable = { code: 'TQ_LOG_UNAVAILABLE', retryable: true };

  beforeAll(async () => {
    kafka = await startKafka({ own: true });
  });
  afterEach(async () => {
    for (const log of logs.splice(0)) await log.stop(2_000);
  });
  afterAll(async () => {
    await kafka.stop();
  });
  beforeEach(() => {
    topic = `outage.${randomUUID()}`;
  });

  it('says so while nobody listens at start, and works when somebody does', async () => {
    const log = open({ brokers: ['127.0.0.1:1'] });
    await log.start();
    const spec = { topic, partitions: 1, replicationFactor: 1, retentionMs: -1 };
    const recorder = new Recorder();
    // At once, since each is tried for seconds before it is given up.
    await Promise.all([
      expect(log.ensureTopics([spec])).rejects.toMatchObject({
        ...unavailable,
        mend: expect.stringContaining('log.brokers') as string,
      }),
      (async () => {
        const writer = log.writer();
        await writer.start();
        await expect(writer.append(topic, [record(0, 'x')])).rejects.toMatchObject(unavailable);
      })(),
      (async () => {
        const reader = log.reader({ topic, groupId: topic, handler: recorder });
        await reader.start();
        await reader.stop(1_000);
      })(),
    ]);
    expect(recorder.assignments).toEqual([]);
  });

  it('loses nothing and reads on by itself when the broker is killed and comes back', async () => {
    const log = open();
    await log.start();
    await log.ensureTopics([{ topic, partitions: 2, replicationFactor: 1, retentionMs: -1 }]);
    const writer = log.writer();
    await writer.start();
    const recorder = new Recorder();
    recorder.onBatch = (batch) =>
      recorder.reader!.commit(topic, batch.partition, batch.records.at(-1)!.offset + 1n, '').catch(() => undefined);
    recorder.reader = log.reader({ topic, groupId: topic, handler: recorder });
    await recorder.reader.start();
    await writer.append(topic, [record(0, 'a'), record(1, 'b')]);
    await eventually('both are read', () => new Set(recorder.texts()).size === 2);

    await kafka.down();
    await expect(writer.append(topic, [record(0, 'c')])).rejects.toMatchObject(unavailable);
    await kafka.up();
    await eventually('the append holds', async () => {
      try {
        await writer.append(topic, [record(0, 'c'), record(1, 'd')]);
        return true;
      } catch (error) {
        expect(error).toMatchObject(unavailable);
        return false;
      }
    });
    await eventually('the reader goes on', () => ['a', 'b', 'c', 'd'].every((text) => recorder.texts().includes(text)));
    expect(recorder.overlaps).toEqual([]);
  });
});

describe('event log on a Kafka that asks for credentials', () => {
  let kafka: TestKafka;
  const logs: EventLog[] = [];
  const open = (secret: string): EventLog => {
    const log = createKafkaEventLog(
      {
        brokers: kafka.brokers,
        clientId: 'tq',
        sasl: { mechanism: 'plain', username: 'tourniquet', password: secret },
      },
      { logger: silentLogger, random: () => 0 },
    );
    logs.push(log);
    return log;
  };

  beforeAll(async () => {
    kafka = await startKafka({
      own: true,
      settings: {
        'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
        'listener.name.plaintext.sasl.enabled.mechanisms': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config': jaas('tourniquet').replace(
          'required',
          `required username="tourniquet" password="${password}"`,
        ),
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      },
    });
  });
  afterAll(async () => {
    for (const log of logs) await log.stop(1_000);
    await kafka.stop();
  });

  it('appends with the right password, and names the fault without the password with a wrong one', async () => {
    const topic = `sasl.${randomUUID()}`;
    const log = open(password);
    await log.ensureTopics([{ topic, partitions: 1, replicationFactor: 1, retentionMs: -1 }]);
    await log.writer().append(topic, [record(0, 'x')]);
    expect(await log.offsets(topic)).toEqual([{ partition: 0, low: 0n, high: 1n }]);
    const failure = await open('wrong-secret')
      .offsets(topic)
      .then(
        () => undefined,
        (error: unknown) => error as Error,
      );
    expect(failure).toMatchObject({ code: 'TQ_LOG_UNAVAILABLE', mend: expect.stringContaining('log.sasl') as string });
    expect(failure!.message).not.toContain('wrong-secret');
  });
});
