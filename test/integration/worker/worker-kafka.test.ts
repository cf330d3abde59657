import { join } from 'node:path';
import { silentLogger } from '../../../ingest/core/logger.js';
import { createKafkaEventLog } from '../../../ingest/log/kafka/kafka-event-log.js';
import { topics, type EventLog } from '../../../ingest/log/event-log.js';
import type { TokenEvent } from '../../../ingest/event/token-event.js';
import { ClickHouseStore } from '../../../ingest/store/clickhouse-store.js';
import { stages } from '../../../detectors/core/detector.js';
import type { Finding } from '../../../detectors/core/finding.js';
import { createDetectors } from '../../../detectors/registry.js';
import { PartitionRuntime } from '../../../detectors/worker/partition-runtime.js';
import type { PartitionStatus } from '../../../detectors/worker/partition-worker.js';
import type { Worker } from '../../../detectors/worker/worker.js';
import { makeEvent } from '../../support/token-events.js';
import { appendEvents, makeWorker, numbers, until, withDirectory, type RealParts } from '../../support/real-worker.js';
import { startKafka } from '../../tools/kafka.mjs';

const T0 = Date.UTC(2026, 0, 5, 9);
const PARTITIONS = 4;
const EVENTS = 20_000;
const owned = (worker: Worker): readonly PartitionStatus[] => worker.status().filter(({ stage }) => stage === 'token');
const options = { blockAgeMs: 100, blockRowsMax: 1000, idleFlushMs: 100, checkpointIntervalMs: 500 };

/** What both stages find when nothing ever changes hands. */
function findingsOf(events: readonly TokenEvent[]): string[] {
  const found = stages.flatMap((stage) => {
    const runtime = new PartitionRuntime({
      stage,
      detectors: createDetectors(),
      allowedLatenessMs: 1000,
      entitiesMax: 1000,
    });
    events.forEach((event, n) => runtime.offer(event, { offset: BigInt(n), ordinal: 0 }));
    runtime.flush();
    return runtime.takeFindings();
  });
  expect(new Set(found.map(({ entity_kind: kind }) => kind))).toContain('principal');
  return found.map(({ finding_uid: uid }) => uid).sort();
}

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
          { topic: topics.principalObservations, partitions: 3, ...spec },
          { topic: topics.findings, partitions: 1, ...spec },
          { topic: topics.deadLetters, partitions: 1, ...spec },
        ]);
        const partsOf = (log: EventLog): RealParts => ({ directory, log, store, stop: () => Promise.resolve() });
        // One guesses at five owners in turn, some seconds each, without a token.
        const events = Array.from({ length: EVENTS }, (_, n) =>
          makeEvent({
            timeMs: T0 + n * 10,
            principal: `p${n % 40 === 0 ? Math.floor(n / (EVENTS / 5)) : (n % 50) + 5}`,
            ...(n % 40 === 0 ? { outcome: 'failure', status: 401 } : { token: `t${n % 50}` }),
          }),
        );
        const expected = findingsOf(events);
        expect(expected.length).toBeGreaterThan(0);
        const found = new Set<string>();
        const onFinding = (findings: readonly Finding[]): Promise<void> => {
          for (const { finding_uid: uid } of findings) found.add(uid);
          return Promise.resolve();
        };
        const quarter = EVENTS / 4;
        const first = makeWorker(partsOf(logs[0]), { options, onFinding });
        const second = makeWorker(partsOf(logs[1]), { options, onFinding });
        await first.start();
        await appendEvents(logs[0], events.slice(0, quarter), 20);
        await until(() => Promise.resolve(owned(first).length === PARTITIONS));
        await appendEvents(logs[0], events.slice(quarter, 2 * quarter), 20);
        await second.start();
        await until(() => Promise.resolve(owned(second).length > 0 && owned(first).length < PARTITIONS));
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
          requests: EVENTS - EVENTS / 40,
        });
        expect(await numbers(parts, 'SELECT count() AS rows, uniqExact(finding_uid) AS uids FROM findings')).toEqual({
          rows: expected.length,
          uids: expected.length,
        });
        expect([...found].sort()).toEqual(expected);
        for (const log of logs) await log.stop(5_000);
        await store.stop();
      });
    } finally {
      await kafka.stop();
    }
  }, 120_000);
});
