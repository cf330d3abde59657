import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../ingest/core/clock.js';
import { silentLogger } from '../../../../ingest/core/logger.js';
import {
  deadLetterRecord,
  deadLetters,
  listDeadLetters,
  replayDeadLetters,
  showDeadLetter,
  type DeadLetter,
} from '../../../../ingest/log/dlq.js';
import { createEmbeddedEventLog } from '../../../../ingest/log/embedded/embedded-event-log.js';
import { topics, type EventLog } from '../../../../ingest/log/event-log.js';
import { partitionFor } from '../../../../ingest/log/partitioner.js';

const parse: DeadLetter = {
  reason: 'unparsable',
  step: 'parse',
  timeMs: 1_700_000_000_000,
  message: 'not JSON',
  mend: 'Log JSON.',
  product: 'nginx',
  instance: 'edge-1',
  field: '/status',
  origin: 'access.log:17',
  value: Buffer.from('{"status":'),
};
const refused: DeadLetter = {
  reason: 'log_refused',
  step: 'event',
  timeMs: 1_700_000_100_000,
  message: 'too large',
  key: 'tok_abc',
  value: Buffer.from('{"event":1}\n'),
};

describe('dead letters', () => {
  let directory: string;
  let log: EventLog;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tq-dlq-'));
    log = createEmbeddedEventLog({ directory }, { clock: systemClock, logger: silentLogger, random: () => 0 });
    await log.start();
    await log.ensureTopics([
      { topic: topics.deadLetters, partitions: 2, replicationFactor: 1, retentionMs: -1 },
      { topic: topics.tokenEvents, partitions: 4, replicationFactor: 1, retentionMs: -1 },
    ]);
    await log.writer().append(topics.deadLetters, [deadLetterRecord(parse, 2), deadLetterRecord(refused, 2)]);
  });
  afterEach(async () => {
    await log.stop(1_000);
    await rm(directory, { recursive: true, force: true });
  });

  it('carries reason, step and time as headers', () => {
    expect(deadLetterRecord(parse, 2).headers).toMatchObject({
      reason: 'unparsable',
      step: 'parse',
      time: '2023-11-14T22:13:20.000Z',
    });
  });

  it('lists them whole, and by step, reason, time and number', async () => {
    const all = await listDeadLetters(log);
    expect(all).toHaveLength(2);
    expect(all).toEqual(expect.arrayContaining([expect.objectContaining(parse), expect.objectContaining(refused)]));
    expect((await listDeadLetters(log, { step: 'event' })).map((l) => l.reason)).toEqual(['log_refused']);
    expect((await listDeadLetters(log, { reason: 'unparsable' })).map((l) => l.step)).toEqual(['parse']);
    expect((await listDeadLetters(log, { sinceMs: parse.timeMs + 1 })).map((l) => l.step)).toEqual(['event']);
    expect(await listDeadLetters(log, { max: 1 })).toHaveLength(1);
  });

  it('walks more letters than one page holds', async () => {
    const many = Array.from({ length: 1_203 }, (_, i) => deadLetterRecord({ ...parse, timeMs: i }, 2));
    await log.writer().append(topics.deadLetters, many);
    expect(await listDeadLetters(log, { max: 5_000, reason: 'unparsable' })).toHaveLength(1_204);
  });

  it('shows one, and says so when there is none', async () => {
    const [letter] = await listDeadLetters(log, { step: 'event' });
    expect(await showDeadLetter(log, letter!.partition, letter!.offset)).toEqual(letter);
    await expect(showDeadLetter(log, 0, 99n)).rejects.toMatchObject({ code: 'TQ_NOT_FOUND' });
  });

  it('replays events into their partition and hands raw records to the parser', async () => {
    const parsed: string[] = [];
    const report = await replayDeadLetters(deadLetters(log), log.writer(), (letter) => {
      parsed.push(letter.value.toString());
      return Promise.resolve(false);
    });
    expect(report).toEqual({ replayed: 1, refused: 1 });
    expect(parsed).toEqual(['{"status":']);
    const [record] = await log.browse(topics.tokenEvents, partitionFor('tok_abc', 4), 0n, 5);
    expect(record).toMatchObject({ key: Buffer.from('tok_abc'), value: refused.value });
  });

  it('reads what a foreign producer wrote', async () => {
    await log.writer().append(topics.deadLetters, [
      {
        partition: 0,
        key: null,
        value: Buffer.from('?'),
        headers: { step: 'nonsense', time: 'soon' },
        timestampMs: 5,
      },
    ]);
    expect(await listDeadLetters(log, { reason: 'unknown' })).toEqual([
      expect.objectContaining({ step: 'decode', timeMs: 5, message: 'no message' }),
    ]);
  });
});
