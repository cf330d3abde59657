import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  RowBuilder,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { pluginId } from './clickhouse-query.js';
import { hopTime, stat, table, timeSeries } from './panels.js';

const severityWeight = `multiIf(severity = 'critical', 100, severity = 'high', 40, severity = 'medium', 10, severity = 'low', 3, 1)`;

/** What somebody who was woken at three needs first: what is open, who is it, what is new, is the picture whole. */
export function buildOverview(): Dashboard {
  return new DashboardBuilder('Tourniquet: overview')
    .uid('tourniquet-overview')
    .description(
      'Open alerts, tokens by findings, new edges, uses against failures, static debt, health of the sources.',
    )
    .tags(['tourniquet'])
    .timezone('utc')
    .time({ from: 'now-24h', to: 'now' })
    .refresh('1m')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type(pluginId))
    .withRow(new RowBuilder('Now'))
    .withPanel(
      stat(
        {
          title: 'Alerts not resolved',
          description: 'Open or acknowledged, whatever the span of time shown.',
          sql: `SELECT count() AS alerts FROM alerts_v1 WHERE state IN ('open', 'acknowledged')`,
        },
        { width: 4, height: 4 },
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Tokens in use',
          description: 'Distinct tokens with a use in the span shown.',
          sql: `SELECT uniq(token_uid) AS tokens FROM token_usage_v1 WHERE $__timeFilter(hour) AND requests > 0`,
        },
        { width: 4, height: 4 },
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Calls between services',
          description: 'Hops: a request between two services is one, however many logs tell of it.',
          sql: `SELECT sum(requests) AS calls FROM edges_v1 WHERE $__timeFilter(hour)`,
        },
        { width: 4, height: 4 },
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Share of failures',
          description: 'Refused or failed calls.',
          sql: `SELECT sum(failures) / greatest(sum(requests), 1) AS share FROM edges_v1 WHERE $__timeFilter(hour)`,
        },
        { width: 4, height: 4 },
        'percentunit',
      ),
    )
    .withPanel(
      stat(
        {
          title: 'New tokens',
          description: 'Seen for the first time in the span shown.',
          sql: `SELECT count() AS tokens FROM tokens_v1 WHERE $__timeFilter_ms(first_seen)`,
        },
        { width: 4, height: 4 },
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Tokens in URLs or logs',
          description:
            'Secrets that stood where they must not, in the span shown. They are in other logs too: rotate them.',
          sql: `SELECT uniqIf(token_uid, token_uid != '') AS tokens FROM events_v1 WHERE $__timeFilter_ms(time) AND notEmpty(exposures)`,
        },
        { width: 4, height: 4 },
      ),
    )
    .withPanel(
      table(
        {
          title: 'Alerts not resolved',
          description: 'Worst first. A click on a token opens its page.',
          sql: `
SELECT severity, title, if(token_name = '', principal_uid, token_name) AS who, token_uid,
    arrayStringConcat(client_addresses, ', ') AS from_addresses, arrayStringConcat(target_services, ', ') AS touching,
    state, first_time AS since, last_time AS last, findings_count AS findings
FROM alerts_v1
WHERE state IN ('open', 'acknowledged')
ORDER BY indexOf(['critical', 'high', 'medium', 'low', 'info'], severity), last_time DESC
LIMIT 100`,
        },
        { width: 24, height: 8 },
      ),
    )
    .withRow(new RowBuilder('Who and what'))
    .withPanel(
      table(
        {
          title: 'Tokens by findings',
          description:
            'Findings in the span shown, weighted by severity (critical 100, high 40, medium 10, low 3, info 1).',
          sql: `
SELECT token_uid, any(token_name) AS name, any(principal_uid) AS principal, sum(${severityWeight}) AS weight,
    count() AS findings, arrayStringConcat(groupUniqArray(detector), ', ') AS detectors, max(time) AS last
FROM findings_v1
WHERE $__timeFilter_ms(time) AND token_uid != ''
GROUP BY token_uid
ORDER BY weight DESC
LIMIT 20`,
        },
        { width: 12, height: 8 },
      ),
    )
    .withPanel(
      table(
        {
          title: 'New edges',
          description: 'Who called what for the first time ever in the span shown: deploys, and lateral movement.',
          sql: `
SELECT caller_service, target_service, min(first_time) AS first, sum(requests) AS calls, sum(failures) AS failed,
    arrayStringConcat(arraySlice(groupUniqArray(concat(target_method, ' ', target_route)), 1, 3), ', ') AS routes
FROM edges_v1
GROUP BY caller_service, target_service
HAVING first >= $__fromTime_ms AND first <= $__toTime_ms
ORDER BY first DESC
LIMIT 50`,
        },
        { width: 12, height: 8 },
      ),
    )
    .withPanel(
      timeSeries(
        {
          title: 'Calls and failures',
          description: 'By hour of event time.',
          sql: `
SELECT $__timeInterval(hour) AS time, sum(requests) - sum(edges_v1.failures) AS accepted, sum(edges_v1.failures) AS failed
FROM edges_v1
WHERE $__timeFilter(hour)
GROUP BY time
ORDER BY time`,
        },
        { width: 12, height: 8 },
        { bars: true },
      ),
    )
    .withPanel(
      timeSeries(
        {
          title: 'Failures by reason',
          description:
            'RFC 6749 and 6750 error codes where they exist. Calls that failed, each counted once, and what issuers refused.',
          sql: `
SELECT $__timeInterval(e.time) AS time, if(reason = '', 'not told', reason) AS why, count() AS failures
FROM
(
    SELECT h.time AS time, reason FROM hops_v1 AS h WHERE ${hopTime('h.time')} AND outcome = 'failure'
    UNION ALL
    SELECT l.time, reason FROM events_v1 AS l WHERE $__timeFilter_ms(l.time) AND outcome = 'failure' AND action != 'use'
) AS e
GROUP BY time, why
ORDER BY time`,
        },
        { width: 12, height: 8 },
        { bars: true },
      ),
    )
    .withRow(new RowBuilder('Static debt'))
    .withPanel(
      table(
        {
          title: 'About to expire in heavy use',
          description: 'Expires within seven days and was used in the last day: the outage to come. Busiest first.',
          sql: `
SELECT token_uid, t.name AS name, t.principal_id AS principal, t.expires_at AS expires, sum(u.requests) AS uses_last_day
FROM tokens_v1 AS t
INNER JOIN token_usage_v1 AS u USING (token_uid)
WHERE t.expires_at BETWEEN now() AND now() + INTERVAL 7 DAY AND t.revoked_at IS NULL AND u.hour >= now() - INTERVAL 1 DAY
GROUP BY token_uid, name, principal, expires
HAVING uses_last_day > 0
ORDER BY uses_last_day DESC
LIMIT 20`,
        },
        { width: 8, height: 8 },
      ),
    )
    .withPanel(
      table(
        {
          title: 'Long-lived',
          description: 'Valid for more than 90 days, or without an expiry and older than a day; longest known first.',
          sql: `
SELECT token_uid, name, principal_id AS principal, arrayStringConcat(kinds, ', ') AS kind, first_seen, expires_at, last_use
FROM tokens_v1
WHERE revoked_at IS NULL AND last_seen >= now() - INTERVAL 90 DAY
    AND ((expires_at IS NULL AND first_seen < now() - INTERVAL 1 DAY) OR expires_at > ifNull(issued_at, first_seen) + INTERVAL 90 DAY)
ORDER BY ifNull(issued_at, first_seen)
LIMIT 50`,
        },
        { width: 8, height: 8 },
      ),
    )
    .withPanel(
      table(
        {
          title: 'Valid and unused',
          description: 'Neither revoked nor expired, older than a day, no accepted use in 30 days: revoke them.',
          sql: `
SELECT token_uid, name, principal_id AS principal, arrayStringConcat(issuers, ', ') AS issuer, first_seen, last_use, expires_at
FROM tokens_v1
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AND first_seen < now() - INTERVAL 1 DAY
    AND (last_use IS NULL OR last_use < now() - INTERVAL 30 DAY)
ORDER BY first_seen
LIMIT 50`,
        },
        { width: 8, height: 8 },
      ),
    )
    .withRow(new RowBuilder('Is the picture whole?'))
    .withPanel(
      table(
        {
          title: 'Sources',
          description:
            'Last event, how late events arrive, and the share of requests that name their token. A source that stands still is blind.',
          sql: `
SELECT source_product AS product, source_instance AS instance, count() AS events, max(observed_time) AS last_read,
    dateDiff('second', max(observed_time), now64(3)) AS silent_for,
    quantile(0.95)(dateDiff('second', time, observed_time)) AS delay_p95,
    countIf(action = 'use' AND token_uid != '') / greatest(countIf(action = 'use'), 1) AS token_known
FROM events_v1
WHERE $__timeFilter_ms(time)
GROUP BY product, instance
ORDER BY silent_for DESC`,
        },
        { width: 12, height: 8 },
        { silent_for: 's', delay_p95: 's', token_known: 'percentunit' },
      ),
    )
    .withPanel(
      timeSeries(
        {
          title: 'Events by source',
          description: 'A line that falls to nothing while traffic goes on is a source that was lost.',
          sql: `
SELECT $__timeInterval(e.time) AS time, concat(source_product, ' ', source_instance) AS source, count() AS events
FROM events_v1 AS e
WHERE $__timeFilter_ms(e.time)
GROUP BY time, source
ORDER BY time`,
        },
        { width: 12, height: 8 },
      ),
    )
    .build();
}
