import { AppError } from '../../../../ingest/core/errors.js';
import { silentLogger } from '../../../../ingest/core/logger.js';
import { decodeEvents } from '../../../../ingest/event/event-codec.js';
import { topics } from '../../../../ingest/log/event-log.js';
import { eventKey, partitionFor } from '../../../../ingest/log/partitioner.js';
import { createEventSink, type EventSinkOptions } from '../../../../ingest/pipeline/event-sink.js';
import { clock, MemoryWriter, sampleEvent } from './support.js';

const events = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => sampleEvent(from + i, `n${from + i}`));

function sinkOn(writer: MemoryWriter, options: EventSinkOptions = {}) {
  return createEventSink({ writer, clock, logger: silentLogger }, options);
}

const held = ({ value }: { readonly value: Buffer }) => decodeEvents(Buffer.from(value)).events;

const refusal = new AppError('TQ_LOG_REFUSED', 'The log refuses the record.');

describe('EventSink', () => {
  it('groups by partition, keeps order in it, and bounds records by events and bytes', async () => {
    const writer = new MemoryWriter();
    const batch = events(3_000);
    await sinkOn(writer, { limits: { recordBytesMax: 20_000, recordEventsMax: 100 } }).accept(batch);
    const records = writer.records(topics.tokenEvents);
    const seen = new Map<number, string[]>();
    for (const record of records) {
      const inside = held(record);
      expect(inside.length).toBeLessThanOrEqual(100);
      expect(record.value.length).toBeLessThanOrEqual(20_000);
      expect(record.headers['events']).toBe(String(inside.length));
      const list = seen.get(record.partition) ?? [];
      list.push(...inside.map((event) => event.event_uid));
      seen.set(record.partition, list);
    }
    for (let partition = 0; partition < 4; partition += 1) {
      const wanted = batch.filter((event) => partitionFor(eventKey(event), 4) === partition);
      expect(seen.get(partition)).toEqual(wanted.map((event) => event.event_uid));
    }
  });

  it('keys a record by its token only if all its events have the same', async () => {
    const writer = new MemoryWriter();
    const [one] = events(1);
    await sinkOn(writer).accept([one!, { ...one!, event_uid: sampleEvent(9, 'z').event_uid }]);
    expect(writer.records(topics.tokenEvents)[0]!.key?.toString()).toBe(eventKey(one!));
  });

  it('shares one append among batches that come while another is under way', async () => {
    const writer = new MemoryWriter();
    let open: () => void = () => undefined;
    writer.gate = new Promise((resolve) => (open = resolve));
    const sink = sinkOn(writer);
    const all = [sink.accept(events(1)), ...Array.from({ length: 50 }, (_, i) => sink.accept(events(1, i + 1)))];
    open();
    await Promise.all(all);
    expect(writer.appended.length).toBeLessThanOrEqual(2);
  });

  it('does not resolve before the log did', async () => {
    const writer = new MemoryWriter();
    let open: () => void = () => undefined;
    writer.gate = new Promise((resolve) => (open = resolve));
    let resolved = false;
    const accepted = sinkOn(writer)
      .accept(events(1))
      .then(() => (resolved = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(resolved).toBe(false);
    open();
    await accepted;
    expect(writer.records(topics.tokenEvents)).toHaveLength(1);
  });

  it('refuses more than may wait, so that a sender hears 503 and not a growing queue', async () => {
    const writer = new MemoryWriter();
    let open: () => void = () => undefined;
    writer.gate = new Promise((resolve) => (open = resolve));
    const sink = sinkOn(writer, { waitingEventsMax: 10 });
    const large = sink.accept(events(20));
    await expect(sink.accept(events(1))).rejects.toMatchObject({ code: 'TQ_UNAVAILABLE', retryable: true });
    open();
    await large;
    await sink.accept(events(5));
  });

  it('hands a retryable failure to every caller and works again afterwards', async () => {
    const writer = new MemoryWriter();
    const away = new AppError('TQ_LOG_UNAVAILABLE', 'away', { retryable: true });
    writer.refuse = () => away;
    const sink = sinkOn(writer);
    const results = await Promise.allSettled([sink.accept(events(1)), sink.accept(events(1, 1))]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    writer.refuse = () => undefined;
    await sink.accept(events(2));
    expect(writer.records(topics.tokenEvents).length).toBeGreaterThan(0);
  });

  it('finds the one event that the log refuses, keeps the others, and makes a dead letter of it', async () => {
    const writer = new MemoryWriter();
    writer.refuse = (topic, record) =>
      topic === topics.tokenEvents && held(record).some(({ target }) => target?.path === '/n17') ? refusal : undefined;
    await sinkOn(writer).accept(events(100));
    const stored = writer.records(topics.tokenEvents).flatMap(held);
    expect(stored).toHaveLength(99);
    const [letter] = writer.records(topics.deadLetters);
    expect(letter!.headers).toMatchObject({ reason: 'log_refused', step: 'event' });
    expect(letter!.value.toString()).toContain('/n17"');
  });

  it('makes no dead letters when the log refuses everything', async () => {
    const writer = new MemoryWriter();
    writer.refuse = () => refusal;
    await expect(sinkOn(writer).accept(events(50))).rejects.toBe(refusal);
    expect(writer.records(topics.deadLetters)).toHaveLength(0);
  });
});
