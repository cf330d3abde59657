import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ClickHouseStore } from '../../../ingest/store/clickhouse-store.js';
import { defineLines, defineQuery } from '../../../ingest/store/query.js';
import { openTestStore, type TestStore } from './support.js';

const hostile = [
  "'; DROP TABLE alerts; --",
  '\\',
  "\\'",
  '\u0000',
  '\t\r\n',
  '{x:String}',
  '"',
  '🗝️',
  'NULL',
  '\\N',
  ';',
  'FORMAT CSV',
];

const alert = (index: number, version: number): Record<string, unknown> => ({
  alert_uid: `00000000-0000-8000-8000-${index.toString(16).padStart(12, '0')}`,
  version,
  state: version === 1 ? 'open' : 'acknowledged',
  title: hostile[index % hostile.length],
  first_time: '2026-01-02T03:04:05.678Z',
  finding_uids: ['10000000-0000-8000-8000-000000000000'],
  detectors: hostile,
});

describe('the embedded store', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(() => store.close());

  it('keeps any text of a small table, and replaces by version', async () => {
    const { writer } = store.store;
    await writer.insertRows('alerts', hostile.map((_, index) => alert(index, 1)), 'alerts:1'); // prettier-ignore
    await writer.insertRows('alerts', [alert(0, 2)], 'alerts:2');
    await writer.insertRows('alerts', [alert(0, 2)], 'alerts:2');
    const rows = await store.rows('SELECT state, title, first_time, detectors FROM alerts_v1 ORDER BY alert_uid');
    expect(rows).toEqual(
      hostile.map((title, index) => ({
        state: index === 0 ? 'acknowledged' : 'open',
        title,
        first_time: '2026-01-02T03:04:05.678Z',
        detectors: hostile,
      })),
    );
    expect(await store.value('SELECT count() FROM alerts')).toBe(hostile.length + 1);
  });

  it('counts a repeated token once and another token anew in a table that keeps every row', async () => {
    const row = {
      alert_uid: '20000000-0000-8000-8000-000000000000',
      version: 1,
      time: '2026-01-01T00:00:00.000Z',
      actor: 'a',
    };
    for (const token of ['h1', 'h1', 'h2']) await store.store.writer.insertRows('alert_history', [row], token);
    expect(await store.value('SELECT count() FROM alert_history')).toBe(2);
  });

  it('carries no token from one insert to the next', async () => {
    const rows = (id: number): Record<string, unknown>[] => [{ stage: `s${id}`, log_partition: id, version: 1 }];
    for (let id = 0; id < 5; id++)
      await store.store.writer.insertRows('worker_checkpoints', rows(id), `checkpoint:${id}`);
    expect(await store.value('SELECT count() FROM worker_checkpoints')).toBe(5);
  });

  it('keeps 64-bit offsets exactly', async () => {
    const applied = 18_446_744_073_709_551_615n;
    await store.store.writer.insertRows('detector_state', [{ stage: 't', entity_uid: 'e', version: 1, applied_through: applied, applied_extra: [applied], state: '{}' }], 'state:1'); // prettier-ignore
    expect(
      await store.rows(
        'SELECT toString(applied_through) AS a, arrayMap(x -> toString(x), applied_extra) AS b FROM detector_state',
      ),
    ).toEqual([{ a: applied.toString(), b: [applied.toString()] }]);
  });

  it('refuses a row with an unknown column and an unknown table', async () => {
    const { writer } = store.store;
    await expect(writer.insertRows('alerts', [{ ...alert(0, 3), no_such: 1 }], 'x')).rejects.toMatchObject({
      code: 'TQ_STORE_REFUSED',
      retryable: false,
    });
    await expect(writer.insertRows('no_such', [{ a: 1 }], 'x')).rejects.toMatchObject({ code: 'TQ_STORE_REFUSED' });
    await expect(writer.insertRows('alerts; DROP TABLE alerts', [{ a: 1 }], 'x')).rejects.toThrow('plain identifier');
    await expect(writer.insertRows('alerts', [{ a: 1 }], '')).rejects.toMatchObject({ code: 'TQ_INTERNAL' });
  });

  describe('streams', () => {
    const numbers = defineLines({
      name: 'test.numbers',
      sql: "SELECT toString(number) FROM numbers({count:UInt32}) WHERE NOT throwIf(number = {bad:UInt32}, 'too far') ORDER BY number",
      params: z.object({ count: z.number(), bad: z.number() }),
    });

    it('lines in order, whole ones, not all at once', async () => {
      const texts: string[] = [];
      for await (const lines of store.store.querier.lines(numbers, { count: 50_000, bad: 99_999 })) texts.push(lines);
      expect(texts.length).toBeGreaterThan(3);
      expect(texts.every((lines) => lines.endsWith('\n'))).toBe(true);
      expect(texts.join('')).toBe(Array.from({ length: 50_000 }, (_, n) => `${n}\n`).join(''));
    });

    it('no more than is asked for, and the next one goes on', async () => {
      for (let time = 0; time < 5; time += 1) {
        for await (const lines of store.store.querier.lines(numbers, { count: 10_000_000, bad: 99_999_999 })) {
          expect(lines).toMatch(/^0\n1\n/);
          break;
        }
      }
      expect(await store.value('SELECT 1')).toBe(1);
    });

    it('nothing for no rows, and says what is refused', async () => {
      const read = async (params: { count: number; bad: number }): Promise<number> => {
        let count = 0;
        for await (const lines of store.store.querier.lines(numbers, params)) count += lines.length;
        return count;
      };
      expect(await read({ count: 0, bad: 1 })).toBe(0);
      await expect(read({ count: 50_000, bad: 40_000 })).rejects.toMatchObject({ code: 'TQ_STORE_REFUSED' });
    });
  });

  it('binds parameters of every kind that a query may carry', async () => {
    const query = defineQuery({
      name: 'test.echo',
      sql: `SELECT {text:String} AS text, {list:Array(String)} AS list, {number:UInt32} AS number,
        {at:DateTime64(3, 'UTC')} AS at, {second:DateTime('UTC')} AS second`,
      params: z.object({
        text: z.string(),
        list: z.array(z.string()),
        number: z.number(),
        at: z.string(),
        second: z.string(),
      }),
      row: z.object({
        text: z.string(),
        list: z.array(z.string()),
        number: z.number(),
        at: z.string(),
        second: z.string(),
      }),
    });
    for (const text of hostile) {
      const params = {
        text,
        list: hostile,
        number: 7,
        at: '2026-01-02T03:04:05.678Z',
        second: '2026-01-02T03:04:05.000Z',
      };
      expect(await store.store.querier.run(query, params)).toEqual([{ ...params, second: '2026-01-02T03:04:05Z' }]);
    }
  });

  it('refuses parameters and rows that break their schema, and placeholders without parameters', async () => {
    const query = defineQuery({
      name: 'test.shape',
      sql: 'SELECT {n:UInt8} AS n',
      params: z.object({ n: z.number().max(9) }),
      row: z.object({ n: z.literal(1) }),
    });
    expect(await store.store.querier.run(query, { n: 1 })).toEqual([{ n: 1 }]);
    await expect(store.store.querier.run(query, { n: 10 })).rejects.toMatchObject({ code: 'TQ_REQUEST_INVALID' });
    await expect(store.store.querier.run(query, { n: 2 })).rejects.toMatchObject({
      code: 'TQ_INTERNAL',
      message: expect.stringContaining('test.shape, row 0') as unknown,
    });
    expect(() =>
      defineQuery({ name: 'x', sql: 'SELECT {a:UInt8}', params: z.object({ b: z.number() }), row: z.object({}) }),
    ).toThrow('a, b');
  });

  it('stops a query at its limits of rows and time', async () => {
    const sql = 'SELECT number FROM numbers({n:UInt64})';
    const query = defineQuery({
      name: 'test.limit',
      sql,
      params: z.object({ n: z.number() }),
      row: z.object({ number: z.number() }),
    });
    await expect(store.store.querier.run(query, { n: 100_000 }, { rowsMax: 10 })).rejects.toMatchObject({
      code: 'TQ_STORE_REFUSED',
      retryable: false,
    });
    const slow = defineQuery({
      name: 'test.slow',
      sql: 'SELECT sum(sleepEachRow(0.05)) AS s FROM numbers({n:UInt64}) SETTINGS max_block_size = 1',
      params: z.object({ n: z.number() }),
      row: z.object({ s: z.number() }),
    });
    await expect(store.store.querier.run(slow, { n: 200 }, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'TQ_STORE_REFUSED',
    });
    expect(await store.store.querier.run(query, { n: 1 })).toEqual([{ number: 0 }]);
  });

  it('answers queries while a block goes in', async () => {
    const insert = store.store.writer.insertRows(
      'worker_checkpoints',
      Array.from({ length: 20_000 }, (_, i) => ({ stage: 'busy', log_partition: i, version: 1 })),
      'busy',
    );
    const answers = await Promise.all(Array.from({ length: 6 }, () => store.value('SELECT 1')));
    await insert;
    expect(answers).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('refuses a second store on its directory, kindly', async () => {
    const second = new ClickHouseStore({ kind: 'embedded', directory: store.directory });
    await expect(second.start()).rejects.toMatchObject({
      code: 'TQ_DATA_DIR_LOCKED',
      message: expect.stringContaining(store.directory) as unknown,
    });
    await second.stop();
    expect(await store.value('SELECT 1')).toBe(1);
  });
});

describe('life of the embedded store', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tourniquet-store-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('finds its rows again, forgets left-over blocks, and stops more than once', async () => {
    const first = new ClickHouseStore({ kind: 'embedded', directory });
    await first.stop();
    await first.start();
    await first.start();
    await first.migrator.up();
    await first.writer.insertRows('alerts', [alert(1, 1)], 'a');
    await first.stop();
    await first.stop();
    await expect(first.writer.insertRows('alerts', [alert(1, 1)], 'a')).rejects.toMatchObject({
      code: 'TQ_STORE_UNAVAILABLE',
      retryable: true,
    });
    await mkdir(join(directory, 'blocks'), { recursive: true });
    await writeFile(join(directory, 'blocks', '7.native'), 'rest of a killed process');
    const second = new ClickHouseStore({ kind: 'embedded', directory });
    await second.start();
    expect(await readdir(join(directory, 'blocks'))).toEqual([]);
    await second.writer.insertRows('alerts', [alert(1, 1)], 'a');
    const count = defineQuery({
      name: 'count',
      sql: 'SELECT count() AS n FROM alerts',
      params: z.object({}),
      row: z.object({ n: z.number() }),
    });
    // The token is remembered across the restart.
    expect(await second.querier.run(count, {})).toEqual([{ n: 1 }]);
    await second.stop();
  });

  it('waits for what runs when it is stopped', async () => {
    const store = new ClickHouseStore({ kind: 'embedded', directory });
    await store.start();
    await store.migrator.up();
    const inserts = Array.from({ length: 5 }, (_, i) => store.writer.insertRows('alerts', [alert(i, 1)], `a${i}`));
    const [results] = await Promise.all([Promise.allSettled(inserts), store.stop()]);
    expect(results.map((r) => r.status)).toEqual(inserts.map(() => 'fulfilled'));
  });

  it('leaves the engine to another directory, though a query was under way when it was stopped', async () => {
    const store = new ClickHouseStore({ kind: 'embedded', directory });
    await store.start();
    const slow = defineQuery({
      name: 'slow',
      sql: 'SELECT sleep(1) AS n',
      params: z.object({}),
      row: z.object({ n: z.number() }),
    });
    const [rows] = await Promise.all([store.querier.run(slow, {}), store.stop()]);
    expect(rows).toEqual([{ n: 0 }]);
    const second = new ClickHouseStore({ kind: 'embedded', directory: join(directory, 'another') });
    await second.start();
    await second.stop();
  });

  it('names a directory that cannot be one', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const store = new ClickHouseStore({ kind: 'embedded', directory: join(file, 'below') });
    await expect(store.start()).rejects.toMatchObject({ code: 'TQ_DATA_DIR_UNUSABLE' });
  });
});
