import type { MessagePort } from 'node:worker_threads';
import { context, propagation } from '@opentelemetry/api';
import { AppError } from '../core/errors.js';
import { fromPlainError, toPlainError, type PlainError } from '../core/plain-error.js';
import { traceSend } from '../core/telemetry/traces.js';
import { topics, type AppendRecord, type EventLogWriter } from './event-log.js';
import { recordHeaders } from './record-headers.js';

/** A record as it goes from thread to thread; its bytes are handed over, not copied again. */
interface PortedRecord extends Omit<AppendRecord, 'key' | 'value'> {
  readonly key: Uint8Array<ArrayBuffer> | null;
  readonly value: Uint8Array<ArrayBuffer>;
}

type Call =
  | { readonly id: number; readonly topic: string; readonly records?: undefined }
  | { readonly id: number; readonly topic: string; readonly records: readonly PortedRecord[] };

interface Answer {
  readonly id: number;
  readonly partitions?: number;
  readonly error?: PlainError;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A log's writer for a thread that has no log: each call is made by {@link serveWriter} at the other end of the port, in
 * the order of the calls, and settles as it does there.
 */
export function portedWriter(port: MessagePort): EventLogWriter {
  return new PortedWriter(port);
}

class PortedWriter implements EventLogWriter {
  readonly name = 'log writer of another thread';
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #closed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (answer: Answer) => this.#settle(answer));
    port.on('close', () => this.#close());
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#port.close();
    return Promise.resolve();
  }

  async partitions(topic: string): Promise<number> {
    const { partitions = 0 } = await this.#ask((id) => ({ id, topic }));
    return partitions;
  }

  async append(topic: string, records: readonly AppendRecord[]): Promise<void> {
    // Copies, since the caller may send the same records again, and a small buffer is a part of a shared one.
    const ported = records.map((record): PortedRecord => ({
      ...record,
      key: record.key === null ? null : new Uint8Array(record.key),
      value: new Uint8Array(record.value),
    }));
    const bytes = ported.map((record) => record.value.buffer);
    await this.#ask((id) => ({ id, topic, records: ported }), bytes);
  }

  #ask(call: (id: number) => Call, bytes: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#closed) return Promise.reject(closedError());
    const id = (this.#last += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage(call(id), [...bytes]);
    });
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.error === undefined) waiting?.resolve(answer);
    else waiting?.reject(fromPlainError(answer.error));
  }

  #close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(closedError());
    this.#waiting.clear();
  }
}

function closedError(): AppError {
  return new AppError('TQ_LOG_UNAVAILABLE', 'The thread that writes the event log is gone.', {
    mend: 'Repeat the command; what was durable is not written twice.',
  });
}

/** Makes the calls of a {@link portedWriter}; ends with the port. Appends of events are traced here, where telemetry is. */
export function serveWriter(port: MessagePort, writer: EventLogWriter): void {
  port.on('message', (call: Call) => {
    answer(call, writer).then(
      (found) => port.postMessage(found),
      (error: unknown) => port.postMessage({ id: call.id, error: toPlainError(error) } satisfies Answer),
    );
  });
}

async function answer({ id, topic, records }: Call, writer: EventLogWriter): Promise<Answer> {
  if (records === undefined) return { id, partitions: await writer.partitions(topic) };
  const received = records.map((record): AppendRecord => ({
    ...record,
    key: record.key === null ? null : Buffer.from(record.key.buffer),
    value: Buffer.from(record.value.buffer),
  }));
  if (topic === topics.tokenEvents) {
    const events = received.reduce((sum, { headers }) => sum + Number(headers[recordHeaders.events] ?? 1), 0);
    await traceSend(topic, events, () => writer.append(topic, received.map(traced)));
  } else {
    await writer.append(topic, received);
  }
  return { id };
}

function traced(record: AppendRecord): AppendRecord {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  const traceparent = carrier['traceparent'];
  if (traceparent === undefined) return record;
  return { ...record, headers: { ...record.headers, [recordHeaders.traceparent]: traceparent } };
}
