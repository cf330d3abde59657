import { join, param, sql, type Sql } from './sql.js';

/** The stored events. */
export const TABLE = sql`token_events`;

/** An event's time. */
export const millisecond = sql`toUnixTimestamp64Milli(time)`;

/** Events of this time, [from, to) in milliseconds; also in the form that the table's order knows. */
export function within(fromMs: number, toMs: number): Sql {
  const at = (ms: number): Sql => sql`fromUnixTimestamp64Milli(${param('Int64', Math.max(0, ms))}, 'UTC')`;
  return sql`time >= ${at(fromMs)} AND time < ${at(toMs)} AND toDate(time) >= toDate(${at(fromMs)}) AND toDate(time) <= toDate(${at(toMs)})`;
}

/** What stands before further columns. */
export const listed = (pieces: readonly Sql[]): Sql => (pieces.length === 0 ? sql`` : sql`${join(pieces, ', ')}, `);

/** Values as an array of texts. */
export const textArray = (pieces: readonly Sql[]): Sql =>
  pieces.length === 0
    ? sql`CAST([], 'Array(String)')`
    : sql`[${join(
        pieces.map((piece) => sql`toString(${piece})`),
        ', ',
      )}]`;
