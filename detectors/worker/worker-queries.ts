import { z } from 'zod';
import type { Stage } from '../core/detector.js';
import { FAILED, ISSUER_REFUSAL, REQUEST_KEY } from '../core/reproduce.js';
import { defineQuery } from '../../ingest/store/query.js';

const partitionParams = z.object({ stage: z.string(), partition: z.number() });

/** The last checkpoint of a partition. */
export const checkpointQuery = defineQuery({
  name: 'worker_checkpoint',
  sql: `SELECT state FROM worker_checkpoints
WHERE stage = {stage:String} AND log_partition = {partition:UInt16}
ORDER BY version DESC LIMIT 1`,
  params: partitionParams,
  row: z.object({ state: z.string() }),
});

/** The last checkpoint of each partition. */
export const checkpointsQuery = defineQuery({
  name: 'worker_all_checkpoints',
  sql: `SELECT log_partition, argMax(state, version) AS state FROM worker_checkpoints
WHERE stage = {stage:String} GROUP BY log_partition`,
  params: z.object({ stage: z.string() }),
  row: z.object({ log_partition: z.number(), state: z.string() }),
});

/** The newest state of each entity, the one used last first. */
export const statesQuery = defineQuery({
  name: 'worker_states',
  sql: `SELECT entity_uid, argMax(state, version) AS state FROM detector_state
WHERE stage = {stage:String} AND log_partition = {partition:UInt16}
GROUP BY entity_uid ORDER BY max(version) DESC, entity_uid LIMIT {max:UInt32}`,
  params: partitionParams.extend({ max: z.number() }),
  row: z.object({ entity_uid: z.string(), state: z.string() }),
});

/** Characters of ids that one statement is asked about: a parameter of an HTTP request holds 128 KiB by default. */
export const UIDS_LENGTH = 32_768;

/** The newest states of these entities. */
export const statesOfQuery = defineQuery({
  name: 'worker_states_of',
  sql: `SELECT entity_uid, argMax(state, version) AS state FROM detector_state
WHERE stage = {stage:String} AND log_partition = {partition:UInt16} AND entity_uid IN {uids:Array(String)}
GROUP BY entity_uid ORDER BY entity_uid`,
  params: partitionParams.extend({ uids: z.array(z.string()) }),
  row: z.object({ entity_uid: z.string(), state: z.string() }),
});

/** event_uids of the partition since a time, newest first. */
export const recentUidsQuery = defineQuery({
  name: 'worker_recent_uids',
  sql: `SELECT toString(event_uid) AS event_uid, toUnixTimestamp64Milli(time) AS time_ms FROM token_events
WHERE time >= parseDateTime64BestEffort({from:String}, 3, 'UTC')
  AND toDate(time) >= toDate(parseDateTime64BestEffort({from:String}, 3, 'UTC'))
  AND log_partition = {partition:UInt16} AND log_offset < {before:UInt64}
ORDER BY time DESC LIMIT {max:UInt32}`,
  params: z.object({ partition: z.number(), before: z.string(), from: z.string(), max: z.number() }),
  row: z.object({ event_uid: z.string(), time_ms: z.number() }),
});

/** Which of these events are stored from earlier offsets. */
export const knownUidsQuery = defineQuery({
  name: 'worker_known_uids',
  sql: `SELECT DISTINCT toString(event_uid) AS event_uid FROM token_events
WHERE event_uid IN (SELECT arrayJoin({uids:Array(UUID)}))
  AND time >= parseDateTime64BestEffort({from:String}, 3, 'UTC')
  AND time <= parseDateTime64BestEffort({to:String}, 3, 'UTC')
  AND log_partition = {partition:UInt16} AND log_offset < {before:UInt64}`,
  params: z.object({
    uids: z.array(z.string()),
    partition: z.number(),
    before: z.string(),
    from: z.string(),
    to: z.string(),
  }),
  row: z.object({ event_uid: z.string() }),
});

const usageQuery = (stage: Stage) =>
  defineQuery({
    name: `worker_${stage}_usage`,
    sql: `SELECT ${stage}_uid AS uid, toUnixTimestamp(hour) * 1000 AS hour_ms, sum(requests) AS requests, sum(failures) AS failures
FROM ${stage}_usage_hourly
WHERE ${stage}_uid IN {uids:Array(String)}
  AND hour >= parseDateTimeBestEffort({from:String}, 'UTC') AND hour < parseDateTimeBestEffort({to:String}, 'UTC')
GROUP BY uid, hour ORDER BY uid, hour`,
    params: z.object({ uids: z.array(z.string()), from: z.string(), to: z.string() }),
    row: z.object({ uid: z.string(), hour_ms: z.number(), requests: z.number(), failures: z.number() }),
  });

/** Hours of these entities since a time, oldest first. */
export const usageQueries = { token: usageQuery('token'), principal: usageQuery('principal') } as const;

const correctionParams = z.object({ uids: z.array(z.string()), from: z.string(), to: z.string() });
const correctionRow = z.object({
  uid: z.string(),
  hour_ms: z.number().int(),
  requests: z.coerce.number(),
  failures: z.coerce.number(),
});

/** Events of these entities in the window, in the form that the table's order knows, too. */
const eventsOf = (stage: Stage): string => `token_events
  WHERE ${stage}_uid IN {uids:Array(String)}
    AND time >= parseDateTime64BestEffort({from:String}, 3, 'UTC') AND time < parseDateTime64BestEffort({to:String}, 3, 'UTC')
    AND toDate(time) >= toDate(parseDateTime64BestEffort({from:String}, 3, 'UTC'))
    AND toDate(time) <= toDate(parseDateTime64BestEffort({to:String}, 3, 'UTC'))`;

const HOUR_OF = "toInt64(toUnixTimestamp(toStartOfHour(time, 'UTC'))) * 1000";

/** Refusals of these tokens at an issuer: failed requests of the detectors that no roll-up of tokens holds. */
export const tokenRefusalsQuery = defineQuery({
  name: 'worker_token_refusals',
  sql: `SELECT token_uid AS uid, ${HOUR_OF} AS hour_ms, count() AS requests, count() AS failures
FROM ${eventsOf('token')} AND ${ISSUER_REFUSAL}
GROUP BY uid, hour_ms`,
  params: correctionParams,
  row: correctionRow,
});

/** Lines of these principals that told of a request again (core/told-once.ts), which their roll-up counts as requests. */
export const principalToldAgainQuery = defineQuery({
  name: 'worker_principal_told_again',
  sql: `SELECT uid, hour_ms, count() AS requests, countIf(failed) AS failures
FROM
(
  SELECT uid, hour_ms, failed, row_number() OVER (PARTITION BY uid, request, nth ORDER BY time, event_uid) AS line
  FROM
  (
    SELECT
      toString(principal_uid) AS uid, time, event_uid, ${HOUR_OF} AS hour_ms, ${FAILED} AS failed, cityHash64(${REQUEST_KEY}) AS request,
      row_number() OVER (PARTITION BY uid, request, record_type ORDER BY time, event_uid) AS nth
    FROM ${eventsOf('principal')} AND direction != 'outbound' AND action = 'use'
      AND (source_product, source_instance) GLOBAL IN (
        SELECT source_product, source_instance
        FROM ${eventsOf('principal')} AND direction != 'outbound' AND action = 'use'
        GROUP BY source_product, source_instance
        HAVING min(record_type) != max(record_type))
  )
)
WHERE line > 1
GROUP BY uid, hour_ms`,
  params: correctionParams,
  row: correctionRow,
});

/** Which of these findings are stored. */
export const knownFindingsQuery = defineQuery({
  name: 'worker_known_findings',
  sql: `SELECT DISTINCT toString(finding_uid) AS finding_uid FROM findings
WHERE finding_uid IN (SELECT arrayJoin({uids:Array(UUID)}))`,
  params: z.object({ uids: z.array(z.string()) }),
  row: z.object({ finding_uid: z.string() }),
});
