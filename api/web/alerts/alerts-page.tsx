import { useComputed } from '@preact/signals';
import type { Alert, Page } from '../lib/api-types.js';
import { count, moment, parse, span } from '../lib/format.js';
import { useJson } from '../lib/load.js';
import { alertsVersion } from '../lib/open-alerts.js';
import { query, withQuery } from '../lib/router.js';
import { SeverityBadge, StateWord } from '../shell/badge.js';
import { Failure } from '../shell/failure.js';
import { AlertDetail } from './alert-detail.js';
import { readingText, samplesText } from './reading.js';
import { SuppressedFindings } from './suppressed-findings.js';

const states = ['open', 'acknowledged', 'suppressed', 'resolved'] as const;
type State = (typeof states)[number];
const LIMIT = 500;

/** One row for each token and incident, and beside it why. */
export function AlertsPage({ uid }: { uid: string }) {
  const version = alertsVersion.value;
  const loaded = useJson<Page<Alert>>(`/v1/alerts?limit=${LIMIT}`, version);
  const { value, error } = loaded.value;
  const all = value?.items ?? [];
  const wanted = useComputed<State | 'all'>(
    () => states.find((state) => state === query.value.get('state')) ?? 'all',
  ).value;
  const shown = all.filter((alert) => wanted === 'all' || alert.state === wanted);
  const selected = all.find((alert) => alert.alert_uid === uid) ?? null;
  const more = value?.next_cursor == null ? '' : '+';
  return (
    <main id="main" class="alerts-page">
      <div class="page-head">
        <h1>Alerts</h1>
        <nav class="tabs" aria-label="States">
          <a href={withQuery({ state: null })} aria-current={wanted === 'all' ? 'true' : undefined}>
            All {count(all.length)}
            {more}
          </a>
          {states.map((state) => (
            <a key={state} href={withQuery({ state })} aria-current={wanted === state ? 'true' : undefined}>
              <StateWord state={state} /> {all.filter((alert) => alert.state === state).length}
              {more}
            </a>
          ))}
        </nav>
      </div>
      <Failure error={error} />
      <div class={uid === '' ? 'alerts-grid alone' : 'alerts-grid'}>
        <ul class="alert-rows" aria-label="Alerts">
          {shown.map((alert) => (
            <li key={alert.alert_uid}>
              <AlertRow alert={alert} current={alert.alert_uid === uid} />
            </li>
          ))}
          {value !== null && shown.length === 0 ? (
            <li class="empty">
              {all.length === 0
                ? 'No alert yet. Detectors have found nothing that is out of the ordinary.'
                : 'None in this state.'}
            </li>
          ) : null}
        </ul>
        {uid === '' ? null : <AlertDetail key={uid} uid={uid} known={selected} />}
      </div>
      {uid === '' ? <SuppressedFindings ask={{}} /> : null}
    </main>
  );
}

function AlertRow({ alert, current }: { alert: Alert; current: boolean }) {
  const began = parse(alert.first_seen);
  const lasted = parse(alert.last_seen) - began;
  const { observed, against, usual } = readingText(alert.reading);
  return (
    <a
      class={`alert-row tone-alert-${alert.severity}`}
      href={`/alerts/${alert.alert_uid}${window.location.search}`}
      aria-current={current ? 'true' : undefined}
    >
      <SeverityBadge severity={alert.severity} />
      <span class="alert-who clip">
        {alert.principal_name || alert.token_name || alert.token_uid || alert.principal_uid || alert.entity_uid}
      </span>
      <span class="alert-when">
        {moment(began)}
        <span class="dim"> {lasted < 1000 ? '' : `for ${span(lasted)}`}</span>
      </span>
      <span class="alert-times" title={`${alert.finding_count} findings`}>
        ×{alert.finding_count}
      </span>
      <span class="alert-why">
        <strong>{observed}</strong> <span class="dim">{against}</span> {usual}
        {against === 'limit' ? null : <span class="dim"> · {samplesText(alert.reading.sample_count)}</span>}
      </span>
      <span class="alert-path dim clip">
        {alert.client_addresses.slice(0, 2).join(', ') || 'address not named'} →{' '}
        {alert.target_services.slice(0, 3).join(', ') || 'service not named'}
      </span>
      <StateWord state={alert.state} />
    </a>
  );
}
