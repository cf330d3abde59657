import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../../../ingest/core/errors.js';
import { silentLogger } from '../../../../ingest/core/logger.js';
import { err, ok } from '../../../../ingest/core/result.js';
import { eventUidFromPosition } from '../../../../ingest/event/event-uid.js';
import { createFingerprinter } from '../../../../ingest/event/fingerprint.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import type { DeadLetter } from '../../../../ingest/log/dlq.js';
import type { AppendRecord, EventLogWriter } from '../../../../ingest/log/event-log.js';
import type { EventSink } from '../../../../ingest/pipeline/event-sink.js';
import type { Source } from '../../../../ingest/sources/source.js';

export const fingerprinter = createFingerprinter([{ id: 'k1', key: Buffer.alloc(32, 7) }]);
export const clock = { nowMs: () => 1_700_000_000_000 };
export const wallClock = { nowMs: () => Date.now() };
export const base = { fingerprinter, clock, logger: silentLogger, random: () => 0 };

/** A parser of lines `SECONDS name`: small, and as strict as the real ones. `-` is a record without an event. */
export const lineSource: Source = {
  product: 'sample',
  kind: 'proxy',
  framing: 'line',
  parse(raw, context) {
    if (raw === 'boom') throw new Error('secret part of the record');
    if (raw === '-') return ok([]);
    const found = /^(\d+) (\S+)$/.exec(raw);
    if (found === null) {
      return err({ product: 'sample', field: '', message: 'The line is no sample line.', mend: 'Write SECONDS name.' });
    }
    return ok([sampleEvent(Number(found[1]), found[2] ?? '', context.instance, context.position)]);
  },
};

export const documentSource: Source = {
  ...lineSource,
  framing: 'document',
  split(document) {
    try {
      const parsed = JSON.parse(document) as { Records?: string[] } | string;
      return ok(typeof parsed === 'string' ? [parsed] : (parsed.Records ?? []));
    } catch {
      return err({ product: 'sample', field: '', message: 'No JSON.', mend: 'Write JSON.' });
    }
  },
};

export function sampleEvent(
  seconds: number,
  name: string,
  instance = 'i',
  position = { container: name, offset: seconds },
): TokenEvent {
  const time = new Date(seconds * 1_000).toISOString();
  return {
    schema_version: 1,
    event_uid: eventUidFromPosition('sample', instance, position),
    time,
    observed_time: time,
    source: { product: 'sample', instance, kind: 'proxy' },
    action: 'use',
    outcome: 'success',
    client: { address: `10.0.0.${seconds % 250}` },
    target: { path: `/${name}` },
  };
}

export class MemorySink implements EventSink {
  readonly events: TokenEvent[] = [];
  readonly letters: DeadLetter[] = [];
  /** Attempts to refuse before taking anything again. */
  failures = 0;

  accept(batch: readonly TokenEvent[]): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(
        new AppError('TQ_LOG_UNAVAILABLE', 'The log is away.', { retryable: true, retryAfterMs: 3_000 }),
      );
    }
    this.events.push(...batch);
    return Promise.resolve();
  }

  reject(letters: readonly DeadLetter[]): Promise<void> {
    this.letters.push(...letters);
    return Promise.resolve();
  }

  get names(): string[] {
    return this.events.map((event) => event.target?.path?.slice(1) ?? '');
  }

  get uids(): Set<string> {
    return new Set(this.events.map((event) => event.event_uid));
  }
}

export class MemoryWriter implements EventLogWriter {
  readonly name = 'memory';
  readonly appended: { topic: string; records: readonly AppendRecord[] }[] = [];
  refuse: (topic: string, record: AppendRecord) => AppError | undefined = () => undefined;
  gate: Promise<void> = Promise.resolve();

  start(): Promise<void> {
    return Promise.resolve();
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
  partitions(): Promise<number> {
    return Promise.resolve(4);
  }
  async append(topic: string, records: readonly AppendRecord[]): Promise<void> {
    await this.gate;
    for (const record of records) {
      const refusal = this.refuse(topic, record);
      if (refusal !== undefined) throw refusal;
    }
    this.appended.push({ topic, records });
  }

  records(topic: string): AppendRecord[] {
    return this.appended.filter((call) => call.topic === topic).flatMap((call) => [...call.records]);
  }
}

/** A folder that is gone when the work is done. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tq-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Resolves when the condition holds; fails with its last state after the deadline. */
export async function until(condition: () => boolean, what: () => unknown, deadlineMs = 15_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not reached: ${JSON.stringify(what())}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
