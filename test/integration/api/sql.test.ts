import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { mapSql, networkSql, tokenSql } from '../../../api/web/lib/sql.js';
import { allowedFunctionNames, isAllowedFunction } from '../../../api/sql/allowed-functions.js';
import type { SqlRunner } from '../../../api/sql/runner.js';
import { AppError } from '../../../ingest/core/errors.js';
import { analystViews } from '../../../ingest/store/analyst-views.js';
import { apiOn, keys, sqlLimits } from './api-fixture.js';
import { T0 } from '../../support/alert-fixtures.js';
import { HOUR, seededStore, tokens, type SeededStore } from './seeded-store.js';
import { ask, sqlRunnerOn } from './sql-fixture.js';

const anyRow = z.record(z.string(), z.unknown());

/** What analysts ordinarily write; each must be answered. */
const ordinary: readonly string[] = [
  'SELECT 1',
  'select * from tokens limit 10',
  'SELECT count(*) FROM events WHERE time >= now() - INTERVAL 4000 DAY',
  "SELECT token_uid, count() AS n FROM events GROUP BY token_uid HAVING n > 1 ORDER BY n DESC LIMIT 5 -- busiest",
  'SELECT e.token_uid, t.name FROM events e LEFT JOIN tokens t USING (token_uid) LIMIT 3',
  'SELECT DISTINCT client_address FROM events',
  "SELECT name FROM tokens WHERE principal_id LIKE 'dep%' OR match(name, '^ci-')",
  'WITH busy AS (SELECT token_uid FROM token_usage GROUP BY token_uid HAVING sum(requests) > 100) SELECT * FROM busy',
  'WITH busy AS (SELECT token_uid FROM tokens) SELECT count() FROM events WHERE token_uid IN busy',
  'SELECT token_uid FROM events WHERE token_uid IN (SELECT token_uid FROM tokens WHERE uses > 10) LIMIT 1',
  "SELECT arrayFilter(x -> x LIKE 'orders%', scopes), arrayStringConcat(kinds, ', '), has(sources, 'envoy') FROM tokens",
  "SELECT countIf(outcome = 'failure') / count() AS share, quantiles(0.5, 0.9)(duration_ms) FROM events",
  'SELECT toStartOfHour(time) AS h, uniqExact(client_address), sum(ifNull(response_bytes, 0)) FROM events GROUP BY h ORDER BY h WITH FILL STEP INTERVAL 1 HOUR LIMIT 5',
  'SELECT token_uid, row_number() OVER (PARTITION BY token_uid ORDER BY time) AS n, lagInFrame(time) OVER w FROM events WINDOW w AS (PARTITION BY token_uid ORDER BY time) LIMIT 3',
  'SELECT token_uid FROM tokens UNION ALL SELECT token_uid FROM token_usage LIMIT 3',
  'SELECT token_uid FROM tokens EXCEPT SELECT token_uid FROM findings',
  'SELECT (SELECT max(time) FROM events) AS newest, CASE WHEN 1 THEN 2 ELSE 3 END, 1 ? 2 : 3',
  "SELECT attributes['x'], alias_kinds[1], CAST(time AS Date), time::Date, toTypeName(time) FROM events LIMIT 1",
  'SELECT * EXCEPT (attributes) REPLACE (toString(time) AS time) FROM events LIMIT 1',
  "SELECT COLUMNS('^client_') FROM events LIMIT 1",
  'SELECT kind FROM tokens ARRAY JOIN kinds AS kind LIMIT 2',
  'SELECT number, toDate(\'2026-01-01\') + number AS day FROM numbers(3)',
  "SELECT * FROM values('a UInt8, b String', (1, 'x'), (2, 'y'))",
  'SELECT * FROM generateSeries(1, 3)',
  'WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r',
  "SELECT isIPAddressInRange('203.0.113.7', '203.0.113.0/24'), IPv4NumToString(toUInt32(1)), toIPv4OrNull(client_address) FROM events LIMIT 1",
  'SELECT greatest(inbound, outbound) FROM (SELECT sumIf(requests, direction != \'outbound\') AS inbound, sumIf(requests, direction = \'outbound\') AS outbound FROM edges)',
  'SELECT argMax(client_address, time), groupUniqArray(3)(target_service), topK(2)(target_route) FROM events',
  'EXPLAIN SELECT count() FROM tokens',
  'EXPLAIN SYNTAX SELECT * FROM tokens',
  'SELECT * FROM default_analyst.tokens LIMIT 1',
  'SELECT a.token_uid FROM tokens AS a CROSS JOIN tokens AS b ORDER BY a.token_uid ASC NULLS LAST LIMIT 1 BY a.token_uid',
  'SELECT name AS "Its name", uses AS `Uses so far` FROM tokens ORDER BY "Uses so far"',
  "SELECT 'a; DROP TABLE tokens', '/* x */', 'it''s', 'ключ' -- end",
  'SELECT grouping(token_uid), token_uid, count() FROM events GROUP BY ROLLUP(token_uid)',
  'SELECT token_uid, time FROM events QUALIFY row_number() OVER (PARTITION BY token_uid ORDER BY time) = 1',
  'SELECT count() FROM findings', 'SELECT count() FROM alerts', 'SELECT count() FROM alert_history', 'SELECT count() FROM principals',
  'SELECT count() FROM first_seen', 'SELECT count() FROM token_aliases', 'SELECT count() FROM edges;',
]; // prettier-ignore

const window = [T0 - 12 * HOUR, T0 + HOUR] as const;

/** What the pages put into the SQL page, and how many rows it gives of the seeded store. */
const ofPages: readonly (readonly [string, number])[] = [
  [networkSql('office-berlin', true, ...window), 1],
  [networkSql("o'office\\", true, ...window), 0],
  [networkSql('203.0.113.0/24', false, ...window), 1],
  [networkSql('2001:db8:1::/48', false, ...window), 1],
  [networkSql('AS64500', false, ...window), 0],
  [networkSql('gateway.internal', false, ...window), 0],
  [tokenSql(tokens[1], ...window), 1],
  [
    mapSql({ fromMs: window[0], toMs: window[1], leaf: 'tokens', service: '', tokenUid: tokens[2], principalUid: '' }),
    1,
  ],
];

describe('forensic SQL', () => {
  let seeded: SeededStore;
  let runner: SqlRunner;
  let app: FastifyInstance;

  beforeAll(async () => {
    seeded = await seededStore();
    runner = sqlRunnerOn(seeded.store);
    ({ app } = await apiOn(seeded.store));
  });
  afterAll(async () => {
    await app.close();
    await seeded.close();
  });

  const post = (sql: string, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/v1/sql',
      headers: { 'x-api-key': keys.analyst, ...headers },
      payload: { sql },
    });
  const audited = (uid: string) =>
    seeded.store.querier.run(
      {
        name: 'test',
        sql: 'SELECT * FROM sql_statements_v1 WHERE statement_uid = {uid:UUID}',
        params: anyRow,
        row: anyRow,
      },
      { uid },
    );

  it('answers what analysts ordinarily write', async () => {
    const refused: string[] = [];
    for (const sql of ordinary) {
      const { outcome, message } = await ask(runner, sql);
      if (outcome !== 'ok') refused.push(`${outcome} ${sql} ${message}`);
    }
    expect(refused).toEqual([]);
  });

  it('answers what the pages put into it, odd names included', async () => {
    const answered: unknown[] = [];
    for (const [sql] of ofPages) {
      const answer = await post(sql);
      const { row_count: rows, detail } = answer.json<{ row_count?: number; detail?: string }>();
      answered.push([sql, rows ?? detail]);
    }
    expect(answered).toEqual(ofPages.map(([sql, rows]) => [sql, rows]));
  });

  it('has a view under each name with the columns of the stable view, in a database that holds nothing else', async () => {
    const columns = await seeded.store.querier.run(
      {
        name: 'test',
        sql: "SELECT database, table, groupArray(concat(name, ' ', type)) AS columns FROM (SELECT * FROM system.columns WHERE database = 'default_analyst' OR endsWith(table, '_v1') ORDER BY position) GROUP BY database, table",
        params: anyRow,
        row: z.object({ database: z.string(), table: z.string(), columns: z.array(z.string()) }),
      },
      {},
    );
    const of = (database: string) =>
      new Map(columns.filter((row) => row.database === database).map((row) => [row.table, row.columns]));
    expect([...of('default_analyst').keys()].sort()).toEqual([...analystViews.keys()].sort());
    for (const [name, view] of analystViews) expect(of('default_analyst').get(name)).toEqual(of('default').get(view));
  });

  it('answers JSON with columns, types and what was read', async () => {
    const answer = await post('SELECT token_uid, uses FROM tokens ORDER BY uses DESC LIMIT 2');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(answer.json()).toMatchObject({
      columns: [
        { name: 'token_uid', type: 'String' },
        { name: 'uses', type: 'UInt64' },
      ],
      rows: [
        [tokens[0], 600],
        [tokens[1], 50],
      ],
      row_count: 2,
      rows_read: 34,
    });
  });

  it('answers CSV and NDJSON by Accept, and keeps integers exact', async () => {
    const sql = `SELECT 18446744073709551615 AS big, 'a "b", c' AS t, ['x', 'y'] AS list, NULL AS none, 1 AS one`;
    const csv = await post(sql, { accept: 'text/csv' });
    expect(csv.headers['content-type']).toContain('text/csv');
    expect(csv.body).toBe('big,t,list,none,one\r\n18446744073709551615,"a ""b"", c","[""x"",""y""]",,1\r\n');
    const ndjson = await post(sql, { accept: 'application/x-ndjson' });
    expect(ndjson.body).toBe(
      '{"big":"18446744073709551615","t":"a \\"b\\", c","list":["x","y"],"none":null,"one":1}\n',
    );
    expect((await post('SELECT 1', { accept: 'image/png' })).statusCode).toBe(400);
    expect((await post('SELECT token_uid FROM tokens WHERE 0', { accept: 'text/csv' })).body).toBe('token_uid\r\n');
  });

  it('says what is wrong, and where', async () => {
    const syntax = await post('SELECT 1\nFRO tokens');
    expect([syntax.statusCode, syntax.headers['content-type']]).toEqual([400, 'application/problem+json']);
    expect(syntax.json()).toMatchObject({ code: 'TQ_SQL_INVALID', position: 14 });
    const umlaut = await post("SELECT 'ключ' FRO tokens");
    expect(umlaut.json()).toMatchObject({
      code: 'TQ_SQL_INVALID',
      position: "SELECT 'ключ' FRO tokens".indexOf('tokens') + 1,
    });
    const unknown = await post('SELECT nope FROM tokens');
    expect(unknown.json<{ code: string; detail: string }>()).toMatchObject({ code: 'TQ_SQL_INVALID' });
    expect(unknown.json<{ detail: string }>().detail).toContain('nope');
    const refused = await post("SELECT 1 FROM url('http://127.0.0.1/')");
    expect([refused.statusCode, refused.json()]).toMatchObject([403, { code: 'TQ_SQL_REFUSED', position: 15 }]);
    const limit = await post('SELECT number FROM numbers(5000)');
    expect([limit.statusCode, limit.json()]).toMatchObject([422, { code: 'TQ_SQL_LIMIT' }]);
  });

  it('names no table outside the views in what it says of a mistake', async () => {
    const { message } = await ask(runner, 'SELECT * FROM token_event');
    expect(message).toContain('token_event');
    expect(message).not.toMatch(/default\.|system\./);
  });

  it('is for analysts, and its record for admins', async () => {
    expect((await post('SELECT 1', { 'x-api-key': keys.viewer })).statusCode).toBe(403);
    expect((await post('SELECT 1', { 'x-api-key': keys.responder })).statusCode).toBe(200);
    const records = (key: string) => app.inject({ url: '/v1/sql/statements?limit=5', headers: { 'x-api-key': key } });
    expect((await records(keys.analyst)).statusCode).toBe(403);
    expect((await records(keys.admin)).json<{ items: unknown[] }>().items).toHaveLength(5);
  });

  it('records who ran what, without secrets, and how it ended', async () => {
    const secret = `ghp_${'a1B2'.repeat(9)}`;
    const good = await post(`SELECT count() FROM tokens WHERE name = '${secret}'`);
    const [record] = await audited(good.json<{ statement_uid: string }>().statement_uid);
    expect(record).toMatchObject({
      actor: 'analyst of the test',
      outcome: 'ok',
      detail: '',
      rows_read: 34,
      rows_returned: 1,
    });
    expect(JSON.stringify(record)).not.toContain(secret);
    expect(record?.['statement']).toContain('SELECT count() FROM tokens WHERE name = ');
    await post(`SELECT * FROM file('${secret}')`);
    const rows = await seeded.store.querier.run(
      {
        name: 'test',
        sql: "SELECT * FROM sql_statements_v1 WHERE statement LIKE '%file(%'",
        params: anyRow,
        row: anyRow,
      },
      {},
    );
    expect(rows).toMatchObject([{ outcome: 'refused', rows_returned: 0 }]);
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  it('runs nothing that it cannot record', async () => {
    const away = new AppError('TQ_STORE_UNAVAILABLE', 'away', { retryable: true });
    let asked = 0;
    const blind = sqlRunnerOn({
      analyst: {
        database: 'default_analyst',
        run: () => {
          asked += 1;
          return Promise.reject(away);
        },
      },
      writer: {
        newBlock: () => {
          throw away;
        },
        insertBlock: () => Promise.reject(away),
        insertEvents: () => Promise.reject(away),
        insertRows: () => Promise.reject(away),
        derive: () => Promise.reject(away),
      },
    });
    expect((await ask(blind, 'SELECT 1')).outcome).toBe('TQ_STORE_UNAVAILABLE');
    expect(asked).toBe(0);
  });

  it('stops in the engine when the client goes away, and runs only so many at once', async () => {
    const slow =
      'SELECT count() FROM numbers(49000000) AS a CROSS JOIN numbers(500) AS b WHERE sipHash64(a.number, b.number) = 1';
    const narrow = sqlRunnerOn(seeded.store, { concurrency: 1, limits: { ...sqlLimits, timeoutMs: 50_000 } });
    const client = new AbortController();
    const running = narrow.run({ sql: slow, actor: 'slow', signal: client.signal });
    const second = await ask(narrow, 'SELECT 1');
    expect(second.outcome).toBe('TQ_RATE_LIMITED');
    setTimeout(() => client.abort(new Error('gone')), 1_500);
    const began = Date.now();
    await expect(running).rejects.toThrow();
    expect(Date.now() - began).toBeLessThan(30_000);
    expect((await ask(narrow, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    const rows = await seeded.store.querier.run(
      { name: 'test', sql: "SELECT outcome FROM sql_statements_v1 WHERE actor = 'slow'", params: anyRow, row: anyRow },
      {},
    );
    expect(rows).toEqual([{ outcome: 'cancelled' }]);
  }, 90_000);

  it('stops when the connection of a real client ends', async () => {
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const sql =
      'SELECT count() FROM numbers(49000000) AS a CROSS JOIN numbers(50) AS b WHERE sipHash64(a.number, b.number) = 2';
    const call = request({ host: '127.0.0.1', port, path: '/v1/sql', method: 'POST', headers: { 'x-api-key': keys.analyst, 'content-type': 'application/json' } }); // prettier-ignore
    call.on('error', () => undefined);
    call.end(JSON.stringify({ sql }));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    call.destroy();
    for (;;) {
      const rows = await seeded.store.querier.run(
        {
          name: 'test',
          sql: "SELECT outcome FROM sql_statements_v1 WHERE statement LIKE '%= 2'",
          params: anyRow,
          row: anyRow,
        },
        {},
      );
      if (rows[0]?.['outcome'] !== 'running') {
        expect(rows).toEqual([{ outcome: 'cancelled' }]);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }, 60_000);

  describe('the list of functions', () => {
    it('names functions that the engine has, none that differs from a refused one by case alone', async () => {
      const rows = await seeded.store.querier.run(
        {
          name: 'test',
          sql: 'SELECT name FROM system.functions',
          params: anyRow,
          row: z.object({ name: z.string() }),
        },
        {},
      );
      const engine = new Set(rows.map(({ name }) => name));
      const syntaxOnly = ['exists', 'grouping', 'lambda', 'untuple'];
      expect([...allowedFunctionNames].filter((name) => !engine.has(name) && !syntaxOnly.includes(name))).toEqual([]);
      const folded = new Set([...allowedFunctionNames].map((name) => name.toLowerCase()));
      expect([...engine].filter((name) => !allowedFunctionNames.has(name) && folded.has(name.toLowerCase()))).toEqual(
        [],
      );
      const refused = [...engine].filter((name) => !isAllowedFunction(name));
      expect(refused.length).toBeGreaterThan(400);
    });

    it('takes combinators of aggregate functions, and none that makes or reads states', () => {
      for (const name of [
        'sumIf',
        'countIf',
        'quantilesTDigestArrayIf',
        'uniqExactIfOrNull',
        'groupArrayDistinct',
        'COUNT',
      ])
        expect([name, isAllowedFunction(name)]).toEqual([name, true]);
      for (const name of [
        'sumState',
        'sumMerge',
        'uniqStateIf',
        'sumMergeState',
        'sumSimpleState',
        'State',
        'fileIf',
        'sleepMap',
      ])
        expect([name, isAllowedFunction(name)]).toEqual([name, false]);
    });
  });
});
