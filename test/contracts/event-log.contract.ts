import { randomUUID } from 'node:crypto';
import type {
  AppendRecord,
  EventLog,
  EventLogReader,
  PartitionAssignment,
  PartitionHandler,
  RecordBatch,
  StoredRecord,
} from '../../ingest/log/event-log.js';

/** One durable log that can be opened again; every `open` gives a started EventLog on the same data. */
export interface LogUnderTest {
  open(): Promise<EventLog>;
  dispose(): Promise<void>;
}

const STOP_MS = 10_000;
const WAIT_MS = 45_000;

/** Resolves when the condition holds; fails with `what` when it never does. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function record(partition: number, text: string, extra: Partial<AppendRecord> = {}): AppendRecord {
  return {
    partition,
    key: Buffer.from(`k${text}`),
    value: Buffer.from(text),
    headers: {},
    timestampMs: Date.now(),
    ...extra,
  };
}

const text = (stored: StoredRecord): string => stored.value.toString();

/** Keeps what it is given; the functions can be replaced to misbehave. */
export class Recorder implements PartitionHandler {
  readonly seen: { partition: number; offset: bigint; text: string; headers: Readonly<Record<string, string>> }[] = [];
  readonly assignments: PartitionAssignment[] = [];
  readonly owned = new Set<number>();
  readonly revocations: number[] = [];
  readonly overlaps: string[] = [];
  private readonly busy = new Set<number>();
  reader: EventLogReader | undefined;
  startFrom: (assignment: PartitionAssignment) => bigint | null = (a) => a.committed.offset;
  onBatch: (batch: RecordBatch) => Promise<void> = () => Promise.resolve();
  onRevoked: (topic: string, partition: number) => Promise<void> = () => Promise.resolve();

  assigned(assignment: PartitionAssignment): Promise<bigint | null> {
    this.enter(assignment.partition, 'assigned');
    this.assignments.push(assignment);
    this.owned.add(assignment.partition);
    this.busy.delete(assignment.partition);
    return Promise.resolve(this.startFrom(assignment));
  }

  async batch(batch: RecordBatch): Promise<void> {
    this.enter(batch.partition, 'batch');
    if (!this.owned.has(batch.partition)) this.overlaps.push(`batch of ${batch.partition} without ownership`);
    try {
      await this.onBatch(batch);
      for (const r of batch.records) {
        this.seen.push({ partition: batch.partition, offset: r.offset, text: text(r), headers: r.headers });
      }
    } finally {
      this.busy.delete(batch.partition);
    }
  }

  async revoked(topic: string, partition: number): Promise<void> {
    this.enter(partition, 'revoked');
    try {
      await this.onRevoked(topic, partition);
    } finally {
      this.owned.delete(partition);
      this.revocations.push(partition);
      this.busy.delete(partition);
    }
  }

  private enter(partition: number, call: string): void {
    if (this.busy.has(partition)) this.overlaps.push(`${call} of ${partition} overlaps`);
    this.busy.add(partition);
  }

  texts(partition?: number): string[] {
    return this.seen.filter((s) => partition === undefined || s.partition === partition).map((s) => s.text);
  }
}

export function eventLogContract(title: string, make: () => Promise<LogUnderTest>): void {
  describe(`event log contract: ${title}`, () => {
    let under: LogUnderTest;
    let log: EventLog;
    let topic: string;
    let group: string;
    const open: EventLog[] = [];

    const reopen = async (): Promise<EventLog> => {
      await log.stop(STOP_MS);
      log = await under.open();
      open.push(log);
      return log;
    };
    const topicWith = async (partitions: number): Promise<void> => {
      await log.ensureTopics([{ topic, partitions, replicationFactor: 1, retentionMs: -1 }]);
    };
    const append = async (records: readonly AppendRecord[], to: EventLog = log): Promise<void> => {
      const writer = to.writer();
      await writer.start();
      await writer.append(topic, records);
      await writer.stop(STOP_MS);
    };
    const startReader = async (recorder: Recorder, on: EventLog = log, groupId = group): Promise<EventLogReader> => {
      const reader = on.reader({ topic, groupId, handler: recorder });
      recorder.reader = reader;
      await reader.start();
      return reader;
    };

    beforeAll(async () => {
      under = await make();
    });
    afterAll(async () => {
      await under.dispose();
    });
    beforeEach(async () => {
      topic = `contract.${randomUUID()}`;
      group = `group.${randomUUID()}`;
      log = await under.open();
      open.push(log);
    });
    afterEach(async () => {
      for (const each of open.splice(0)) await each.stop(STOP_MS);
    });

    it('ensures topics with the stated partitions, by many at once, and keeps them later', async () => {
      await Promise.all([topicWith(3), topicWith(3), topicWith(3)]);
      await topicWith(7);
      const writer = log.writer();
      await writer.start();
      expect(await writer.partitions(topic)).toBe(3);
      expect(await log.offsets(topic)).toEqual([0, 1, 2].map((partition) => ({ partition, low: 0n, high: 0n })));
      await writer.stop(STOP_MS);
    });

    it('keeps the order of a partition, with concurrent appends of one caller after another', async () => {
      await topicWith(2);
      const writer = log.writer();
      await writer.start();
      const appends: Promise<void>[] = [];
      for (let i = 0; i < 40; i += 1) appends.push(writer.append(topic, [record(0, `a${i}`), record(1, `b${i}`)]));
      await Promise.all(appends);
      await writer.stop(STOP_MS);
      const recorder = new Recorder();
      await startReader(recorder);
      await eventually('80 records are read', () => recorder.seen.length === 80);
      expect(recorder.texts(0)).toEqual(Array.from({ length: 40 }, (_, i) => `a${i}`));
      expect(recorder.texts(1)).toEqual(Array.from({ length: 40 }, (_, i) => `b${i}`));
      expect(recorder.seen.filter((s) => s.partition === 0).map((s) => s.offset)).toEqual(
        Array.from({ length: 40 }, (_, i) => BigInt(i)),
      );
      expect(recorder.overlaps).toEqual([]);
    });

    it('has what it acknowledged after it is opened again', async () => {
      await topicWith(1);
      await append([record(0, 'one'), record(0, 'two')]);
      await reopen();
      await append([record(0, 'three')]);
      expect((await log.browse(topic, 0, 0n, 10)).map(text)).toEqual(['one', 'two', 'three']);
      expect(await log.offsets(topic)).toEqual([{ partition: 0, low: 0n, high: 3n }]);
    });

    it('carries key, headers, time and large values unchanged', async () => {
      await topicWith(1);
      const large = Buffer.alloc(3_000_000, 'abcdefghij');
      const headers = {
        events: '2',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        word: 'é',
      };
      await append([
        { partition: 0, key: null, value: large, headers, timestampMs: 1_700_000_000_123 },
        { partition: 0, key: Buffer.from('tok_x'), value: Buffer.from([0, 255, 10]), headers: {}, timestampMs: 1 },
      ]);
      const [first, second] = await log.browse(topic, 0, 0n, 2);
      expect(first!.value.equals(large)).toBe(true);
      expect({ ...first, value: undefined }).toEqual({
        offset: 0n,
        key: null,
        headers,
        timestampMs: 1_700_000_000_123,
      });
      expect(second).toEqual({
        offset: 1n,
        key: Buffer.from('tok_x'),
        value: Buffer.from([0, 255, 10]),
        headers: {},
        timestampMs: 1,
      });
      const recorder = new Recorder();
      await startReader(recorder);
      await eventually('both are read', () => recorder.seen.length === 2);
      expect(recorder.seen[0]!.headers).toEqual(headers);
    });

    it('refuses for good what is too large, of no partition or of no topic', async () => {
      await topicWith(1);
      const writer = log.writer();
      await writer.start();
      const refused = { code: 'TQ_LOG_REFUSED', retryable: false };
      await expect(writer.append(topic, [record(0, 'x', { value: Buffer.alloc(20 << 20) })])).rejects.toMatchObject(
        refused,
      );
      await expect(writer.append(topic, [record(5, 'x')])).rejects.toMatchObject(refused);
      await expect(writer.append(`${topic}.none`, [record(0, 'x')])).rejects.toMatchObject(refused);
      await writer.append(topic, [record(0, 'good')]);
      await writer.stop(STOP_MS);
      expect((await log.browse(topic, 0, 0n, 5)).map(text)).toEqual(['good']);
    });

    it('browses a page from an offset, and nothing behind the end or in an empty topic', async () => {
      await topicWith(1);
      expect(await log.browse(topic, 0, 0n, 10)).toEqual([]);
      await append(Array.from({ length: 10 }, (_, i) => record(0, String(i))));
      expect((await log.browse(topic, 0, 4n, 3)).map(text)).toEqual(['4', '5', '6']);
      expect((await log.browse(topic, 0, 8n, 100)).map((r) => r.offset)).toEqual([8n, 9n]);
      expect(await log.browse(topic, 0, 10n, 10)).toEqual([]);
    });

    it('assigns an empty topic and delivers what comes later', async () => {
      await topicWith(2);
      const recorder = new Recorder();
      await startReader(recorder);
      await eventually('both partitions are assigned', () => recorder.owned.size === 2);
      expect(recorder.assignments.map((a) => a.committed)).toEqual([
        { offset: null, metadata: '' },
        { offset: null, metadata: '' },
      ]);
      await append([record(1, 'late')]);
      await eventually('the record is read', () => recorder.seen.length === 1);
      expect(recorder.seen[0]).toMatchObject({ partition: 1, offset: 0n, text: 'late' });
    });

    it('redelivers a rejected batch from the same offset, and other partitions go on meanwhile', async () => {
      await topicWith(2);
      await append([record(0, 'bad'), record(0, 'next'), record(1, 'good')]);
      const recorder = new Recorder();
      let failures = 0;
      recorder.onBatch = (batch) => {
        if (batch.partition === 0 && (failures < 3 || recorder.texts(1).length === 0)) {
          failures += 1;
          return Promise.reject(new Error('store away'));
        }
        return Promise.resolve();
      };
      await startReader(recorder);
      await eventually('all three are read', () => recorder.seen.length === 3);
      expect(failures).toBeGreaterThanOrEqual(3);
      expect(recorder.texts(0)).toEqual(['bad', 'next']);
      expect(recorder.texts(1)).toEqual(['good']);
      expect(recorder.overlaps).toEqual([]);
    });

    it('remembers offset and metadata of a commit over a restart', async () => {
      await topicWith(1);
      await append(Array.from({ length: 6 }, (_, i) => record(0, String(i))));
      const first = new Recorder();
      const reader = await startReader(first);
      await eventually('all are read', () => first.seen.length === 6);
      await reader.commit(topic, 0, 4n, '{"v":1,"through":"5"}');
      await reader.stop(STOP_MS);
      await reopen();
      const second = new Recorder();
      await startReader(second);
      await eventually('the rest is read again', () => second.seen.length === 2);
      expect(second.assignments[0]!.committed).toEqual({ offset: 4n, metadata: '{"v":1,"through":"5"}' });
      expect(second.texts()).toEqual(['4', '5']);
    });

    it('starts where the handler says, before or behind the commit', async () => {
      await topicWith(1);
      await append(Array.from({ length: 6 }, (_, i) => record(0, String(i))));
      const first = new Recorder();
      first.startFrom = () => 3n;
      const reader = await startReader(first);
      await eventually('three are read', () => first.seen.length === 3);
      expect(first.texts()).toEqual(['3', '4', '5']);
      await reader.commit(topic, 0, 5n, '');
      await reader.stop(STOP_MS);
      const second = new Recorder();
      second.startFrom = () => 1n;
      const rewound = await startReader(second);
      await eventually('five are read', () => second.seen.length === 5);
      expect(second.texts()).toEqual(['1', '2', '3', '4', '5']);
      await rewound.stop(STOP_MS);
      const third = new Recorder();
      third.startFrom = () => null;
      await startReader(third);
      await eventually('everything kept is read', () => third.seen.length === 6);
      expect(third.texts()).toEqual(['0', '1', '2', '3', '4', '5']);
    });

    it('lets the handler flush and commit when it stops, and refuses its commits afterwards', async () => {
      await topicWith(1);
      await append([record(0, 'x'), record(0, 'y')]);
      const recorder = new Recorder();
      recorder.onRevoked = (name, partition) => recorder.reader!.commit(name, partition, 2n, 'flushed');
      const reader = await startReader(recorder);
      await eventually('both are read', () => recorder.seen.length === 2);
      await reader.stop(STOP_MS);
      expect(recorder.revocations).toEqual([0]);
      await expect(reader.commit(topic, 0, 0n, '')).rejects.toMatchObject({ code: 'TQ_LOG_REFUSED' });
      const next = new Recorder();
      await startReader(next);
      await eventually('the partition is assigned', () => next.assignments.length > 0);
      expect(next.assignments[0]!.committed).toEqual({ offset: 2n, metadata: 'flushed' });
    });

    it('serves groups apart from each other', async () => {
      await topicWith(1);
      await append([record(0, 'x')]);
      const [one, two] = [new Recorder(), new Recorder()];
      const reader = await startReader(one);
      await eventually('the first group reads it', () => one.seen.length === 1);
      await reader.commit(topic, 0, 1n, '');
      await startReader(two, log, `${group}.other`);
      await eventually('the second group reads it too', () => two.seen.length === 1);
      expect(two.assignments[0]!.committed.offset).toBeNull();
    });

    it('shares partitions between two readers and loses nothing when one comes and goes', async () => {
      await topicWith(4);
      const committing = (): Recorder => {
        const recorder = new Recorder();
        recorder.onBatch = async (batch) => {
          await recorder.reader!.commit(topic, batch.partition, batch.records.at(-1)!.offset + 1n, '');
        };
        return recorder;
      };
      const [one, two] = [committing(), committing()];
      await startReader(one);
      await eventually('the first has all four', () => one.owned.size === 4);
      const writer = log.writer();
      await writer.start();
      const sent: string[] = [];
      const send = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i += 1) {
          const records = [0, 1, 2, 3].map((partition) => record(partition, `${partition}-${sent.length + partition}`));
          await writer.append(topic, records);
          sent.push(...records.map((r) => r.value.toString()));
        }
      };
      await send(10);
      const second = await startReader(two);
      const sending = send(10);
      await eventually('each has two', () => one.owned.size === 2 && two.owned.size === 2);
      await sending;
      await send(5);
      await eventually('the second gets its share', () => two.seen.length > 0);
      await second.stop(STOP_MS);
      await send(5);
      await eventually('the first has all four again', () => one.owned.size === 4);
      await eventually('everything arrived', () => new Set([...one.texts(), ...two.texts()]).size === sent.length);
      expect(new Set([...one.texts(), ...two.texts()])).toEqual(new Set(sent));
      expect([...one.overlaps, ...two.overlaps]).toEqual([]);
      await writer.stop(STOP_MS);
    });

    it('refuses the commit of a reader that lost the partition', async () => {
      await topicWith(2);
      const [one, two] = [new Recorder(), new Recorder()];
      const first = await startReader(one);
      await eventually('the first has both', () => one.owned.size === 2);
      await append([record(0, 'x'), record(1, 'y')]);
      await eventually('the first read both', () => one.seen.length === 2);
      await startReader(two);
      await eventually('each has one', () => one.owned.size === 1 && two.owned.size === 1);
      const [lost] = [...two.owned];
      await expect(first.commit(topic, lost!, 1n, '')).rejects.toMatchObject({ code: 'TQ_LOG_REFUSED' });
    });

    it('stops before it starts, and stops twice', async () => {
      await topicWith(1);
      const writer = log.writer();
      await writer.stop(STOP_MS);
      const reader = log.reader({ topic, groupId: group, handler: new Recorder() });
      await reader.stop(STOP_MS);
      await reader.stop(STOP_MS);
      await log.stop(STOP_MS);
      await log.stop(STOP_MS);
      const fresh = await under.open();
      await fresh.stop(STOP_MS);
      await expect(fresh.writer().append(topic, [record(0, 'x')])).rejects.toMatchObject({ retryable: true });
    });

    it('gives up at the deadline when the handler never ends', async () => {
      await topicWith(1);
      await append([record(0, 'x')]);
      const recorder = new Recorder();
      let entered = false;
      let release: () => void = () => undefined;
      recorder.onBatch = () => {
        entered = true;
        return new Promise((resolve) => (release = resolve));
      };
      const reader = await startReader(recorder);
      await eventually('the handler holds a batch', () => entered);
      const before = performance.now();
      await reader.stop(200);
      expect(performance.now() - before).toBeLessThan(5_000);
      release();
    });
  });
}
