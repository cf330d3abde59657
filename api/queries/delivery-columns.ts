import { z } from 'zod';
import { deliveryStates, type Delivery } from '../alerts/delivery.js';
import { noticeKinds } from '../alerts/grouping.js';
import { alertPayloadSchema } from '../alerts/payload.js';
import { count, text, time } from './columns.js';

const payload = text.transform((value, context) => {
  try {
    return alertPayloadSchema.parse(JSON.parse(value));
  } catch {
    context.addIssue({ code: 'custom', message: 'not an alert payload' });
    return z.NEVER;
  }
});

const columns = z.object({
  delivery_uid: text,
  version: count,
  alert_uid: text,
  destination: text,
  kind: z.enum(noticeKinds),
  state: z.enum(deliveryStates),
  attempt: count,
  payload,
  next_attempt_time: time,
  created_time: time,
  updated_time: time,
  last_status: count,
  last_error: text,
});

export const deliveryColumns = Object.keys(columns.shape).join(', ');

export const deliveryRow = columns.transform((row): Delivery => ({
  delivery_uid: row.delivery_uid,
  alert_uid: row.alert_uid,
  destination: row.destination,
  kind: row.kind,
  state: row.state,
  attempts: row.attempt,
  next_attempt_at: row.next_attempt_time,
  last_status: row.last_status,
  last_reason: row.last_error,
  payload: row.payload,
  created_at: row.created_time,
  updated_at: row.updated_time,
  version: row.version,
}));
