import { AppError } from '../core/errors.js';
import type { StoreConnection } from './connection.js';
import { renderMigration, type Topology } from './migration-template.js';

const DAYS_MAX = 36_500;

/** Days, 1 to 36,500, or `forever`; a class that is not named stays as its tables are. */
export type RetentionDays = number | 'forever';

/** How long rows are kept, by class of tables. Alerts, their history, the inventory and detector state are never let go. */
export interface Retention {
  /** Raw events and hops, counted from when they were read, so that history replayed years later stays as long as any other. */
  readonly events?: RetentionDays;
  /** Hourly usage and edges, counted from the hour of event time. */
  readonly rollups?: RetentionDays;
  /** Findings and deliveries, counted from when they were written last. */
  readonly findings?: RetentionDays;
}

interface RetentionTable {
  readonly of: keyof Retention;
  readonly table: string;
  readonly time: string;
  /** Big tables let whole parts go, a month later at most; small ones lose row by row in merges. */
  readonly wholeParts: boolean;
}

const tables: readonly RetentionTable[] = [
  { of: 'events', table: 'token_events', time: 'toDateTime(observed_time)', wholeParts: true },
  { of: 'events', table: 'hops', time: 'evaluated', wholeParts: false },
  { of: 'rollups', table: 'token_usage_hourly', time: 'hour', wholeParts: false },
  { of: 'rollups', table: 'principal_usage_hourly', time: 'hour', wholeParts: false },
  { of: 'rollups', table: 'principal_values', time: 'day', wholeParts: false },
  { of: 'rollups', table: 'source_hours', time: 'hour', wholeParts: false },
  { of: 'rollups', table: 'edges_hourly', time: 'hour', wholeParts: false },
  { of: 'rollups', table: 'edge_hours', time: 'hour', wholeParts: false },
  { of: 'rollups', table: 'token_hours', time: 'hour', wholeParts: false },
  { of: 'rollups', table: 'token_contexts', time: 'hour', wholeParts: false },
  { of: 'findings', table: 'findings', time: 'toDateTime(stored_time)', wholeParts: false },
  { of: 'findings', table: 'suppressed_findings', time: 'toDateTime(stored_time)', wholeParts: false },
  { of: 'findings', table: 'deliveries', time: 'toDateTime(updated_time)', wholeParts: false },
];

/**
 * Brings the tables' TTL to what is asked; a table that has it already is left alone.
 *
 * @throws AppError TQ_CONFIG_INVALID for days outside 1 to 36,500; else what the connection throws.
 */
export async function applyRetention(
  connection: StoreConnection,
  topology: Topology,
  retention: Retention,
): Promise<void> {
  for (const days of Object.values(retention) as (RetentionDays | undefined)[]) checkDays(days);
  for (const table of tables) {
    const days = retention[table.of];
    if (days === undefined) continue;
    const engine = await engineOf(connection, topology.kind === 'single' ? table.table : `${table.table}_local`);
    const alter = days === 'forever' ? removal(table, engine) : change(table, engine, days);
    for (const statement of renderMigration(alter, topology)) await connection.command(statement);
  }
}

function checkDays(days: RetentionDays | undefined): void {
  if (days === undefined || days === 'forever') return;
  if (Number.isInteger(days) && days >= 1 && days <= DAYS_MAX) return;
  throw new AppError('TQ_CONFIG_INVALID', `The retention of the store is ${days} days.`, {
    mend: `Give a whole number of days from 1 to ${DAYS_MAX}, or \`forever\`.`,
  });
}

async function engineOf(connection: StoreConnection, table: string): Promise<string> {
  const rows = await connection.query(
    'SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {table:String}',
    { table },
    { rowsMax: 1, timeoutMs: 60_000, memoryBytesMax: 0 },
  );
  return (rows[0] as { engine_full: string } | undefined)?.engine_full ?? '';
}

function removal({ table }: RetentionTable, engine: string): string {
  return engine.includes(' TTL ') ? `ALTER TABLE {local:${table}} {on_cluster} REMOVE TTL;\n` : '';
}

/** Parts written before a TTL do not know when they end; telling them rewrites none of their columns. */
function change({ table, time, wholeParts }: RetentionTable, engine: string, days: number): string {
  if (engine.includes(` TTL ${time} + toIntervalDay(${days}) `)) return '';
  const alter = `ALTER TABLE {local:${table}} {on_cluster}`;
  return `
    ${alter} MODIFY SETTING ttl_only_drop_parts = ${wholeParts ? 1 : 0}, materialize_ttl_recalculate_only = 1;
    ${alter} MODIFY TTL ${time} + INTERVAL ${days} DAY SETTINGS materialize_ttl_after_modify = 1;
  `;
}
