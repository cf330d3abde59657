import { createHash } from 'node:crypto';
import type { EventWriter, Querier, TableRow } from '../../ingest/store/store.js';
import { parseTime } from '../../ingest/event/time.js';
import { toStoreTime } from '../queries/columns.js';
import { getAlert } from '../queries/get-alert.js';
import { getDelivery } from '../queries/get-delivery.js';
import { knownDeliveries } from '../queries/known-deliveries.js';
import { pendingDeliveries } from '../queries/pending-deliveries.js';
import { relatedAlerts } from '../queries/related-alerts.js';
import { subjectFindings } from '../queries/subject-findings.js';
import type { Alert, AlertTransition } from './alert.js';
import type { Delivery } from './delivery.js';
import type { AlertRepository, DeliveryRepository } from './repository.js';

const ALERTS_PER_ENTITY = 20;
const SIGNALS_PER_SUBJECT = 500;

/** The same rows have the same token, so that a repeated save is one save; other rows never share one. */
async function insert(writer: EventWriter, table: string, rows: readonly TableRow[]): Promise<void> {
  if (rows.length === 0) return;
  const digest = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
  await writer.insertRows(table, rows, `${table}:${digest}`);
}

/** Alerts in the tables `alerts` (facts, versioned) and `alert_history` (steps; the newest is the state). */
export function createAlertRepository(querier: Querier, writer: EventWriter): AlertRepository {
  return {
    related: (uids, findingUids) =>
      querier.run(relatedAlerts, {
        uids: [...uids],
        finding_uids: [...findingUids],
        alerts_per_entity: ALERTS_PER_ENTITY,
      }),
    signals: (uids, fromMs, toMs) =>
      querier.run(subjectFindings, { uids: [...uids], from_ms: fromMs, to_ms: toMs, rows: SIGNALS_PER_SUBJECT }),
    get: async (alertUid) => (await querier.run(getAlert, { alert_uid: alertUid }))[0],
    saveFacts: async (alerts) => {
      await insert(writer, 'alerts', alerts.map(factsRow));
      const opened = alerts.flatMap((alert) => {
        const first = alert.history[0];
        return first?.from === null && alert.history.length === 1 ? [stepRow(alert.alert_uid, first, null)] : [];
      });
      await insert(writer, 'alert_history', opened);
    },
    saveTransition: (alertUid, step, suppressedUntil) =>
      insert(writer, 'alert_history', [stepRow(alertUid, step, suppressedUntil)]),
  };
}

/** The outbox in the table `deliveries`: every attempt is a version. */
export function createDeliveryRepository(querier: Querier, writer: EventWriter): DeliveryRepository {
  return {
    known: async (uids) => {
      const rows = await querier.run(knownDeliveries, { delivery_uids: [...uids] });
      return new Set(rows.map((row) => row.delivery_uid));
    },
    delivery: async (uid) => (await querier.run(getDelivery, { delivery_uid: uid }))[0],
    save: (deliveries) => insert(writer, 'deliveries', deliveries.map(deliveryToRow)),
    pending: (max) => querier.run(pendingDeliveries, { rows: max }),
  };
}

function factsRow(alert: Alert): TableRow {
  return {
    alert_uid: alert.alert_uid,
    version: alert.version,
    dedup_key: `${alert.entity_kind}:${alert.entity_uid}`,
    state: alert.state,
    severity: alert.severity,
    fidelity: alert.fidelity,
    entity_kind: alert.entity_kind,
    entity_uid: alert.entity_uid,
    token_uid: alert.token_uid,
    token_name: alert.token_name,
    principal_uid: alert.principal_uid,
    principal_name: alert.principal_name,
    title: alert.title,
    summary: alert.reading.summary,
    detectors: alert.detectors,
    techniques: alert.techniques,
    first_time: toStoreTime(alert.first_seen),
    last_time: toStoreTime(alert.last_seen),
    findings_count: alert.finding_count,
    finding_uids: alert.finding_uids,
    client_addresses: alert.client_addresses,
    target_services: alert.target_services,
    evidence: alert.evidence,
    reading: JSON.stringify(alert.reading),
    token_uids: alert.token_uids,
    signals: JSON.stringify(alert.signals),
    risk: alert.risk,
    created_time: toStoreTime(alert.opened_at),
    updated_time: toStoreTime(alert.updated_at),
    suppressed_until: alert.suppressed_until === null ? null : toStoreTime(alert.suppressed_until),
    note: '',
  };
}

/** Steps are ordered by the wall clock, except the opening, which comes before all. */
function stepRow(alertUid: string, step: AlertTransition, suppressedUntil: string | null): TableRow {
  return {
    alert_uid: alertUid,
    version: step.from === null ? 0 : parseTime(step.time),
    time: toStoreTime(step.time),
    actor: step.actor,
    change: step.to,
    state_before: step.from ?? '',
    state_after: step.to,
    suppressed_until: suppressedUntil === null ? null : toStoreTime(suppressedUntil),
    note: step.reason,
  };
}

function deliveryToRow(delivery: Delivery): TableRow {
  return {
    delivery_uid: delivery.delivery_uid,
    version: delivery.version,
    alert_uid: delivery.alert_uid,
    alert_version: 0,
    destination: delivery.destination,
    kind: delivery.kind,
    state: delivery.state,
    attempt: delivery.attempts,
    payload: JSON.stringify(delivery.payload),
    next_attempt_time: toStoreTime(delivery.next_attempt_at),
    created_time: toStoreTime(delivery.created_at),
    updated_time: toStoreTime(delivery.updated_at),
    last_status: delivery.last_status,
    last_error: delivery.last_reason,
  };
}
