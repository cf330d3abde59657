import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { renderMigration } from '../../../../ingest/store/migration-template.js';

const shipped = fileURLToPath(new URL('../../../../ingest/store/migrations/', import.meta.url));
const all = readdirSync(shipped).map((file) => readFileSync(join(shipped, file), 'utf8'));

describe('renderMigration', () => {
  it('renders one node', () => {
    const template = [
      '-- a comment; with a semicolon {local:x}',
      'CREATE TABLE {local:t} {on_cluster} (x UInt8) ENGINE = {engine:ReplacingMergeTree:version} ORDER BY x;',
      '',
      '{distributed:t:cityHash64(a, b)};',
      "SELECT ';' AS kept;",
    ].join('\n');
    expect(renderMigration(template, { kind: 'single' })).toEqual([
      'CREATE TABLE t  (x UInt8) ENGINE = ReplacingMergeTree(version) ORDER BY x',
      "SELECT ';' AS kept",
    ]);
  });

  it('renders a cluster: replicated tables on every shard, a distributed table before them', () => {
    const template =
      'CREATE TABLE {local:t} {on_cluster} (x UInt8) ENGINE = {engine:ReplacingMergeTree:version} ORDER BY x;\n{distributed:t:cityHash64(a, b)};\nCREATE VIEW v {on_cluster} AS SELECT 1;';
    expect(renderMigration(template, { kind: 'cluster', cluster: 'main' })).toEqual([
      "CREATE TABLE t_local ON CLUSTER 'main' (x UInt8) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version) ORDER BY x",
      "CREATE TABLE IF NOT EXISTS t ON CLUSTER 'main' AS t_local ENGINE = Distributed('main', currentDatabase(), 't_local', cityHash64(a, b))",
      "CREATE VIEW v ON CLUSTER 'main' AS SELECT 1",
    ]);
  });

  it('refuses an unknown placeholder and a cluster name that is no identifier', () => {
    expect(() => renderMigration('SELECT {oops:1};', { kind: 'single' })).toThrow('{oops:1}');
    expect(() => renderMigration('SELECT 1;', { kind: 'cluster', cluster: "x'; DROP" })).toThrow('plain identifier');
  });

  it('makes every shipped statement repeatable, on one node and on a cluster', () => {
    const repeatable =
      /^(CREATE (TABLE|MATERIALIZED VIEW|DATABASE) IF NOT EXISTS|CREATE OR REPLACE VIEW|DROP VIEW IF EXISTS|ALTER TABLE \S+(?: ON CLUSTER '\w+')?\s+(ADD|DROP) \w+ IF (NOT )?EXISTS)/;
    // What fills a table from what is stored does so while it is empty, or leaves out what it has, or writes first versions
    // or equal ones that replace themselves, or sets bits, which may be set twice.
    const filling =
      /^INSERT INTO (\w+)\s+(?:\([^)]*\)\s+)?SELECT\s[\s\S]*(?:\(SELECT count\(\) FROM \1\) = 0|\s0 AS version,|(\w+) NOT IN \(SELECT \2 FROM \1\)|\(SELECT \* FROM \1 FINAL WHERE [^)]*source = ''\)|\sgroupBitOr\()/;
    for (const topology of [{ kind: 'single' }, { kind: 'cluster', cluster: 'main' }] as const) {
      const statements = all.flatMap((template) => renderMigration(template, topology));
      for (const statement of statements) {
        if (filling.test(statement)) continue;
        expect(statement).toMatch(repeatable);
        if (statement.startsWith('ALTER')) expect(statement).not.toMatch(/\b(?:ADD|DROP) \w+ (?!IF (?:NOT )?EXISTS\b)/);
        if (topology.kind === 'cluster') expect(statement).toContain("ON CLUSTER 'main'");
      }
    }
  });

  it('gives every shipped table its deduplication window, and every cluster table its distributed twin', () => {
    const single = all.flatMap((template) => renderMigration(template, { kind: 'single' }));
    const tables = single.filter((statement) => statement.startsWith('CREATE TABLE'));
    expect(tables.length).toBeGreaterThanOrEqual(12);
    for (const statement of tables) expect(statement).toContain('non_replicated_deduplication_window = 10000');
    const cluster = all.flatMap((template) => renderMigration(template, { kind: 'cluster', cluster: 'main' }));
    expect(cluster.filter((statement) => statement.includes('ENGINE = Distributed('))).toHaveLength(tables.length);
  });
});
