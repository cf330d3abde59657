import { z } from 'zod';
import { severities } from '../../detectors/core/detector.js';
import { entityKinds } from '../../detectors/core/finding.js';
import { formatTime, parseTime } from '../../ingest/event/time.js';
import type { Alert } from './alert.js';
import { noticeKinds, type NoticeKind } from './grouping.js';
import { nextStep } from './next-step.js';

const text = z.string();
const texts = z.array(z.string()).readonly();
const number = z.number();

/** What a destination receives: enough to decide at 3 a.m. without opening anything. Times are RFC 3339, UTC. */
export const alertPayloadSchema = z.object({
  type: z.templateLiteral(['alert.', z.enum(noticeKinds)]),
  /** When the change was made. */
  timestamp: text,
  data: z.object({
    alert_uid: text,
    state: text,
    severity: z.enum(severities),
    fidelity: text,
    title: text,
    /** Made to be raised by `tourniquet drill`. */
    drill: z.boolean().default(false),
    which: z.object({
      /** Of whom the alert is; rules also watch addresses, services and others. */
      entity_kind: z.enum(entityKinds).default('token'),
      entity_uid: text.default(''),
      token_uid: text,
      token_name: text,
      principal_uid: text,
      principal_name: text,
    }),
    reading: z.object({
      detector: text,
      measure: text,
      unit: text,
      observed: number,
      expected: number,
      spread: number,
      sample_count: number,
      window_start: text,
      window_end: text,
    }),
    /** All that was found, strongest first; `reading` has the figures of the first. */
    signals: z
      .array(
        z.object({
          detector: text,
          measure: text,
          severity: z.enum(severities),
          fidelity: text,
          summary: text,
          techniques: texts,
          finding_uid: text,
          token_uid: text,
          count: number,
          first_time: text,
          last_time: text,
        }),
      )
      .readonly()
      .default([]),
    /** Risk of whom it is about when the last finding raised the alert. */
    risk: number.default(0),
    since: text,
    last_seen: text,
    from: texts,
    touching: texts,
    detectors: texts,
    techniques: texts,
    finding_count: number,
    evidence: texts,
    next_step: text,
    links: z.object({
      alert: text,
      token: text,
      map: text,
      /** The SQL page with the statement in it; empty where there is none. */
      sql: text.default(''),
      alert_api: text,
      token_api: text,
      map_api: text,
    }),
    sql: text,
    /** Who made the change and why; for a new alert, the product itself. */
    change: z.object({ actor: text, reason: text }),
  }),
});

export type AlertPayload = z.output<typeof alertPayloadSchema>;

/** @param baseUrl where people reach this API, without a trailing slash. */
export function alertPayload(alert: Alert, kind: NoticeKind, baseUrl: string): AlertPayload {
  const { reading } = alert;
  const last = alert.history.at(-1);
  return {
    type: `alert.${kind}`,
    timestamp: alert.updated_at,
    data: {
      alert_uid: alert.alert_uid,
      state: alert.state,
      severity: alert.severity,
      fidelity: alert.fidelity,
      title: alert.title,
      drill: reading.drill,
      which: {
        entity_kind: alert.entity_kind,
        entity_uid: alert.entity_uid,
        token_uid: alert.token_uid,
        token_name: alert.token_name,
        principal_uid: alert.principal_uid,
        principal_name: alert.principal_name,
      },
      reading: {
        detector: reading.detector,
        measure: reading.measure,
        unit: reading.unit,
        observed: reading.observed,
        expected: reading.expected,
        spread: reading.spread,
        sample_count: reading.sample_count,
        window_start: reading.window_start,
        window_end: reading.window_end,
      },
      signals: alert.signals.map(
        ({ detector, measure, severity, fidelity, summary, techniques, finding_uid, token_uid, count, first_time, last_time }) =>
          ({ detector, measure, severity, fidelity, summary, techniques, finding_uid, token_uid, count, first_time, last_time }),
      ), // prettier-ignore
      risk: alert.risk,
      since: alert.first_seen,
      last_seen: alert.last_seen,
      from: alert.client_addresses,
      touching: alert.target_services,
      detectors: alert.detectors,
      techniques: alert.techniques,
      finding_count: alert.finding_count,
      evidence: alert.evidence,
      next_step: nextStep(alert),
      links: linksOf(alert, baseUrl),
      sql: reading.sql,
      change: { actor: last?.actor ?? 'tourniquet', reason: last?.reason ?? alert.title },
    },
  };
}

const HOUR_MS = 3_600_000;
/** Longer addresses are cut or refused on the way; the alert's page has the statement as well. */
const LINK_MAX = 3000;

/**
 * Pages for people and, beside each, the same from the API; the map shows the episode and the hour before it. Where no
 * token is known, such as with passwords refused at the issuer, the principal takes its place.
 */
export function linksOf(alert: Alert, baseUrl: string): AlertPayload['data']['links'] {
  const from = formatTime(Math.max(0, parseTime(alert.first_seen) - HOUR_MS));
  const window = new URLSearchParams({ from, to: formatTime(parseTime(alert.last_seen) + 1) });
  if (alert.token_uid !== '') window.set('token_uid', alert.token_uid);
  else if (alert.principal_uid !== '') window.set('principal_uid', alert.principal_uid);
  else if (alert.entity_kind === 'service') window.set('service', alert.entity_uid);
  const at = `alerts/${encodeURIComponent(alert.alert_uid)}`;
  const token = `tokens/${encodeURIComponent(alert.token_uid)}`;
  const owned = (name: string, value: string): string =>
    value === '' ? 'tokens' : `tokens?${new URLSearchParams({ [name]: value }).toString()}`;
  const known = alert.token_uid !== '';
  const sql = `${baseUrl}/sql?${new URLSearchParams({ q: alert.reading.sql }).toString()}`;
  return {
    alert: `${baseUrl}/${at}`,
    token: `${baseUrl}/${known ? token : owned('q', alert.principal_name || alert.principal_uid)}`,
    map: `${baseUrl}/?${window.toString()}`,
    sql: alert.reading.sql === '' || sql.length > LINK_MAX ? '' : sql,
    alert_api: `${baseUrl}/v1/${at}`,
    token_api: `${baseUrl}/v1/${known ? token : owned('principal_uid', alert.principal_uid)}`,
    map_api: `${baseUrl}/v1/map?${window.toString()}`,
  };
}
