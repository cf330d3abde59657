import fc from 'fast-check';
import { join } from 'node:path';
import { z } from 'zod';
import { ClickHouseStore } from '../../../ingest/store/clickhouse-store.js';
import { defineLines } from '../../../ingest/store/query.js';
import { arbitraryEvent, expectedRow } from './arbitrary-events.js';
import { ClickHouseHttp } from '../../support/clickhouse-http.js';
import { openTestStore, type TestStore } from './support.js';

describe('the store over HTTP', () => {
  let engine: TestStore;
  let front: ClickHouseHttp;
  let store: ClickHouseStore;
  let url: string;
  beforeAll(async () => {
    engine = await openTestStore();
    front = new ClickHouseHttp(join(engine.directory, 'engine'), [{ username: 'writer', password: 'pass' }]);
    url = await front.start();
    store = new ClickHouseStore({
      kind: 'server', url, username: 'writer', password: 'pass', database: 'default', topology: { kind: 'single' },
    }); // prettier-ignore
    await store.start();
  });
  afterAll(async () => {
    await store.stop();
    await front.stop();
    await engine.close();
  });
  beforeEach(() => {
    front.forget();
  });

  it('streams the same block as the embedded store, under its token and the user', async () => {
    const events = fc.sample(arbitraryEvent, { numRuns: 60, seed: 21 });
    const block = events.map((event, index) => ({ event, partition: 1, offset: BigInt(index) }));
    await store.writer.insertEvents(block, "topic:1:0-'59");
    await store.writer.insertEvents(block, "topic:1:0-'59");
    expect(front.statements).toHaveLength(2);
    expect(front.statements[0]).toContain("insert_deduplication_token = 'topic:1:0-\\'59'");
    expect(front.statements[0]).toContain('deduplicate_blocks_in_dependent_materialized_views = 1');
    expect(front.authorizations[0]).toBe(`Basic ${Buffer.from('writer:pass').toString('base64')}`);
    const rows = await engine.rows(
      'SELECT * REPLACE (toString(log_offset) AS log_offset) FROM token_events ORDER BY log_offset::UInt64',
    );
    expect(rows).toEqual(events.map((event, index) => expectedRow(event, 1, BigInt(index))));
  });

  it('streams long answers', async () => {
    const query = defineLines({
      name: 'q',
      sql: "SELECT concat('\"', toString(number), '\\\\n') FROM numbers({count:UInt32}) ORDER BY number",
      params: z.object({ count: z.number() }),
    });
    let text = '';
    for await (const lines of store.querier.lines(query, { count: 30_000 })) text += lines;
    expect(text).toBe(Array.from({ length: 30_000 }, (_, n) => `"${n}\\n\n`).join(''));
    expect(front.statements[0]).toContain('max_bytes_before_external_sort');
    front.refusals.push({ status: 500, code: 241, body: 'Code: 241. DB::Exception: Memory limit exceeded' });
    await expect(store.querier.lines(query, { count: 1 })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'TQ_STORE_UNAVAILABLE',
    });
  });

  it('asks for rows with limits and for times as the contract says', async () => {
    const any = { safeParse: (data: unknown) => ({ success: true, data }) };
    const query = { name: 'q', sql: "SELECT {t:DateTime64(3, 'UTC')} AS t", params: any, row: any } as never;
    const rows = await store.querier.run<object, object>(
      query,
      { t: '2026-01-02T03:04:05.678Z' },
      { rowsMax: 5, timeoutMs: 1500 },
    );
    expect(rows).toEqual([{ t: '2026-01-02T03:04:05.678Z' }]);
    const settings = front.settings[0]!;
    expect(settings.get('max_result_rows')).toBe('5');
    expect(settings.get('max_execution_time')).toBe('1.5');
    expect(settings.get('date_time_output_format')).toBe('iso');
  });

  it('sends a list that is too long for a URL in the body', async () => {
    const any = { safeParse: (data: unknown) => ({ success: true, data }) };
    const query = { name: 'q', sql: 'SELECT {list:Array(String)} AS list', params: any, row: any } as never;
    const list = Array.from({ length: 5000 }, (_, i) => `it's\\\t${i}`);
    expect(await store.querier.run<object, object>(query, { list })).toEqual([{ list }]);
    expect(front.addresses[0]).not.toContain('param_list');
  });

  it.each([
    { status: 500, code: 252, type: 'TOO_MANY_PARTS', expected: { code: 'TQ_STORE_UNAVAILABLE', retryable: true } },
    {
      status: 500,
      code: 241,
      type: 'MEMORY_LIMIT_EXCEEDED',
      expected: { code: 'TQ_STORE_UNAVAILABLE', retryable: true },
    },
    { status: 500, code: 243, type: 'NOT_ENOUGH_SPACE', expected: { code: 'TQ_DISK_FULL', retryable: true } },
    { status: 404, code: 60, type: 'UNKNOWN_TABLE', expected: { code: 'TQ_STORE_REFUSED', retryable: false } },
    { status: 403, code: 516, type: 'AUTHENTICATION_FAILED', expected: { code: 'TQ_STORE_REFUSED', retryable: false } },
  ])('tells $type as what it means', async ({ status, code, type, expected }) => {
    front.refusals.push({
      status,
      code,
      body: `Code: ${code}. DB::Exception: quoted secret value. (${type}) (version 26.7)`,
    });
    const failure = store.writer.insertRows('alert_history', [{ version: 1 }], 'x');
    await expect(failure).rejects.toMatchObject(expected);
    await expect(failure).rejects.toThrow(type);
    await expect(failure).rejects.not.toThrow('quoted secret value');
  });

  it('tells an answer that is none of ClickHouse, and a server that is away, as unavailable', async () => {
    front.refusals.push({ status: 502, body: '<html>Bad gateway</html>' });
    await expect(store.writer.insertRows('alert_history', [{ version: 1 }], 'y')).rejects.toMatchObject({
      code: 'TQ_STORE_UNAVAILABLE',
      retryable: true,
    });
    const away = new ClickHouseStore({
      kind: 'server', url: 'http://127.0.0.1:1', username: 'u', password: 'p', database: 'd', topology: { kind: 'single' },
    }); // prettier-ignore
    await expect(away.start()).rejects.toMatchObject({ code: 'TQ_STORE_UNAVAILABLE', retryable: true });
    await away.stop();
  });

  it('migrates a cluster with the same files', async () => {
    front.refusals.push(...Array.from({ length: 3 }, () => ({ status: 200, body: '' })));
    const cluster = new ClickHouseStore({
      kind: 'server', url: url, username: 'writer', password: 'pass', database: 'tourniquet', topology: { kind: 'cluster', cluster: 'main' },
    }); // prettier-ignore
    await cluster.start();
    // The engine behind the front is no cluster: it is enough that the first statement which it would run is refused.
    await expect(cluster.migrator.up()).rejects.toMatchObject({ code: expect.stringMatching(/^TQ_STORE_/) as unknown });
    await cluster.stop();
    expect(
      front.statements.some((s) => s.startsWith("CREATE DATABASE IF NOT EXISTS tourniquet ON CLUSTER 'main'")),
    ).toBe(true);
    expect(
      front.statements.some(
        (s) => s.includes("schema_migrations_local ON CLUSTER 'main'") && s.includes('ReplicatedReplacingMergeTree'),
      ),
    ).toBe(true);
  });
});
