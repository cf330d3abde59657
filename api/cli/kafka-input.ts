import {
  createKafkaTopicCollector,
  kafkaTopicConfigSchema,
  type KafkaTopicDeps,
} from '../../ingest/collectors/kafka-topic/kafka-topic-collector.js';
import type { KafkaInputConfig } from '../config/input-schema.js';
import { kafkaOptions } from './kafka-options.js';
import type { Surroundings } from './open-parts.js';

/** Whether the brokers answer and have the topic, for `doctor`. */
export async function tryKafkaTopic(s: Surroundings, input: KafkaInputConfig): Promise<string> {
  const { createKafkaEventLog } = await import('../../ingest/log/kafka/kafka-event-log.js');
  const brokers = createKafkaEventLog(kafkaOptions(input), { logger: s.logger, random: s.random });
  await brokers.start();
  try {
    const offsets = await brokers.offsets(input.topic);
    const records = offsets.reduce((sum, { high, low }) => sum + (high - low), 0n);
    return `topic ${input.topic}: ${String(offsets.length)} partitions, ${String(records)} records kept`;
  } finally {
    await brokers.stop(5_000);
  }
}

/** Starts the reader of somebody else's topic. */
export async function startKafkaTopic(
  s: Surroundings,
  input: KafkaInputConfig,
  deps: Omit<KafkaTopicDeps, 'brokers' | 'health'>,
): Promise<void> {
  const { createKafkaEventLog } = await import('../../ingest/log/kafka/kafka-event-log.js');
  const { topic, group_id, start } = input;
  const brokers = createKafkaEventLog(kafkaOptions(input), { logger: s.logger, random: s.random });
  const config = kafkaTopicConfigSchema.parse({ topic, group_id, start });
  await s.lifecycle.start(createKafkaTopicCollector(config, { ...deps, brokers, health: s.health }));
}
