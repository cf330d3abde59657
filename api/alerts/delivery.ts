import { deterministicUuid } from '../../ingest/event/event-uid.js';
import type { Notice, NoticeKind } from './grouping.js';
import type { Destination } from './notifiers/notifier.js';
import { alertPayload, type AlertPayload } from './payload.js';
import { severityRank } from './policy.js';

export const deliveryStates = ['pending', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** One message owed to one destination; stored before the first attempt, complete enough to be sent by any process. */
export interface Delivery {
  /** Deterministic UUIDv8 of (alert, destination, change); the receiver's idempotency key. */
  readonly delivery_uid: string;
  readonly alert_uid: string;
  readonly destination: string;
  readonly kind: NoticeKind;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** RFC 3339, UTC, wall clock. */
  readonly next_attempt_at: string;
  /** Status of the last answer; 0 when there was none. */
  readonly last_status: number;
  readonly last_reason: string;
  readonly payload: AlertPayload;
  readonly created_at: string;
  readonly updated_at: string;
  readonly version: number;
}

/** The deliveries that a change owes: one for each destination that wants this severity. */
export function deliveriesFor(
  notice: Notice,
  destinations: readonly Destination[],
  baseUrl: string,
  nowIso: string,
): readonly Delivery[] {
  const { alert, kind, discriminator } = notice;
  return destinations
    .filter((destination) => severityRank(alert.severity) >= severityRank(destination.severityMin))
    .filter((destination) => destination.drills || !alert.reading.drill)
    .map((destination) => ({
      delivery_uid: deterministicUuid('delivery', alert.alert_uid, destination.name, discriminator),
      alert_uid: alert.alert_uid,
      destination: destination.name,
      kind,
      state: 'pending',
      attempts: 0,
      next_attempt_at: nowIso,
      last_status: 0,
      last_reason: '',
      payload: alertPayload(alert, kind, baseUrl),
      created_at: nowIso,
      updated_at: nowIso,
      version: 1,
    }));
}
