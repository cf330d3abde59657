import { z } from 'zod';
import { tryJson } from '../../ingest/core/try-json.js';
import { fidelities, severities, type Fidelity, type Severity } from '../../detectors/core/detector.js';
import { entityKinds } from '../../detectors/core/finding.js';
import { alertStates, type Alert, type AlertSignal } from '../alerts/alert.js';
import { count, real, text, texts, time, timeOrNull } from './columns.js';

const reading = z.object({
  finding_uid: text,
  // Alerts of before these were kept take what the alert says.
  severity: z.enum(severities).optional(),
  fidelity: z.enum(fidelities).optional(),
  time: text.optional(),
  detector: text,
  measure: text,
  unit: text,
  observed: z.number(),
  expected: z.number(),
  spread: z.number(),
  sample_count: z.number(),
  window_start: text,
  window_end: text,
  summary: text,
  drill: z.boolean().default(false),
  sql: text,
});

const signal = z.object({
  detector: text,
  measure: text,
  unit: text,
  severity: z.enum(severities),
  fidelity: z.enum(fidelities),
  techniques: texts,
  summary: text,
  finding_uid: text,
  token_uid: text,
  observed: z.number(),
  expected: z.number(),
  time: text,
  count,
  first_time: text,
  last_time: text,
});

/** A column that holds JSON. @param what for the message. */
const jsonText = <T extends z.ZodType>(schema: T, what: string) =>
  text.transform((value, context): z.output<T> => {
    const read = schema.safeParse(tryJson(value));
    if (read.success) return read.data;
    context.addIssue({ code: 'custom', message: `not ${what}` });
    return z.NEVER;
  });

const step = z.tuple([time, text, text, text, text]).transform(([at, actor, before, after, note]) => ({
  from: before === '' ? null : z.enum(alertStates).parse(before),
  to: z.enum(alertStates).parse(after),
  time: at,
  actor,
  reason: note,
}));

/** Alerts of before signals were kept have one: that of their reading. */
function signalOfReading(row: {
  readonly reading: z.output<typeof reading>;
  readonly severity: Severity;
  readonly fidelity: Fidelity;
  readonly techniques: string[];
  readonly token_uid: string;
  readonly findings_count: number;
  readonly first_time: string;
  readonly last_time: string;
}): AlertSignal {
  const { detector, measure, unit, summary, finding_uid, observed, expected } = row.reading;
  const { severity, fidelity, techniques, token_uid, findings_count, first_time, last_time } = row;
  const own = { detector, measure, unit, summary, finding_uid, observed, expected };
  return { ...own, severity, fidelity, techniques, token_uid, time: first_time, count: findings_count, first_time, last_time };
} // prettier-ignore

/** An alert as the table (facts) and its history (state) give it together. */
export const alertRow = z
  .object({
    alert_uid: text,
    version: count,
    severity: z.enum(severities),
    fidelity: z.enum(fidelities),
    entity_kind: z.enum(entityKinds),
    entity_uid: text,
    token_uid: text,
    token_name: text,
    principal_uid: text,
    principal_name: text,
    title: text,
    detectors: texts,
    techniques: texts,
    first_time: time,
    last_time: time,
    findings_count: count,
    finding_uids: texts,
    client_addresses: texts,
    target_services: texts,
    evidence: texts,
    token_uids: texts,
    signals: jsonText(z.array(signal), 'a list of signals'),
    risk: real,
    reading: jsonText(reading, 'a reading'),
    created_time: time,
    updated_time: time,
    current_state: z.enum(alertStates),
    current_suppressed_until: timeOrNull,
    history: z.array(step),
  })
  .transform((row): Alert => {
    const opening = { from: null, to: 'open' as const, time: row.created_time, actor: 'tourniquet', reason: row.title };
    const history = row.history.length === 0 ? [opening] : row.history;
    const last = history.at(-1);
    return {
      alert_uid: row.alert_uid,
      entity_kind: row.entity_kind,
      entity_uid: row.entity_uid,
      token_uid: row.token_uid,
      token_name: row.token_name,
      principal_uid: row.principal_uid,
      principal_name: row.principal_name,
      token_uids: row.token_uids,
      signals: row.signals.length > 0 ? row.signals : [signalOfReading(row)],
      risk: row.risk,
      severity: row.severity,
      fidelity: row.fidelity,
      title: row.title,
      first_seen: row.first_time,
      last_seen: row.last_time,
      finding_count: row.findings_count,
      finding_uids: row.finding_uids,
      detectors: row.detectors,
      techniques: row.techniques,
      client_addresses: row.client_addresses,
      target_services: row.target_services,
      evidence: row.evidence,
      reading: {
        ...row.reading,
        severity: row.reading.severity ?? row.severity,
        fidelity: row.reading.fidelity ?? row.fidelity,
        time: row.reading.time ?? row.first_time,
      },
      state: row.current_state,
      suppressed_until: row.current_suppressed_until,
      opened_at: row.created_time,
      updated_at: last !== undefined && last.time > row.updated_time ? last.time : row.updated_time,
      history,
      version: row.version,
    };
  });

/**
 * Selects alerts with their current state: the newest step of the history, else `open` (the step of a new alert is
 * written after its facts, so a kill between them leaves an open alert without history).
 *
 * @param scope condition on columns of `alerts` alone; the history of no other alert is read.
 * @param where condition on what is selected, `current_state` included.
 */
export const selectAlerts = (scope: string, where = '1'): string => `
SELECT
  a.alert_uid AS alert_uid, a.version AS version, a.severity AS severity, a.fidelity AS fidelity,
  a.entity_kind AS entity_kind, a.entity_uid AS entity_uid, a.token_uid AS token_uid, a.token_name AS token_name,
  a.principal_uid AS principal_uid, a.principal_name AS principal_name, a.title AS title, a.detectors AS detectors,
  a.techniques AS techniques, a.first_time AS first_time, a.last_time AS last_time,
  a.findings_count AS findings_count, a.finding_uids AS finding_uids, a.client_addresses AS client_addresses,
  a.target_services AS target_services, a.evidence AS evidence, a.reading AS reading,
  a.token_uids AS token_uids, if(a.signals = '', '[]', a.signals) AS signals, a.risk AS risk,
  a.created_time AS created_time, a.updated_time AS updated_time,
  if(empty(h.steps), 'open', h.last_step.1) AS current_state,
  if(empty(h.steps), NULL, h.last_step.2) AS current_suppressed_until,
  h.steps AS history
FROM (SELECT * FROM alerts FINAL WHERE ${scope}) AS a
LEFT JOIN
(
  SELECT
    alert_uid,
    argMax((toString(state_after), suppressed_until), version) AS last_step,
    arrayMap(
      s -> (s.2, s.3, s.4, s.5, s.6),
      arraySort(groupArray(200)((version, time, actor, toString(state_before), toString(state_after), note)))
    ) AS steps
  FROM alert_history FINAL
  WHERE alert_uid GLOBAL IN (SELECT alert_uid FROM alerts WHERE ${scope})
  GROUP BY alert_uid
) AS h ON a.alert_uid = h.alert_uid
WHERE ${where}`;
