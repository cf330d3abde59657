import { useSignal } from '@preact/signals';
import type { Alert, Finding, Page } from '../lib/api-types.js';
import { clockSeconds, count, iso, moment, parse, span } from '../lib/format.js';
import { useJson } from '../lib/load.js';
import { sqlLink } from '../lib/sql.js';
import { alertsVersion } from '../lib/open-alerts.js';
import { SeverityBadge, StateWord } from '../shell/badge.js';
import { CopyButton } from '../shell/copy-button.js';
import { Failure } from '../shell/failure.js';
import { Decisions } from './decisions.js';
import { readingText, samplesText } from './reading.js';
import { SuppressedFindings } from './suppressed-findings.js';

/** @param known what the list says of it, until the alert itself is read. */
export function AlertDetail({ uid, known }: { uid: string; known: Alert | null }) {
  const decided = useSignal<Alert | null>(null);
  const loaded = useJson<Alert>(`/v1/alerts/${encodeURIComponent(uid)}`, alertsVersion.value);
  const alert = decided.value ?? loaded.value.value ?? known;
  if (alert === null) {
    return (
      <section class="panel" aria-label="Alert">
        <Failure error={loaded.value.error} />
        {loaded.value.error === null ? 'Reading…' : null}
      </section>
    );
  }
  return (
    <section class="panel alert-detail" aria-labelledby="alert-title">
      <div class="detail-head">
        <h2 id="alert-title">
          <SeverityBadge severity={alert.severity} /> {alert.title}
        </h2>
        <StateWord state={alert.state} />
      </div>
      <p class="actions">
        {alert.token_uid === '' ? null : (
          <a class="button primary" href={`/tokens/${alert.token_uid}`}>
            Open token
          </a>
        )}
        <a class="button" href={mapLink(alert)}>
          Show on the map
        </a>
        <CopyButton text={() => summaryOf(alert)}>Copy incident summary</CopyButton>
      </p>
      <Facts alert={alert} />
      <Why alert={alert} />
      <SuppressedFindings ask={{ ...askFor(alert), ...timeAround(alert) }} />
      <h3>Next step</h3>
      <p>{alert.next_step}</p>
      <Reader guidance={alert.guidance} />
      <Decisions
        alert={alert}
        onDecided={(next) => {
          decided.value = next;
          alertsVersion.value += 1;
        }}
      />
      <History alert={alert} />
      <Evidence alert={alert} />
    </section>
  );
}

/** The page's own address of the map that the alert links to. */
const mapLink = (alert: Alert): string => `/${new URL(alert.links.map).search}`;

function Facts({ alert }: { alert: Alert }) {
  const began = parse(alert.first_seen);
  const ended = parse(alert.last_seen);
  return (
    <dl class="facts">
      {alert.entity_kind === 'token' || alert.entity_kind === 'principal' ? null : (
        <>
          <dt>{alert.entity_kind.replaceAll('_', ' ')}</dt>
          <dd class="mono">{alert.entity_uid}</dd>
        </>
      )}
      {alert.token_uid === '' ? (
        <>
          <dt>Principal</dt>
          <dd>
            {alert.principal_name || 'not named'} <span class="mono dim">{alert.principal_uid}</span>
          </dd>
        </>
      ) : (
        <>
          <dt>Token</dt>
          <dd>
            <a href={`/tokens/${alert.token_uid}`}>{alert.principal_name || alert.token_name || 'not named'}</a>{' '}
            <span class="mono dim">{alert.token_uid}</span>
          </dd>
        </>
      )}
      <dt>Since</dt>
      <dd>
        {moment(began)} UTC{' '}
        <span class="dim">
          to {clockSeconds(ended)}, {span(ended - began)}; {count(alert.finding_count)} findings
        </span>
      </dd>
      <dt>From</dt>
      <dd>{alert.client_addresses.join(', ') || 'not observed'}</dd>
      <dt>Touching</dt>
      <dd>{alert.target_services.join(', ') || 'not observed'}</dd>
      <dt>ATT&amp;CK</dt>
      <dd>{alert.techniques.join(', ') || 'none'}</dd>
      <dt>Fidelity</dt>
      <dd>{alert.fidelity}</dd>
    </dl>
  );
}

type Signal = Alert['signals'][number];

/** Findings of a token and of its principal may be in one alert; those of other entities stand alone. */
function askFor({ entity_kind, entity_uid, principal_uid, token_uid }: Alert): Record<string, string> {
  if (principal_uid !== '' && (entity_kind === 'principal' || entity_kind === 'token')) return { principal_uid };
  return entity_kind === 'token' ? { token_uid } : { entity_uid };
}

const AROUND_MS = 3_600_000;

const timeAround = ({ first_seen, last_seen }: Alert): Record<string, string> => ({
  from: iso(parse(first_seen) - AROUND_MS),
  to: iso(parse(last_seen) + AROUND_MS),
});

/** Every signal of the incident, strongest first: what was seen, what is usual, since when, and how sure its detector is. */
function Why({ alert }: { alert: Alert }) {
  const signals = alert.signals.length > 0 ? alert.signals : [onlySignal(alert)];
  const ask = new URLSearchParams({
    ...askFor(alert),
    from: signals.reduce((least, { first_time }) => (first_time < least ? first_time : least), alert.first_seen),
    to: iso(parse(alert.last_seen) + 1),
    limit: '500',
  });
  // A signal keeps the numbers of its strongest finding; the finding itself knows the spread and the past behind it.
  const loaded = useJson<Page<Finding>>(`/v1/findings?${ask.toString()}`);
  const findings = new Map((loaded.value.value?.items ?? []).map((finding) => [finding.finding_uid, finding]));
  const { reading } = alert;
  return (
    <>
      <h3>Why</h3>
      <p class="dim">
        {signals.length === 1 ? 'One signal' : `${count(signals.length)} signals, strongest first`}; numbers are those
        of the strongest finding of each.
      </p>
      <div class="table-frame" role="region" aria-label="Signals" tabIndex={0}>
        <table class="why">
          <thead>
            <tr>
              <th scope="col">Signal</th>
              <th scope="col">Observed</th>
              <th scope="col">Usual or limit</th>
              <th scope="col">Since</th>
              <th scope="col">Fidelity</th>
              <th scope="col" class="number">
                Samples
              </th>
            </tr>
          </thead>
          <tbody>
            {signals.map((signal) => {
              const past =
                signal.finding_uid === reading.finding_uid ? reading : (findings.get(signal.finding_uid) ?? null);
              const { observed, against, usual } = readingText({ ...signal, spread: past?.spread ?? null });
              return (
                <tr key={`${signal.detector} ${signal.measure} ${signal.finding_uid}`} title={signal.summary}>
                  <td>
                    <SeverityBadge severity={signal.severity} /> {signal.detector}:{' '}
                    {against === 'limit' ? 'limit' : signal.measure.replaceAll('_', ' ')}
                  </td>
                  <td>
                    <strong>{observed}</strong>
                  </td>
                  <td>{against === 'limit' ? `limit ${usual}` : usual}</td>
                  <td>{sinceText(signal)}</td>
                  <td>{signal.fidelity}</td>
                  <td class="number">{past === null || against === 'limit' ? '' : count(past.sample_count)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** An alert from before signals were kept shows its reading. */
const onlySignal = ({ reading, severity, fidelity, techniques, token_uid, first_seen, last_seen }: Alert): Signal => ({
  ...reading,
  severity,
  fidelity,
  techniques,
  token_uid,
  time: first_seen,
  count: 1,
  first_time: first_seen,
  last_time: last_seen,
});

function sinceText({ first_time, last_time, count: times }: Signal): string {
  const [first, last] = [parse(first_time), parse(last_time)];
  const lasted = last - first < 1000 ? '' : ` for ${span(last - first)}`;
  return `${moment(first)}${lasted}${times > 1 ? `, ${count(times)}×` : ''}`;
}

/** What the detectors say to the reader of their alerts; absent while only the list's row is known. */
function Reader({ guidance = [] }: { guidance: Alert['guidance'] | undefined }) {
  return (
    <>
      {guidance.map(({ detector, false_positives: causes, next_steps: steps }) => (
        <details key={detector} open={guidance.length === 1}>
          <summary>{detector}: next steps, and known false positives</summary>
          <h4>Next steps</h4>
          <ol class="steps">
            {steps.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ol>
          <h4>Known false positives</h4>
          <ul class="steps">
            {causes.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </details>
      ))}
    </>
  );
}

function History({ alert }: { alert: Alert }) {
  return (
    <>
      <h3>History</h3>
      <ol class="history">
        {alert.history.map((step) => (
          <li key={`${step.time} ${step.to}`}>
            <StateWord state={step.to} /> <span class="dim">{moment(parse(step.time))}</span> {step.actor}:{' '}
            {step.reason}
          </li>
        ))}
      </ol>
    </>
  );
}

function Evidence({ alert }: { alert: Alert }) {
  return (
    <details>
      <summary>Evidence: {alert.evidence.length} events, and the SQL that reproduces the reading</summary>
      <pre class="sql" tabIndex={0} aria-label="SQL">
        {alert.reading.sql}
      </pre>
      <p class="actions">
        <CopyButton text={() => alert.reading.sql}>Copy SQL</CopyButton>
        <a class="button" href={sqlLink(alert.reading.sql)}>
          Open as SQL
        </a>
        <a class="button" href={`/v1/alerts/${alert.alert_uid}`}>
          As JSON
        </a>
      </p>
      <ul class="mono dim">
        {alert.evidence.map((uid) => (
          <li key={uid}>{uid}</li>
        ))}
      </ul>
    </details>
  );
}

/** Plain text for a ticket or a chat. */
export function summaryOf(alert: Alert): string {
  const { observed, against, usual } = readingText(alert.reading);
  return [
    `[${alert.severity.toUpperCase()}] ${alert.title}`,
    `token: ${alert.principal_name || alert.token_name || 'not named'} (${alert.token_uid || alert.principal_uid || alert.entity_uid})`,
    `observed: ${observed}; ${against}: ${usual}${against === 'limit' ? '' : ` (${samplesText(alert.reading.sample_count)})`}`,
    `since: ${alert.first_seen}, last ${alert.last_seen}; ${alert.finding_count} findings`,
    `from: ${alert.client_addresses.join(', ') || 'not observed'}`,
    `touching: ${alert.target_services.join(', ') || 'not observed'}`,
    `next step: ${alert.next_step}`,
    alert.links.alert,
  ].join('\n');
}
