import type { AlertPayload } from '../payload.js';

/** One message to one destination. The id is the same in every attempt: receivers drop what they have seen. */
export interface Notification {
  readonly delivery_uid: string;
  readonly payload: AlertPayload;
}

export type AttemptOutcome =
  | { readonly kind: 'delivered'; readonly status: number }
  /** May succeed later. `retryAfterMs` is what the destination asked for, if it did. */
  | { readonly kind: 'retry'; readonly status: number; readonly reason: string; readonly retryAfterMs: number | null }
  /** Will never succeed as it is; the reason names the mend. */
  | { readonly kind: 'dead'; readonly status: number; readonly reason: string };

/**
 * Makes exactly one attempt. Retry, back-off, deduplication and states belong to the dispatcher. Never throws for
 * what the destination does; a throw is taken as `retry`. Reasons hold no secret and no response body.
 */
export interface Notifier {
  notify(notification: Notification, signal: AbortSignal): Promise<AttemptOutcome>;
}

/** A configured destination: who hears of which alerts, and how. */
export interface Destination {
  readonly name: string;
  /** False: alerts of fire drills are not told here. */
  readonly drills: boolean;
  readonly severityMin: 'info' | 'low' | 'medium' | 'high' | 'critical';
  readonly notifier: Notifier;
}
