import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AlertService } from '../../../api/alerts/alert-service.js';
import { FindingsConsumer } from '../../../api/alerts/findings-consumer.js';
import { defaultPolicy } from '../../../api/alerts/policy.js';
import type { Finding } from '../../../detectors/core/finding.js';
import { systemClock } from '../../../ingest/core/clock.js';
import { HealthRegistry } from '../../../ingest/core/health.js';
import { silentLogger, type Logger } from '../../../ingest/core/logger.js';
import { createEmbeddedEventLog } from '../../../ingest/log/embedded/embedded-event-log.js';
import { topics, type EventLog } from '../../../ingest/log/event-log.js';
import { finding, MemoryRepository } from '../../support/alert-fixtures.js';

describe('FindingsConsumer on the embedded log', () => {
  let directory: string;
  let log: EventLog;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tourniquet findings '));
    log = createEmbeddedEventLog(
      { directory: join(directory, 'log') },
      { clock: systemClock, logger: silentLogger, random: () => 0.5 },
    );
    await log.start();
    const spec = { topic: topics.findings, partitions: 1, replicationFactor: 1, retentionMs: -1 };
    await log.ensureTopics([spec]);
  });
  afterEach(async () => {
    await log.stop(1000);
    await rm(directory, { recursive: true, force: true });
  });

  async function append(...values: readonly (Finding | string)[]): Promise<void> {
    const writer = log.writer();
    await writer.start();
    const records = values.map((value) => ({
      partition: 0,
      key: null,
      value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
      headers: {},
      timestampMs: 0,
    }));
    await writer.append(topics.findings, records);
    await writer.stop(1000);
  }

  /** Reads until `count` findings were accepted in all; `failures` calls fail first. */
  async function consume(count: number, repository: MemoryRepository, failures = 0, logger: Logger = silentLogger) {
    let left = failures;
    let accepted = 0;
    const service = new AlertService({
      alerts: repository,
      deliveries: repository,
      destinations: [],
      policy: defaultPolicy,
      baseUrl: '',
      clock: systemClock,
      enqueue: () => undefined,
    });
    const health = new HealthRegistry();
    let reached: () => void = () => undefined;
    const enough = new Promise<void>((resolve) => (reached = resolve));
    const accept = service.accept.bind(service);
    service.accept = async (list) => {
      if (left > 0) {
        left -= 1;
        throw new Error('the store is away');
      }
      const changed = await accept(list);
      accepted += list.length;
      if (accepted >= count) reached();
      return changed;
    };
    const consumer = new FindingsConsumer({ log, alerts: service, clock: systemClock, logger, health });
    expect(consumer.mayDispatch()).toBe(false);
    await consumer.start();
    await enough;
    const during = { owner: consumer.mayDispatch(), health: health.status(Date.now()).ready };
    await consumer.stop(5000);
    expect(consumer.mayDispatch()).toBe(false);
    return { ...during, next: consumer.next };
  }

  it('groups what the topic holds and goes on after a restart where it stopped', async () => {
    const repository = new MemoryRepository();
    await append(finding(0), finding(1));
    expect(await consume(2, repository)).toEqual({ owner: true, health: true, next: 2n });
    await append(finding(2));
    await consume(1, repository);
    expect([...repository.alerts.values()].map((alert) => alert.finding_count)).toEqual([3]);
  });

  it('gets the same findings again after a failure, and loses none', async () => {
    const repository = new MemoryRepository();
    await append(finding(0), finding(1));
    await consume(2, repository, 2);
    expect([...repository.alerts.values()].map((alert) => alert.finding_count)).toEqual([2]);
  });

  it('passes over what is no finding, says where it stands and never what it holds', async () => {
    const repository = new MemoryRepository();
    const lines: string[] = [];
    const logger = {
      ...silentLogger,
      error: (fields: object, text: string) => lines.push(JSON.stringify(fields) + text),
    };
    const broken = JSON.stringify({ ...finding(1), severity: 'hunter2', time: 'never' });
    await append(finding(0), '{"half":', broken, finding(2));
    await consume(2, repository, 0, logger);
    expect([...repository.alerts.values()].map((alert) => alert.finding_count)).toEqual([2]);
    expect(lines).toHaveLength(2);
    expect(lines.join()).toContain('"offset":"2"');
    expect(lines.join()).toContain('severity');
    expect(lines.join()).not.toContain('hunter2');
  });
});
