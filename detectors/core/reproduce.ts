import { formatTime } from '../../ingest/event/time.js';
import type { Observation } from './detector.js';
import type { Reason } from '../../ingest/event/token-event.js';
import { outageReasons, refusalReasons } from './observation.js';
import { TOLD_MS } from './told-once.js';

/** Text as a ClickHouse string literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')}'`;
}

/** Milliseconds since the Unix epoch as a ClickHouse DateTime64(3) expression. */
export function sqlTime(ms: number): string {
  return `parseDateTime64BestEffort('${formatTime(ms)}', 3, 'UTC')`;
}

const list = (texts: readonly string[]): string => texts.map(sqlText).join(', ');

// The same words as `toObservation`, for the store.
export const FAILED = `(outcome = 'failure' AND reason NOT IN (${list(outageReasons)}) AND target_status < 500)`;
export const REQUEST = `direction != 'outbound' AND (action = 'use' OR (source_kind = 'issuer' AND ${FAILED}))`;
/** Of the requests, those that are no use: an issuer refused something, such as a refresh. They pass no hop. */
export const ISSUER_REFUSAL = `direction != 'outbound' AND action != 'use' AND source_kind = 'issuer' AND ${FAILED}`;

/** A condition: events of the entity. */
export function isOfEntity({ entityKind, entityUid }: Observation): string {
  return `${entityKind === 'token' ? 'token_uid' : 'principal_uid'} = ${sqlText(entityUid)}`;
}

/** Events of the entity from `fromMs` up to and with the deciding one, in the order in which detectors see them. */
function upToDecisive(observation: Observation, fromMs: number, whose = isOfEntity(observation)): string {
  const at = sqlTime(observation.timeMs);
  const uid = sqlText(observation.event.event_uid);
  return [
    `FROM events_v1 WHERE ${whose} AND time >= ${sqlTime(fromMs)}`,
    `AND (time < ${at} OR (time = ${at} AND toString(event_uid) <= ${uid}))`,
  ].join(' ');
}

/** What lines of one request have in common, in the words of `requestKeyOf`; whatever is no use is by itself. */
export const REQUEST_KEY = [
  "if(action = 'use', '', toString(event_uid)), source_product, source_instance, target_service, target_method, target_path,",
  "multiIf(request_id != '', request_id, trace_id != '', trace_id, concat(toString(target_status), ' ', toString(toUnixTimestamp(time))))",
].join(' ');

/**
 * Requests of the entity since a time, each by the first of the lines that tell of it: when (`at`), and whether a condition
 * held of that line.
 *
 * @param name of the column that says so.
 */
const requests = (observation: Observation, fromMs: number, name = 'failed', condition = FAILED): string =>
  [
    `FROM (SELECT min(time) AS at, argMin(is_${name}, (time, toString(event_uid))) AS ${name} FROM`,
    `(SELECT time, event_uid, ${condition} AS is_${name}, cityHash64(${REQUEST_KEY}) AS request,`,
    `row_number() OVER (PARTITION BY request, record_type ORDER BY time, toString(event_uid)) AS nth`,
    `${upToDecisive(observation, Math.max(0, fromMs - TOLD_MS))} AND ${REQUEST})`,
    `GROUP BY request, nth) WHERE at >= ${sqlTime(fromMs)}`,
  ].join(' ');

/**
 * Requests since `startMs` plus a part of those in the window before it.
 *
 * @param widthMs length of a window.
 * @param share how much of the window before counts, 0 to 1.
 */
export function requestsInWindowsSql(
  observation: Observation,
  startMs: number,
  widthMs: number,
  share: number,
): string {
  const start = sqlTime(startMs);
  if (share === 0) return `SELECT count() AS observed ${requests(observation, startMs)}`;
  const before = `${share.toString()} * countIf(at < ${start})`;
  return `SELECT countIf(at >= ${start}) + ${before} AS observed ${requests(observation, startMs - widthMs)}`;
}

/** Requests that wait since `startMs`, when `burst` did already and one goes every `intervalMs`. */
export function requestsWaitingSql(
  observation: Observation,
  startMs: number,
  burst: number,
  intervalMs: number,
): string {
  const gone = (observation.timeMs - startMs) / intervalMs;
  return `SELECT ${burst} + count() - ${gone.toString()} AS observed ${requests(observation, startMs)}`;
}

/** Requests from `startMs` up to `endMs`, which is left out. */
export function requestsBetweenSql(observation: Observation, startMs: number, endMs: number): string {
  return `SELECT count() AS observed ${requests(observation, startMs)} AND at < ${sqlTime(endMs)}`;
}

/**
 * A figure of requests since `startMs`.
 *
 * @param value of a request, by columns of the line that told it first.
 * @param figure an aggregate of `figure`, which these values are called.
 */
export function requestFigureSql(observation: Observation, startMs: number, value: string, figure: string): string {
  return `SELECT ${figure} AS observed ${requests(observation, startMs, 'figure', value)}`;
}

/** Share of failed requests since `startMs`. */
export function failureShareSql(observation: Observation, startMs: number): string {
  return `SELECT countIf(failed) / count() AS observed ${requests(observation, startMs)}`;
}

/** Events of the entity since `startMs`, whatever became of them and from whichever side of the hop they were seen. */
export function usesSinceSql(observation: Observation, startMs: number): string {
  const entity = isOfEntity(observation);
  const [from, to] = [sqlTime(startMs), sqlTime(observation.timeMs)];
  return `SELECT count() AS observed FROM events_v1 WHERE ${entity} AND time >= ${from} AND time <= ${to}`;
}

/** Requests of the entity that were refused for one of these reasons (or with a 401 without any) since `startMs`. */
export function failuresSinceSql(observation: Observation, startMs: number, reasons: readonly Reason[]): string {
  const named = `reason IN (${list(reasons)})`;
  const bare = "(reason = '' AND target_status = 401)";
  const refused = `(${FAILED} AND (${reasons.length === 1 ? named : `${named} OR ${bare}`}))`;
  return `SELECT countIf(refused) AS observed ${requests(observation, startMs, 'refused', refused)}`;
}

/** The words of `isServed` for the store. */
export const SERVED = "direction != 'outbound' AND action = 'use' AND outcome = 'success'";

/** Requests of the entity since `startMs` that were served. */
export function servedSinceSql(observation: Observation, startMs: number): string {
  return `SELECT countIf(served) AS observed ${requests(observation, startMs, 'served', `(${SERVED})`)}`;
}

/** A use of which `accepted` is true, in the words of the store. */
export const ACCEPTED = [
  "direction != 'outbound' AND action = 'use' AND (outcome = 'success'",
  `OR (reason != '' AND reason NOT IN (${list(refusalReasons)})) OR (reason = '' AND target_status NOT IN (0, 401)))`,
].join(' ');

/** The words of `networkOf`. */
export const NETWORK = [
  "if(isIPv6String(client_address) AND NOT match(client_address, '(?i)^::ffff:[0-9.]+$'),",
  "cutIPv6(toIPv6OrDefault(client_address), 8, 0), replaceRegexpOne(client_address, '(?i)^::ffff:', ''))",
].join(' ');

/**
 * One figure over the entity's events from `startMs` up to and with the deciding one.
 *
 * @param figure an aggregate of columns of `events_v1`.
 * @param condition which of the events count.
 */
export function figureSql(observation: Observation, startMs: number, condition: string, figure = 'count()'): string {
  return `SELECT ${figure} AS observed ${upToDecisive(observation, startMs)} AND ${condition}`;
}

/** The same from `startMs` up to `endMs`, which is left out: of an event that came late, whose neighbours may be newer. */
export function figureBetweenSql(
  observation: Observation,
  startMs: number,
  endMs: number,
  condition: string,
  figure: string,
): string {
  const window = `time >= ${sqlTime(startMs)} AND time < ${sqlTime(endMs)}`;
  return `SELECT ${figure} AS observed FROM events_v1 WHERE ${isOfEntity(observation)} AND ${window} AND ${condition}`;
}

/**
 * Principals of a group of peers with such events from `startMs` up to and with the deciding one.
 *
 * @param group condition of `events_v1` for the group.
 * @param condition which of the events count.
 */
export function peersSql(observation: Observation, startMs: number, group: string, condition: string): string {
  return `SELECT uniqExact(principal_uid) AS observed ${upToDecisive(observation, startMs, group)} AND ${condition}`;
}

/**
 * Seconds from `startMs`, an ending, to the entity's newest served use within what was observed.
 *
 * @param observedS what the finding says, seconds.
 * @param condition which uses count, beside being served.
 */
export function lastUseSql(observation: Observation, startMs: number, observedS: number, condition = SERVED): string {
  return [
    `SELECT (toUnixTimestamp64Milli(max(time)) - ${startMs}) / 1000 AS observed FROM events_v1`,
    `WHERE ${isOfEntity(observation)}`,
    `AND time >= ${sqlTime(startMs)} AND time <= ${sqlTime(startMs + observedS * 1000)} AND ${condition}`,
  ].join(' ');
}
