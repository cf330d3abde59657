import { openSink } from '../../../../api/cli/open-parts.js';
import { configSchema } from '../../../../api/config/schema.js';
import { systemClock } from '../../../../ingest/core/clock.js';
import { silentLogger } from '../../../../ingest/core/logger.js';
import { decodeEvents } from '../../../../ingest/event/event-codec.js';
import { topics } from '../../../../ingest/log/event-log.js';
import { bareEvent } from '../../../support/token-events.js';
import { MemoryWriter } from '../../ingest/pipeline/support.js';

describe('openSink', () => {
  const kafka = { kind: 'kafka', brokers: ['127.0.0.1:9092'] };
  it.each([
    ['the embedded log', { kind: 'embedded' }, false],
    ['Kafka', kafka, false],
    ['Kafka whose topic others read', { ...kafka, record_format: 'json' }, true],
  ])('writes to %s in its form, which is read again', async (_what, log, isJson) => {
    const writer = new MemoryWriter();
    await openSink({ config: configSchema.parse({ log }), clock: systemClock, logger: silentLogger }, writer).accept([
      bareEvent,
    ]);
    const value = writer.records(topics.tokenEvents)[0]?.value;
    const text = `${JSON.stringify(bareEvent)}\n`;
    expect(value?.toString() === text).toBe(isJson);
    expect(decodeEvents(Buffer.from(value ?? []))).toEqual({ events: [bareEvent], faults: [] });
  });
});
