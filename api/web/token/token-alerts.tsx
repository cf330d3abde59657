import { readingText } from '../alerts/reading.js';
import { SuppressedFindings } from '../alerts/suppressed-findings.js';
import type { Alert } from '../lib/api-types.js';
import { moment, parse } from '../lib/format.js';
import { SeverityBadge, StateWord } from '../shell/badge.js';

export function TokenAlerts({ uid, alerts }: { uid: string; alerts: readonly Alert[] }) {
  return (
    <section class="panel" aria-labelledby="token-alerts">
      <h2 id="token-alerts">
        Alerts <span class="dim">{alerts.length}</span>
      </h2>
      {alerts.length === 0 ? (
        <p class="dim">None was ever raised for this token.</p>
      ) : (
        <ul class="alert-list">
          {alerts.map((alert) => {
            const { observed, against, usual } = readingText(alert.reading);
            return (
              <li key={alert.alert_uid}>
                <a href={`/alerts/${alert.alert_uid}`}>
                  <SeverityBadge severity={alert.severity} />
                  <strong>{alert.title}</strong>
                </a>
                <p>
                  {observed} <span class="dim">{against}</span> {usual}
                </p>
                <p class="dim">
                  {moment(parse(alert.first_seen))} · ×{alert.finding_count} · <StateWord state={alert.state} />
                </p>
              </li>
            );
          })}
        </ul>
      )}
      <SuppressedFindings ask={{ token_uid: uid }} />
    </section>
  );
}
