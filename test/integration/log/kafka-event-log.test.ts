import { silentLogger } from '../../../ingest/core/logger.js';
import { createKafkaEventLog } from '../../../ingest/log/kafka/kafka-event-log.js';
import { eventLogContract } from '../../contracts/event-log.contract.js';
import { startKafka } from '../../tools/kafka.mjs';

eventLogContract('kafkajs', async () => {
  const kafka = await startKafka();
  return {
    open: async () => {
      const log = createKafkaEventLog(
        { brokers: kafka.brokers, clientId: 'tq-test', sessionTimeoutMs: 6_000 },
        { logger: silentLogger, random: () => 0.5 },
      );
      await log.start();
      return log;
    },
    dispose: () => kafka.stop(),
  };
});
