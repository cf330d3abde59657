import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { dataSource, pluginId } from './clickhouse-query.js';
import { hopTime, stat, table, timeSeries, tokenDashboardUid } from './panels.js';

/** `:sqlstring` quotes the value and doubles quotes inside, so that what stands in the address bar stays text. */
const token = '${token:sqlstring}';

const seenWith = (dimensions: string): string => `
SELECT value, first_time AS first, last_time AS last, events, accepted_events AS accepted, dimension
FROM first_seen_v1
WHERE token_uid = ${token} AND dimension IN (${dimensions})
ORDER BY last DESC
LIMIT 50`;

/** One token: which, from where, by what, touching what, since when; then its usage, what is new, its calls, its alerts. */
export function buildTokenDetail(): Dashboard {
  return new DashboardBuilder('Tourniquet: token detail')
    .uid(tokenDashboardUid)
    .description('Which token, from where, by what process, touching what, since when.')
    .tags(['tourniquet'])
    .timezone('utc')
    .time({ from: 'now-7d', to: 'now' })
    .refresh('1m')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type(pluginId))
    .withVariable(
      new QueryVariableBuilder('token')
        .label('Token')
        .description('The last seen; any other token_uid can be typed in.')
        .datasource(dataSource)
        .query('SELECT token_uid FROM tokens_v1 ORDER BY last_seen DESC LIMIT 500')
        .refresh(VariableRefresh.OnDashboardLoad)
        .allowCustomValue(true),
    )
    .withRow(new RowBuilder('The five questions'))
    .withPanel(
      table(
        {
          title: 'Which',
          description: 'The inventory’s row. More than one secret under one token means re-signed or forged.',
          sql: `
SELECT name, arrayStringConcat(kinds, ', ') AS kind, arrayStringConcat(issuers, ', ') AS issuer, key_id,
    principal_id AS principal, arrayStringConcat(scopes, ' ') AS scopes, arrayStringConcat(sources, ', ') AS sources,
    issued_at, expires_at, revoked_at, secrets
FROM tokens_v1
WHERE token_uid = ${token}`,
        },
        { width: 16, height: 5 },
      ),
    )
    .withPanel(
      stat(
        {
          title: 'Since',
          description: 'First and last event, whatever the span of time shown.',
          sql: `
SELECT toUnixTimestamp64Milli(first_seen) AS first_seen, toUnixTimestamp64Milli(last_seen) AS last_seen
FROM tokens_v1
WHERE token_uid = ${token}`,
        },
        { width: 8, height: 5 },
        'dateTimeAsIso',
      ),
    )
    .withPanel(
      table(
        {
          title: 'From',
          description: 'Networks that it came from. Seen but never accepted: somebody tried.',
          sql: seenWith(`'client_address', 'client_asn', 'client_country'`),
        },
        { width: 8, height: 8 },
      ),
    )
    .withPanel(
      table(
        {
          title: 'By',
          description: 'Workloads and user agents that presented it.',
          sql: seenWith(`'caller_service', 'user_agent'`),
        },
        { width: 8, height: 8 },
      ),
    )
    .withPanel(
      table(
        {
          title: 'Touches',
          description: 'Services and routes that it reached.',
          sql: seenWith(`'target_service', 'target_route'`),
        },
        { width: 8, height: 8 },
      ),
    )
    .withRow(new RowBuilder('Over time'))
    .withPanel(
      timeSeries(
        {
          title: 'Usage against what is usual',
          description:
            'Requests by hour, each counted once, however many proxies logged it. The band holds nine of ten hours with requests at this time of the day in the 14 days before the span shown.',
          sql: `
SELECT usage.hour AS time, usage.requests AS requests, usage.failures AS failed, past.low AS usual_low, past.high AS usual_high
FROM token_usage_v1 AS usage
LEFT JOIN
(
    SELECT toHour(hour) AS hour_of_day, quantile(0.05)(requests) AS low, quantile(0.95)(requests) AS high
    FROM token_usage_v1
    WHERE token_uid = ${token} AND requests > 0 AND hour < $__fromTime AND hour >= $__fromTime - INTERVAL 14 DAY
    GROUP BY hour_of_day
) AS past ON past.hour_of_day = toHour(usage.hour)
WHERE usage.token_uid = ${token} AND $__timeFilter(usage.hour)
ORDER BY time`,
        },
        { width: 16, height: 9 },
        { band: ['usual_high', 'usual_low'] },
      ),
    )
    .withPanel(
      table(
        {
          title: 'First seen in this span',
          description: 'Everything that was new for this token, latest first.',
          sql: `
SELECT first_time AS first, dimension, value, events, accepted_events AS accepted
FROM first_seen_v1
WHERE token_uid = ${token} AND $__timeFilter_ms(first_time)
ORDER BY first DESC
LIMIT 100`,
        },
        { width: 8, height: 9 },
      ),
    )
    .withPanel(
      timeSeries(
        {
          title: 'Where to',
          description: 'Requests by hour and service.',
          sql: `
SELECT $__timeInterval(e.time) AS time, target_service AS service, count() AS requests
FROM hops_v1 AS e
WHERE ${hopTime('e.time')} AND token_uid = ${token} AND NOT token_lent
GROUP BY time, service
ORDER BY time`,
        },
        { width: 12, height: 8 },
        { bars: true },
      ),
    )
    .withPanel(
      timeSeries(
        {
          title: 'Where from',
          description: 'Requests by hour and address.',
          sql: `
SELECT $__timeInterval(e.time) AS time, client_address AS address, count() AS requests
FROM hops_v1 AS e
WHERE ${hopTime('e.time')} AND token_uid = ${token} AND NOT token_lent
GROUP BY time, address
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
          description: 'Requests by hour and reason: RFC 6749 and 6750 error codes where they exist.',
          sql: `
SELECT $__timeInterval(e.time) AS time, if(reason = '', 'not told', reason) AS why, count() AS failures
FROM hops_v1 AS e
WHERE ${hopTime('e.time')} AND token_uid = ${token} AND NOT token_lent AND outcome = 'failure'
GROUP BY time, why
ORDER BY time`,
        },
        { width: 24, height: 8 },
        { bars: true },
      ),
    )
    .withRow(new RowBuilder('Evidence'))
    .withPanel(
      table(
        {
          title: 'Alerts',
          description: 'All of this token, latest first.',
          sql: `
SELECT severity, state, title, summary, first_time AS since, last_time AS last, findings_count AS findings,
    arrayStringConcat(detectors, ', ') AS detectors
FROM alerts_v1
WHERE token_uid = ${token}
ORDER BY last DESC
LIMIT 50`,
        },
        { width: 12, height: 8 },
      ),
    )
    .withPanel(
      table(
        {
          title: 'Findings',
          description: 'What detectors saw against what they expected, in the span shown.',
          sql: `
SELECT time, detector, severity, summary, observed, expected, spread, unit
FROM findings_v1
WHERE token_uid = ${token} AND $__timeFilter_ms(time)
ORDER BY time DESC
LIMIT 100`,
        },
        { width: 12, height: 8 },
      ),
    )
    .withPanel(
      table(
        {
          title: 'Calls',
          description: 'Latest lines of logs in the span shown: several may tell of one request.',
          sql: `
SELECT time, action, outcome, reason, client_address, caller_service, user_agent, target_service, target_method, target_path,
    target_status, transport, request_id
FROM events_v1
WHERE $__timeFilter_ms(time) AND token_uid = ${token}
ORDER BY time DESC
LIMIT 200`,
        },
        { width: 24, height: 10 },
      ),
    )
    .build();
}
