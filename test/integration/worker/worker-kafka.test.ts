import { join } from 'node:path';
import { silentLogger } from '../../../ingest/core/logger.js';
import { createKafkaEventLog } from '../../../ingest/log/kafka/kafka-event-log.js';
import { topics, type EventLog } from '../../../ingest/log/event-log.js';
import { ClickHouseStore } from '../../../ingest/store/clickhouse-store.js';
import { makeEvent } from '../../support/token-events.js';
import { appendEvents, makeWorker, numbers, until, withDirectory, type RealParts } from '../../support/real-worker.js';
import { startKafka } from '../../tools/kafka.mjs';

const T0 = Date.UTC(2026, 0, 5, 9);
const PARTITIONS = 4;
const EVENTS = 20_000;
const options = { blockAgeMs: 100, blockRowsMax: 1000, idleFlushMs: 100, checkpointIntervalMs: 500 };

describe('two workers of a group on Kafka', () => {
  it('store every event once while the group changes under them', async () => {
    const kafka = await startKafka();
    const open = async (): Promise<EventLog> => {
      const log = createKafkaEventLog(
        { brokers: kafka.brokers, clientId: 'tq-worker-test', sessionTimeoutMs: 6_000 },
        { logger: silentLogger, random: () => 0.5 },
      );
      await log.start();
      return log;
    };
    try {
      await withDirectory(async (directory) => {
        const store = new ClickHouseStore({ kind: 'embedded', directory: join(directory, 'clickhouse') });
        await store.start();
        await store.migrator.up();
        const logs = [await open(), await open()] as const;
        const spec = { replicationFactor: 1, retentionMs: -1 };
        await logs[0].ensureTopics([
          { topic: topics.tokenEvents, partitions: PARTITIONS, ...spec },
          { topic: topics.findings, partitions: 1, ...spec },
          { topic: topics.deadLetters, partitions: 1, ...spec },
        ]);
        const partsOf = (log: EventLog): RealParts => ({ directory, log, store, stop: () => Promise.resolve() });
        const events = Array.from({ length: EVENTS }, (_, n) =>
          makeEvent({ timeMs: T0 + n * 10, token: `t${n % 50}` }),
        );
        const quarter = EVENTS / 4;
        const first = makeWorker(partsOf(logs[0]), { options });
        const second = makeWorker(partsOf(logs[1]), { options });
        await first.start();
        await appendEvents(logs[0], events.slice(0, quarter), 20);
        await until(() => Promise.resolve(first.status().length === PARTITIONS));
        await appendEvents(logs[0], events.slice(quarter, 2 * quarter), 20);
        await second.start();
        await until(() => Promise.resolve(second.status().length > 0 && first.status().length < PARTITIONS));
        // Sent again, as a collector does that heard no answer.
        await appendEvents(logs[0], events.slice(quarter, 3 * quarter), 20);
        await first.stop(10_000);
        await appendEvents(logs[0], events.slice(3 * quarter), 20);
        await until(() => second.caughtUp(), 40_000);
        await second.stop(10_000);
        const parts = partsOf(logs[0]);
        expect(await numbers(parts, 'SELECT count() AS rows, uniqExact(event_uid) AS uids FROM token_events')).toEqual({
          rows: EVENTS,
          uids: EVENTS,
        });
        expect(await numbers(parts, 'SELECT sum(requests) AS requests FROM token_usage_hourly')).toEqual({
          requests: EVENTS,
        });
        for (const log of logs) await log.stop(5_000);
        await store.stop();
      });
    } finally {
      await kafka.stop();
    }
  }, 120_000);
});
