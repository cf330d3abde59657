import type { Score, Speaker } from '../core/detector.js';
import { REQUEST, sqlText, sqlTime } from '../core/reproduce.js';

/** Events that are words of the speaker, in the words of the store. */
function wordsOf(kind: Speaker, uid: string): string {
  if (kind === 'source') return `concat(source_product, ' ', source_instance) = ${sqlText(uid)}`;
  if (kind === 'principal') return `principal_uid = ${sqlText(uid)} AND ${REQUEST}`;
  return `token_uid = ${sqlText(uid)} AND direction != 'outbound' AND action = 'use'`;
}

/** Minutes from the minute of the last word to the end of the window; without a word since, those of the whole window. */
export function silenceSql(kind: Speaker, uid: string, { windowStartMs, windowEndMs }: Score): string {
  const end = sqlTime(windowEndMs);
  return [
    `SELECT (toUnixTimestamp64Milli(${end}) - toUnixTimestamp(toStartOfMinute(max(time))) * 1000) / 60000 AS observed FROM events_v1`,
    `WHERE ${wordsOf(kind, uid)} AND time >= ${sqlTime(windowStartMs)} AND time < ${end}`,
  ].join(' ');
}
