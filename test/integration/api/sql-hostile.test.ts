import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqlRunner } from '../../../api/sql/runner.js';
import { sqlLimits } from './api-fixture.js';
import { costlyStatements, hostileStatements } from './hostile-statements.js';
import { seededStore, type SeededStore } from './seeded-store.js';
import { ask, sqlRunnerOn } from './sql-fixture.js';

const secret = 'canary-3f1c9a';
/** What a refusal may be: by the policy, by the engine's parse or by a limit. None gives a row. */
const refusals = ['TQ_SQL_REFUSED', 'TQ_SQL_INVALID'];

describe('hostile statements on the embedded engine', () => {
  let folder = '';
  let seeded: SeededStore;
  let runner: SqlRunner;
  const own = "'canary.txt'";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tourniquet-hostile-'));
    mkdirSync(join(folder, 'out'));
    writeFileSync(join(folder, own), `${secret}\n`);
    seeded = await seededStore();
    runner = sqlRunnerOn(seeded.store, { limits: { ...sqlLimits, timeoutMs: 2_000 } });
  });
  afterAll(async () => {
    await seeded.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const named = (sql: string): string =>
    sql.replaceAll('FILE', join(folder, own).replaceAll("'", "\\'")).replaceAll('DIR', join(folder, 'out'));

  it('are more than two hundred', () => {
    expect(Object.values(hostileStatements).flat().length).toBeGreaterThan(200);
  });

  it.each(Object.entries(hostileStatements))('%s', async (_, statements) => {
    const answered: string[] = [];
    for (const sql of statements) {
      const { outcome, message, rows } = await ask(runner, named(sql));
      if (!refusals.includes(outcome) || rows.length > 0 || message.includes(secret))
        answered.push(`${outcome} ${sql} ${message}`);
    }
    expect(answered).toEqual([]);
  });

  it('that cost too much meet a limit, and the engine goes on', async () => {
    const answered: string[] = [];
    for (const sql of costlyStatements) {
      const { outcome, message } = await ask(runner, sql);
      if (outcome === 'ok' || outcome === 'TQ_STORE_UNAVAILABLE')
        answered.push(`${outcome} ${sql.slice(0, 100)} ${message}`);
    }
    expect(answered).toEqual([]);
    expect((await ask(runner, 'SELECT count() AS n FROM tokens')).rows).toEqual([{ n: 3 }]);
  }, 120_000);

  it('wrote no file and changed no table', async () => {
    expect(readdirSync(folder)).toEqual([own, 'out']);
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
    const found = await ask(
      runner,
      'SELECT (SELECT count() FROM events) AS events, (SELECT count() FROM tokens) AS tokens',
    );
    expect(found.rows).toEqual([{ events: 711, tokens: 3 }]);
  });

  it('reach the engine in a session that refuses as well', async () => {
    const signal = new AbortController().signal;
    const direct = (sql: string) => seeded.store.analyst.run(sql, sqlLimits, signal);
    await expect(direct(`SELECT * FROM file('${folder}/out', 'LineAsString')`)).rejects.toThrow(/readonly/i);
    await expect(direct('SELECT 1 SETTINGS max_memory_usage = 0')).rejects.toThrow(/readonly/i);
    await expect(direct('DROP TABLE default.token_events')).rejects.toThrow(/readonly/i);
    await expect(direct('SET readonly = 0')).rejects.toThrow(/readonly/i);
  });
});
