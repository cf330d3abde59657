import type { Clock } from '../../../ingest/core/clock.js';
import type { AlertPayload } from '../payload.js';
import { checkedUrl, post, type Answer } from './http-attempt.js';
import type { AttemptOutcome, Notification, Notifier } from './notifier.js';
import { webhookSignature, type SigningKey } from './signature.js';

export interface WebhookOptions {
  /** http or https, no user information. */
  readonly url: string;
  readonly keys: readonly SigningKey[];
  /** Makes the body of a notification; its payload unless told. */
  readonly body?: (payload: AlertPayload) => object;
  /** How long one attempt may take in all, milliseconds, default 10,000. */
  readonly timeoutMs?: number;
}

/** Answers after which the same bytes will never be taken; 410 is Standard Webhooks' "stop sending". */
const permanent = new Set([400, 405, 406, 410, 411, 413, 414, 415, 422, 501]);

/** The generic signed webhook (Standard Webhooks headers). */
export function createWebhookNotifier(options: WebhookOptions, clock: Clock): Notifier {
  const url = checkedUrl(options.url, 'The URL of a webhook');
  const timeoutMs = options.timeoutMs ?? 10_000;
  return {
    notify: async (notification, signal) => {
      const request = { url, timeoutMs, answerBytesMax: 0, ...signed(notification, options, clock.nowMs()) };
      const answer = await post(request, signal, clock);
      return 'kind' in answer ? answer : outcomeOf(answer);
    },
  };
}

function signed(
  notification: Notification,
  { keys, body: make }: WebhookOptions,
  nowMs: number,
): { body: string; headers: Record<string, string> } {
  const { payload } = notification;
  const body = JSON.stringify(make === undefined ? payload : make(payload));
  const timestampS = Math.floor(nowMs / 1000);
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'tourniquet-webhook/1',
      'webhook-id': notification.delivery_uid,
      'webhook-timestamp': String(timestampS),
      'webhook-signature': webhookSignature(keys, notification.delivery_uid, timestampS, body),
    },
  };
}

function outcomeOf({ status, retryAfterMs }: Answer): AttemptOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  if (status >= 300 && status < 400) {
    return { kind: 'dead', status, reason: `answered ${status}: redirects are not followed; configure the final URL` };
  }
  if (permanent.has(status)) return { kind: 'dead', status, reason: `answered ${status}: refused for good` };
  return { kind: 'retry', status, reason: `answered ${status}`, retryAfterMs };
}
