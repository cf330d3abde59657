import { z } from 'zod';
import type { Derivation } from '../store.js';
import { defineDerivation } from '../query.js';

/** Hours (since the epoch) that a roll-up of hops makes anew, with the version of each, and the minutes around all of them. */
export const rolledHours = z.object({
  hours: z.array(z.number().int()),
  versions: z.array(z.number().int()),
  from_minute: z.number().int(),
  to_minute: z.number().int(),
});
export type RolledHours = z.output<typeof rolledHours>;

/** Version of a row's hour, where rows are grouped by `hour_number`. */
export const versionOfHour = 'transform(any(hour_number), {hours:Array(Int32)}, {versions:Array(UInt64)}, toUInt64(0))';

/** Of roll-ups by token: whether the rows that mark the hours as made are among the others. */
export const markableHours = rolledHours.extend({ marked: z.number().int().min(0).max(1) });
export type MarkableHours = z.output<typeof markableHours>;

/** Marks hours as made in a roll-up by token: a row without a token. */
export const markHours = (table: string): Derivation<Pick<RolledHours, 'hours' | 'versions'>> =>
  defineDerivation({
    name: `mark-${table.replace('_', '-')}`,
    table,
    columns: ['token_uid', 'hour', 'version'],
    params: rolledHours.pick({ hours: true, versions: true }),
    sql: `
SELECT '', toDateTime(made.1 * 3600, 'UTC'), made.2
FROM (SELECT arrayJoin(arrayZip({hours:Array(Int32)}, {versions:Array(UInt64)})) AS made)`,
  });
