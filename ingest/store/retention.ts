import { AppError } from '../core/errors.js';
import type { StoreConnection } from './connection.js';
import { renderMigration, type Topology } from './migration-template.js';

const DAYS_MAX = 36_500;

/**
 * Lets raw events go `days` after they were read (`observed_time`, so that history replayed years later stays as long as
 * anything else). Whole parts are dropped, a month of events at most later than asked; roll-ups stay.
 *
 * @param days 1 to 36,500.
 * @throws AppError TQ_CONFIG_INVALID outside that range; else what the connection throws.
 */
export async function applyRetention(connection: StoreConnection, topology: Topology, days: number): Promise<void> {
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MAX) {
    throw new AppError('TQ_CONFIG_INVALID', `The retention of the store is ${days} days.`, {
      mend: `Give a whole number of days from 1 to ${DAYS_MAX}, or nothing to keep events for ever.`,
    });
  }
  const table = topology.kind === 'single' ? 'token_events' : 'token_events_local';
  const rows = await connection.query(
    `SELECT count() AS tables FROM system.tables WHERE database = currentDatabase() AND name = {table:String}
      AND position(engine_full, {ttl:String}) > 0`,
    { table, ttl: ` + toIntervalDay(${days}) ` },
    { rowsMax: 1, timeoutMs: 60_000 },
  );
  if ((rows[0] as { tables: number } | undefined)?.tables === 1) return;
  const alter = `
    ALTER TABLE {local:token_events} {on_cluster} MODIFY SETTING ttl_only_drop_parts = 1;
    ALTER TABLE {local:token_events} {on_cluster} MODIFY TTL toDateTime(observed_time) + INTERVAL ${days} DAY
      SETTINGS materialize_ttl_after_modify = 0;
  `;
  for (const statement of renderMigration(alter, topology)) await connection.command(statement);
}
