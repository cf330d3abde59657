import type { Alert, Baseline, Page, TokenDetail, Usual } from '../lib/api-types.js';
import { nowMs } from '../lib/clock.js';
import { iso, parse } from '../lib/format.js';
import { useJson } from '../lib/load.js';
import { alertsVersion } from '../lib/open-alerts.js';
import { query } from '../lib/router.js';
import { sqlLink, tokenSql } from '../lib/sql.js';
import { SeverityBadge } from '../shell/badge.js';
import { CopyButton } from '../shell/copy-button.js';
import { Failure } from '../shell/failure.js';
import { Activity } from './activity.js';
import { Calls } from './calls.js';
import { FiveLines } from './five-lines.js';
import { Lineage } from './lineage.js';
import { StopIt } from './stop-it.js';
import { gravestOf, incidentText, tokenTitle } from './token-words.js';
import { TokenAlerts } from './token-alerts.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CHART_MS = 7 * DAY_MS;

/** One token: five questions with what is usual beside each, then the evidence under one time axis. */
export function TokenPage({ uid }: { uid: string }) {
  const path = `/v1/tokens/${encodeURIComponent(uid)}`;
  const version = alertsVersion.value;
  const detail = useJson<TokenDetail>(path, version).value;
  const alerts = useJson<Page<Alert>>(
    `/v1/alerts?${new URLSearchParams({ token_uid: uid, limit: '50' }).toString()}`,
    version,
  ).value;
  const token = detail.value?.token ?? null;
  const focus = token === null || alerts.value === null ? null : focusOf(query.value, token, alerts.value.items);
  const usual = useJson<Usual>(focus === null ? null : `${path}/usual?${windowText(focus)}`).value;
  const chart = token === null ? null : chartOf(token.last_seen, focus?.fromMs ?? Infinity);
  const baseline = useJson<Baseline>(chart === null ? null : `${path}/baseline?${windowText(chart)}`).value;
  if (detail.value === null || token === null) {
    return (
      <main id="main" class="token-page">
        <h1 class="sr-only">Token</h1>
        <Failure error={detail.error} />
        {detail.error === null ? <p class="empty">Reading the token…</p> : null}
      </main>
    );
  }
  const open = (alerts.value?.items ?? []).filter((alert) => alert.state === 'open' || alert.state === 'acknowledged');
  const gravest = gravestOf(open);
  return (
    <main id="main" class="token-page">
      <Failure error={alerts.error ?? usual.error ?? baseline.error} />
      <section class="panel token-head">
        <div class="token-name">
          <h1>{tokenTitle(token)}</h1>
          <p class="mono dim">{uid}</p>
        </div>
        <p class="risk">
          {gravest === null ? <span class="dim">no open alert</span> : <SeverityBadge severity={gravest} />}{' '}
          <span class="dim" title={riskTitle(detail.value.risk)}>
            risk {Math.round(detail.value.risk.score)}
          </span>
        </p>
        <p class="actions">
          <a
            class="button"
            href={`/?${new URLSearchParams({ token_uid: uid, ...(focus === null ? {} : { from: iso(focus.fromMs), to: iso(focus.toMs) }) }).toString()}`}
          >
            Show on the map
          </a>
          <CopyButton text={() => incidentText(token, usual.value, open, window.location.href)}>
            Copy incident summary
          </CopyButton>
          {focus === null ? null : (
            <a class="button" href={sqlLink(tokenSql(uid, focus.fromMs, focus.toMs))}>
              Open as SQL
            </a>
          )}
          <a class="button" href={path}>
            As JSON
          </a>
        </p>
        <FiveLines token={token} usual={usual.value} alerts={open} baseline={baseline.value} />
      </section>
      {chart === null ? null : (
        <Activity
          baseline={baseline.value}
          seen={detail.value.seen_with}
          alerts={alerts.value?.items ?? []}
          fromMs={chart.fromMs}
          toMs={chart.toMs}
        />
      )}
      <div class="token-grid">
        <TokenAlerts uid={uid} alerts={alerts.value?.items ?? []} />
        <StopIt token={token} usual={usual.value} />
        <Lineage detail={detail.value} />
      </div>
      <Calls path={path} />
    </main>
  );
}

/** What the score is made of, for whoever points at it. */
function riskTitle({ score, principal_score, threshold, signals }: TokenDetail['risk']): string {
  const parts = signals.map((one) => `${one.detector} ${one.measure.replaceAll('_', ' ')} ${Math.round(one.risk)}`);
  return [`Risk ${Math.round(score)} now, of its principal ${Math.round(principal_score)}; alerts from ${threshold}.`, ...parts].join('\n'); // prettier-ignore
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const windowText = (span: Span): string =>
  new URLSearchParams({ from: iso(span.fromMs), to: iso(span.toMs) }).toString();

/** What "now" means on this page: the window asked for, else the open incident so far, else the last day of use. */
function focusOf(params: URLSearchParams, token: { last_seen: string }, alerts: readonly Alert[]): Span {
  const asked = { fromMs: parse(params.get('from') ?? ''), toMs: parse(params.get('to') ?? '') };
  if (asked.fromMs < asked.toMs) return asked;
  const last = parse(token.last_seen) + 1;
  const open = alerts.find((alert) => alert.state === 'open' || alert.state === 'acknowledged');
  if (open === undefined) return { fromMs: last - DAY_MS, toMs: last };
  const { window_start: start, window_end: end } = open.reading;
  // Whoever was too loud in one window may have begun in the one before; that is part of the incident and not what is usual.
  const leadMs = Math.min(HOUR_MS, Math.max(0, parse(end) - parse(start)));
  return {
    fromMs: Math.min(parse(start), parse(open.first_seen)) - leadMs,
    toMs: Math.max(last, parse(open.last_seen) + 1),
  };
}

/** A week that ends with the last use, or now where that is hardly earlier; it reaches back to what is looked at. */
function chartOf(lastSeen: string, focusMs: number): Span {
  const last = Math.ceil(parse(lastSeen) / HOUR_MS) * HOUR_MS;
  const now = Math.ceil(nowMs() / HOUR_MS) * HOUR_MS;
  const toMs = now - last < DAY_MS ? now : last;
  return { fromMs: Math.max(toMs - 30 * DAY_MS, Math.min(toMs - CHART_MS, focusMs - DAY_MS)), toMs };
}
