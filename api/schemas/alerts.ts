import { z } from 'zod';
import { fidelities, severities } from '../../detectors/core/detector.js';
import { entityKinds } from '../../detectors/core/finding.js';
import { alertStates } from '../alerts/alert.js';
import { deliveryStates } from '../alerts/delivery.js';
import { noticeKinds } from '../alerts/grouping.js';
import { alertPayloadSchema } from '../alerts/payload.js';
import { filterText, instant, pageQuery, pageSchema, severity, tokenUid, uuid, windowQuery } from './common.js';

const texts = z.array(z.string());

const readingSchema = z.object({
  finding_uid: z.string(),
  severity: z.enum(severities),
  fidelity: z.enum(fidelities),
  time: z.string(),
  detector: z.string(),
  measure: z.string(),
  unit: z.string(),
  observed: z.number(),
  expected: z.number(),
  spread: z.number(),
  sample_count: z.number(),
  window_start: z.string(),
  window_end: z.string(),
  summary: z.string(),
  drill: z.boolean().describe('Made to be raised by `tourniquet drill`.'),
  sql: z.string().describe('Reproduces the reading from the store.'),
});

export const signalSchema = z
  .object({
    detector: z.string(),
    measure: z.string(),
    unit: z.string(),
    severity: z.enum(severities),
    fidelity: z.enum(fidelities),
    techniques: texts,
    summary: z.string(),
    finding_uid: z.string().describe('The strongest finding of it.'),
    token_uid: z.string(),
    observed: z.number(),
    expected: z.number(),
    time: z.string(),
    count: z.number().describe('Findings of it.'),
    first_time: z.string(),
    last_time: z.string(),
  })
  .meta({ id: 'AlertSignal' });

export const alertSchema = z
  .object({
    alert_uid: z.string(),
    state: z.enum(alertStates),
    suppressed_until: z.string().nullable(),
    severity: z.enum(severities),
    fidelity: z.enum(fidelities),
    title: z.string(),
    entity_kind: z.enum(entityKinds),
    entity_uid: z.string(),
    token_uid: z.string(),
    token_name: z.string(),
    principal_uid: z.string(),
    principal_name: z.string(),
    token_uids: texts.describe('Every token that a finding of it names.'),
    signals: z.array(signalSchema).describe('What was found, by detector and measure, strongest first.'),
    risk: z.number().describe('Highest risk of whom it is about at a finding that raised it.'),
    first_seen: z.string().describe('Event time of the first finding that raised it; signals may lie before.'),
    last_seen: z.string(),
    finding_count: z.number(),
    detectors: texts,
    techniques: texts,
    client_addresses: texts,
    target_services: texts,
    reading: readingSchema,
    next_step: z.string(),
    links: z
      .object({
        alert: z.string(),
        token: z.string(),
        map: z.string(),
        sql: z.string().describe('The SQL page with the statement in it; empty where there is none.'),
        alert_api: z.string(),
        token_api: z.string(),
        map_api: z.string(),
      })
      .describe('Pages for people, and the same from the API.'),
    opened_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Alert' });

const step = z.object({
  from: z.enum(alertStates).nullable(),
  to: z.enum(alertStates),
  time: z.string(),
  actor: z.string(),
  reason: z.string(),
});

export const alertDetailSchema = alertSchema
  .extend({
    guidance: z
      .array(z.object({ detector: z.string(), false_positives: texts, next_steps: texts }))
      .describe('What the detectors of this alert say to its reader.'),
    finding_uids: texts,
    evidence: texts.describe('event_uids.'),
    history: z.array(step),
  })
  .meta({ id: 'AlertDetail' });

export const alertsQuery = z.strictObject({
  ...pageQuery,
  ...windowQuery,
  state: z.enum(alertStates).optional(),
  severity_min: severity.optional(),
  token_uid: tokenUid.optional(),
  principal_uid: filterText.optional(),
});

export const alertsAnswer = pageSchema(alertSchema).meta({ id: 'AlertPage' });
export const uidParams = z.object({ uid: uuid });

const reason = z.string().trim().min(1).max(1024).describe('Kept in the history.');

export const changeBody = z.strictObject({ reason });
export const suppressBody = z.strictObject({
  reason,
  until: instant.optional().describe('Default: 24 hours from now; at most 90 days.'),
});

export const findingsQuery = z.strictObject({
  ...pageQuery,
  ...windowQuery,
  detector: filterText.optional(),
  token_uid: tokenUid.optional(),
  principal_uid: filterText.optional(),
  entity_uid: filterText.optional().describe('Of whom the finding is, of whatever kind.'),
  severity_min: severity.optional(),
  suppressed: z.enum(['true', 'false']).optional().describe('Only those that were kept silent, or only the others.'),
  format: z.enum(['tourniquet', 'ocsf']).default('tourniquet').describe('ocsf: items are Detection Findings of OCSF.'),
});

export const findingSchema = z
  .object({
    finding_uid: z.string(),
    detector: z.string(),
    detector_version: z.number(),
    entity_kind: z.string(),
    entity_uid: z.string(),
    token_uid: z.string(),
    token_name: z.string(),
    principal_uid: z.string(),
    principal_name: z.string(),
    severity,
    fidelity: z.string(),
    summary: z.string(),
    techniques: texts,
    score_value: z.number(),
    measure: z.string(),
    unit: z.string(),
    observed: z.number(),
    expected: z.number(),
    spread: z.number(),
    sample_count: z.number(),
    window_start: z.string(),
    window_end: z.string(),
    time: z.string(),
    client_address: z.string(),
    target_service: z.string(),
    evidence: texts,
    sql: z.string(),
    suppressed: z
      .object({
        by: z.string().describe('suppression_uid'),
        reason: z.string(),
        until: z.string().nullable().describe('Null: for as long as the configuration says so.'),
      })
      .nullable()
      .describe('It raises nothing and counts for no risk.'),
  })
  .meta({ id: 'Finding' });

const ocsfFinding = z
  .looseObject({
    class_uid: z.literal(2004),
    category_uid: z.literal(2),
    activity_id: z.number(),
    type_uid: z.number(),
    time: z.number(),
    severity_id: z.number(),
    metadata: z.looseObject({ version: z.string() }),
    finding_info: z.looseObject({ uid: z.string() }),
  })
  .meta({ id: 'OcsfDetectionFinding' });

export const findingsAnswer = z.union([
  pageSchema(findingSchema).meta({ id: 'FindingPage' }),
  pageSchema(ocsfFinding).meta({ id: 'OcsfDetectionFindingPage' }),
]);

export const deliveriesQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(deliveryStates).optional(),
  alert_uid: uuid.optional(),
  destination: filterText.optional(),
});

export const deliverySchema = z
  .object({
    delivery_uid: z.string(),
    alert_uid: z.string(),
    destination: z.string(),
    kind: z.enum(noticeKinds),
    state: z.enum(deliveryStates),
    attempts: z.number(),
    next_attempt_at: z.string(),
    last_status: z.number().describe('0 when there was no answer.'),
    last_reason: z.string(),
    payload: alertPayloadSchema,
    created_at: z.string(),
    updated_at: z.string(),
    version: z.number(),
  })
  .meta({ id: 'Delivery' });

export const deliveriesAnswer = pageSchema(deliverySchema).meta({ id: 'DeliveryPage' });
