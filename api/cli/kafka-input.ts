import {
  createKafkaTopicCollector,
  kafkaTopicConfigSchema,
  type KafkaTopicDeps,
} from '../../ingest/collectors/kafka-topic/kafka-topic-collector.js';
import type { KafkaInputConfig } from '../config/input-schema.js';
import { kafkaOptions } from './kafka-options.js';
import type { Surroundings } from './open-parts.js';

/** Starts the reader of somebody else's topic. */
export async function startKafkaTopic(
  s: Surroundings,
  input: KafkaInputConfig,
  deps: Omit<KafkaTopicDeps, 'brokers'>,
): Promise<void> {
  const { createKafkaEventLog } = await import('../../ingest/log/kafka/kafka-event-log.js');
  const { topic, group_id, start } = input;
  const brokers = createKafkaEventLog(kafkaOptions(input), { logger: s.logger, random: s.random });
  const config = kafkaTopicConfigSchema.parse({ topic, group_id, start });
  await s.lifecycle.start(createKafkaTopicCollector(config, { ...deps, brokers }));
}
