import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { AppError } from '../../../../ingest/core/errors.js';
import { topics, type AppendRecord, type EventLogWriter } from '../../../../ingest/log/event-log.js';
import { portedWriter, serveWriter } from '../../../../ingest/log/ported-writer.js';

const record = (text: string, key: string | null = null): AppendRecord => ({
  partition: 2,
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(text),
  headers: { events: '1' },
  timestampMs: 5,
});

interface Appended {
  readonly topic: string;
  readonly records: readonly AppendRecord[];
}

async function withWriter(
  work: (writer: EventLogWriter, appended: Appended[]) => Promise<void>,
  append: (all: readonly AppendRecord[]) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const appended: Appended[] = [];
  serveWriter(port1, {
    name: 'log',
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    partitions: (topic) => Promise.resolve(topic === topics.tokenEvents ? 4 : 1),
    append: (topic, records) => {
      appended.push({ topic, records });
      return append(records);
    },
  });
  const writer = portedWriter(port2);
  try {
    await work(writer, appended);
  } finally {
    await writer.stop(0);
  }
}

describe('a writer at the other end of a port', () => {
  it('brings partitions back, and records across as they were, in the order of the calls', async () => {
    await withWriter(async (writer, appended) => {
      expect(await writer.partitions(topics.tokenEvents)).toBe(4);
      const first = record('{"a":"ä"}\n', 'tok_1');
      await Promise.all([
        writer.append(topics.tokenEvents, [first, record('two')]),
        writer.append(topics.deadLetters, [record('three')]),
      ]);
      expect(appended.map(({ topic }) => topic)).toEqual([topics.tokenEvents, topics.deadLetters]);
      const [got] = appended[0]?.records ?? [];
      expect(got).toEqual(first);
      expect([Buffer.isBuffer(got?.value), Buffer.isBuffer(got?.key)]).toEqual([true, true]);
      // The sender may send them again, as it does after a refusal.
      await writer.append(topics.tokenEvents, [first]);
      expect(appended[2]?.records).toEqual([first]);
    });
  });

  it('hands only the record across, whatever its buffer is a part of', async () => {
    const { port1, port2 } = new MessageChannel();
    const secretive = Buffer.from('neighbour of the record:record');
    const writer = portedWriter(port1);
    const never = writer.append(topics.tokenEvents, [{ ...record(''), value: secretive.subarray(24) }]);
    never.catch(() => undefined);
    const { message } = receiveMessageOnPort(port2) as { message: { records: { value: Uint8Array<ArrayBuffer> }[] } };
    const [sent] = message.records;
    expect(sent === undefined ? '' : Buffer.from(sent.value.buffer).toString()).toBe('record');
    await writer.stop(0);
    await expect(never).rejects.toMatchObject({ code: 'TQ_LOG_UNAVAILABLE', retryable: false });
  });

  it('rejects as the log does, with code, mend and time to wait', async () => {
    const full = new AppError('TQ_DISK_FULL', 'Only 3 MB are free.', {
      retryable: true,
      retryAfterMs: 5000,
      mend: 'Free some.',
      cause: new Error('not for others'),
    });
    let fails = true;
    const append = (): Promise<void> => (fails ? Promise.reject(full) : Promise.resolve());
    await withWriter(async (writer) => {
      const { code, message, retryable, retryAfterMs, mend } = full;
      const refused = writer.append(topics.tokenEvents, [record('x')]);
      await expect(refused).rejects.toMatchObject({ code, message, retryable, retryAfterMs, mend });
      await expect(refused).rejects.toBeInstanceOf(AppError);
      await expect(refused).rejects.not.toHaveProperty('cause');
      fails = false;
      await writer.append(topics.tokenEvents, [record('x')]);
    }, append);
  });

  it('takes an unknown failure as one that may pass', async () => {
    await withWriter(
      async (writer) => {
        const failed = writer.append(topics.tokenEvents, [record('x')]);
        await expect(failed).rejects.toMatchObject({ code: 'TQ_INTERNAL', message: 'odd', retryable: true });
      },
      () => Promise.reject(new Error('odd')),
    );
  });

  it('does not leave calls waiting when the other end is gone', async () => {
    const { port1, port2 } = new MessageChannel();
    const writer = portedWriter(port1);
    const waiting = writer.partitions(topics.tokenEvents);
    port2.close();
    await expect(waiting).rejects.toMatchObject({ code: 'TQ_LOG_UNAVAILABLE' });
    await expect(writer.append(topics.tokenEvents, [record('x')])).rejects.toMatchObject({ retryable: false });
  });
});
