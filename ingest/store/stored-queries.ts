import { z } from 'zod';
import { defineLines, defineQuery } from './query.js';
import { storedLine } from './stored-columns.js';

const at = (name: string): string => `parseDateTime64BestEffort({${name}:String}, 3, 'UTC')`;

/** The line is made before the rows are put in order: one text is moved then, where sixty columns were. */
const inOrder = (where: string): string =>
  [
    `SELECT line FROM (SELECT time, event_uid, ${storedLine} AS line FROM token_events`,
    `WHERE time >= ${at('from')} AND time < ${at('to')} AND toDate(time) >= toDate(${at('from')}) AND toDate(time) <= toDate(${at('to')})`,
    `${where}) ORDER BY time, event_uid`,
  ].join(' ');

const span = z.object({ from: z.string(), to: z.string() });

/** Events of a span in order of time, for `StoredEvents`. */
export const storedEventsQuery = defineLines({ name: 'stored_events', sql: inOrder(''), params: span });

/** Days of a span on which anything happened, in order, with how much. */
export const storedDaysQuery = defineQuery({
  name: 'stored_days',
  sql: `SELECT toUnixTimestamp64Milli(toDateTime64(toDate(time), 3, 'UTC')) AS day_ms, toUInt32(count()) AS events FROM token_events
WHERE time >= ${at('from')} AND time < ${at('to')} GROUP BY day_ms ORDER BY day_ms`,
  params: span,
  row: z.object({ day_ms: z.number(), events: z.number() }),
});

const ofEntity = (column: 'token_uid' | 'principal_uid') =>
  defineLines({
    name: `stored_events_of_${column}`,
    sql: inOrder(`AND ${column} = {uid:String}`),
    params: span.extend({ uid: z.string() }),
  });

/** Those of one entity. */
export const storedEventsOf = { token: ofEntity('token_uid'), principal: ofEntity('principal_uid') } as const;

/** The line of one event, for `StoredEvents`. */
export const storedEventQuery = defineQuery({
  name: 'stored_event',
  sql: `SELECT ${storedLine} AS line FROM token_events WHERE event_uid = toUUID({uid:String}) LIMIT 1`,
  params: z.object({ uid: z.string() }),
  row: z.object({ line: z.string() }),
});
