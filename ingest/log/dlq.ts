import { AppError } from '../core/errors.js';
import { topics, type AppendRecord, type EventLog, type EventLogWriter, type StoredRecord } from './event-log.js';
import { partitionFor } from './partitioner.js';

/** The step that gave a record up. Only what an `event` letter holds can go back to the log as it is. */
export const deadLetterSteps = ['parse', 'validate', 'decode', 'event'] as const;
export type DeadLetterStep = (typeof deadLetterSteps)[number];

/**
 * A record that could not be handled, kept for people. `value` must be redacted before it comes here: dead letters
 * rest on disk.
 */
export interface DeadLetter {
  /** A stable code (an ErrorCode as a rule), the header `reason`. */
  readonly reason: string;
  readonly step: DeadLetterStep;
  /** Milliseconds since the Unix epoch when it was given up. */
  readonly timeMs: number;
  /** What was wrong, without quoting the record. */
  readonly message: string;
  readonly mend?: string;
  /** Parser and instance that read it. */
  readonly product?: string;
  readonly instance?: string;
  /** Where in the record, a JSON pointer or named part. */
  readonly field?: string;
  /** Where the record stood: `container:offset` of a source, or `topic/partition/offset` of the log. */
  readonly origin?: string;
  /** The key it had, or would have had, on the token-events topic. */
  readonly key?: string;
  /** The redacted record. For step `event`: one or more TokenEvents as NDJSON. */
  readonly value: Buffer;
}

/** A dead letter as it lies in the topic. */
export interface StoredDeadLetter extends DeadLetter {
  readonly partition: number;
  readonly offset: bigint;
}

const textHeaders = ['message', 'mend', 'product', 'instance', 'field', 'origin'] as const;
const HEADER_CHARS_MAX = 1024;

/** The dead letter as a record of the dead-letter topic, in the partition that its key names. */
export function deadLetterRecord(letter: DeadLetter, partitions: number): AppendRecord {
  const headers: Record<string, string> = {
    reason: letter.reason,
    step: letter.step,
    time: new Date(letter.timeMs).toISOString(),
  };
  for (const name of textHeaders) {
    const text = letter[name];
    if (text !== undefined) headers[name] = text.slice(0, HEADER_CHARS_MAX);
  }
  return {
    partition: partitionFor(letter.key ?? letter.instance ?? letter.reason, partitions),
    key: letter.key === undefined ? null : Buffer.from(letter.key),
    value: letter.value,
    headers,
    timestampMs: letter.timeMs,
  };
}

/** Reads a record of the dead-letter topic; headers that a foreign producer left out get a plain stand-in. */
export function readDeadLetter(record: StoredRecord, partition: number): StoredDeadLetter {
  const { headers } = record;
  const time = Date.parse(headers['time'] ?? '');
  const texts: Partial<Record<(typeof textHeaders)[number], string>> = {};
  for (const name of textHeaders) {
    const text = headers[name];
    if (text !== undefined) texts[name] = text;
  }
  return {
    ...texts,
    partition,
    offset: record.offset,
    reason: headers['reason'] ?? 'unknown',
    step: deadLetterSteps.find((step) => step === headers['step']) ?? 'decode',
    timeMs: Number.isNaN(time) ? record.timestampMs : time,
    message: texts.message ?? 'no message',
    ...(record.key === null ? {} : { key: record.key.toString() }),
    value: record.value,
  };
}

export interface DeadLetterFilter {
  /** Letters handed out at most, over all partitions; default 1000. */
  readonly max?: number;
  readonly reason?: string;
  readonly step?: DeadLetterStep;
  /** Only letters given up at or after this time, milliseconds since the Unix epoch. */
  readonly sinceMs?: number;
}

const PAGE = 500;

/** Walks the letters that match, partition by partition, oldest first; memory stays at one page. */
export async function* deadLetters(log: EventLog, filter: DeadLetterFilter = {}): AsyncGenerator<StoredDeadLetter> {
  let left = filter.max ?? 1000;
  for (const { partition, low, high } of await log.offsets(topics.deadLetters)) {
    let from = low;
    while (from < high && left > 0) {
      const page = await log.browse(topics.deadLetters, partition, from, PAGE);
      for (const record of page) {
        const letter = readDeadLetter(record, partition);
        if (!matches(letter, filter)) continue;
        yield letter;
        left -= 1;
        if (left === 0) return;
      }
      const last = page.at(-1);
      if (last === undefined) break;
      from = last.offset + 1n;
    }
  }
}

function matches(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  if (filter.reason !== undefined && letter.reason !== filter.reason) return false;
  if (filter.step !== undefined && letter.step !== filter.step) return false;
  return filter.sinceMs === undefined || letter.timeMs >= filter.sinceMs;
}

/** All letters that match, up to `filter.max`. */
export async function listDeadLetters(log: EventLog, filter: DeadLetterFilter = {}): Promise<StoredDeadLetter[]> {
  const letters: StoredDeadLetter[] = [];
  for await (const letter of deadLetters(log, filter)) letters.push(letter);
  return letters;
}

/** @throws AppError TQ_NOT_FOUND when no letter lies there (never did, or its retention is over). */
export async function showDeadLetter(log: EventLog, partition: number, offset: bigint): Promise<StoredDeadLetter> {
  const [record] = await log.browse(topics.deadLetters, partition, offset, 1);
  if (record?.offset !== offset) {
    throw new AppError('TQ_NOT_FOUND', `No dead letter at partition ${partition}, offset ${offset}.`, {
      mend: 'List them first; letters older than the retention of the topic are gone.',
    });
  }
  return readDeadLetter(record, partition);
}

/**
 * Takes a letter that holds a raw record through the source's parser again.
 * Resolves `true` when it is durable in the log, `false` when it is refused again.
 */
export type Reparse = (letter: StoredDeadLetter) => Promise<boolean>;

export interface ReplayReport {
  readonly replayed: number;
  /** Still refused: they stay what they are, no second letter is made of them by the replay. */
  readonly refused: number;
}

/**
 * Sends letters through again, oldest first. Letters stay in the topic: replaying twice is safe because every event
 * keeps its event_uid and is counted once.
 */
export async function replayDeadLetters(
  letters: AsyncIterable<StoredDeadLetter> | Iterable<StoredDeadLetter>,
  writer: EventLogWriter,
  reparse: Reparse,
): Promise<ReplayReport> {
  let replayed = 0;
  let refused = 0;
  for await (const letter of letters) {
    const done = letter.step === 'event' ? await appendEvents(letter, writer) : await reparse(letter);
    if (done) replayed += 1;
    else refused += 1;
  }
  return { replayed, refused };
}

async function appendEvents(letter: StoredDeadLetter, writer: EventLogWriter): Promise<boolean> {
  if (letter.key === undefined) return false;
  const partitions = await writer.partitions(topics.tokenEvents);
  const record: AppendRecord = {
    partition: partitionFor(letter.key, partitions),
    key: Buffer.from(letter.key),
    value: letter.value,
    headers: { schema: '1' },
    timestampMs: letter.timeMs,
  };
  await writer.append(topics.tokenEvents, [record]);
  return true;
}
