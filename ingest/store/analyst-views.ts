import type { StoreConnection } from './connection.js';
import { checkedIdentifier, quoteString } from './connection.js';
import type { Topology } from './migration-template.js';

const names = [
  'tokens',
  'principals',
  'token_usage',
  'principal_usage',
  'token_aliases',
  'first_seen',
  'edges',
  'hops',
  'events',
  'findings',
  'alerts',
  'alert_history',
] as const;

/**
 * Name for people → stable view that it shows. The stable view's own name is one of them: the SQL that an alert or a
 * dashboard carries is to run as it is.
 */
export const analystViews: ReadonlyMap<string, string> = new Map(
  names.flatMap((name): [string, string][] => [
    [name, `${name}_v1`],
    [`${name}_v1`, `${name}_v1`],
  ]),
);

const QUERY_LIMITS = { rowsMax: 10_000, timeoutMs: 60_000, memoryBytesMax: 0 };

interface ColumnRow {
  readonly place: string;
  readonly columns: readonly string[];
}

/**
 * Gives people a database of views under plain names, which they can read without any right on the tables
 * (`SQL SECURITY DEFINER`). Not a numbered migration: a view holds its columns for ever, so it is made again whenever
 * the view below has others.
 */
export async function createAnalystViews(connection: StoreConnection, topology: Topology): Promise<void> {
  const { database } = connection.analyst;
  const onCluster = topology.kind === 'single' ? '' : `ON CLUSTER ${quoteString(topology.cluster)}`;
  const rows = (await connection.query(
    `SELECT concat(if(database = {analyst:String}, 'analyst.', ''), table) AS place, groupArray(concat(name, ' ', type)) AS columns
     FROM (SELECT * FROM system.columns WHERE database IN (currentDatabase(), {analyst:String}) ORDER BY position)
     GROUP BY place`,
    { analyst: database },
    QUERY_LIMITS,
  )) as readonly ColumnRow[];
  const columns = new Map(rows.map((row) => [row.place, row.columns.join(', ')]));
  const stale = [...analystViews].filter(([name, view]) => columns.get(`analyst.${name}`) !== columns.get(view));
  if (stale.length === 0) return;
  await connection.command(`CREATE DATABASE IF NOT EXISTS ${checkedIdentifier(database)} ${onCluster}`);
  for (const [name, view] of stale) {
    await connection.command(
      `CREATE OR REPLACE VIEW ${database}.${checkedIdentifier(name)} ${onCluster} ` +
        `DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT * FROM ${checkedIdentifier(view)}`,
    );
  }
}
