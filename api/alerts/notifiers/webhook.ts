import type { Clock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import type { AttemptOutcome, Notification, Notifier } from './notifier.js';
import { webhookSignature, type SigningKey } from './signature.js';

export interface WebhookOptions {
  /** http or https, no user information. */
  readonly url: string;
  readonly keys: readonly SigningKey[];
  /** How long one attempt may take in all, milliseconds, default 10,000. */
  readonly timeoutMs?: number;
}

/** Answers after which the same bytes will never be taken; 410 is Standard Webhooks' "stop sending". */
const permanent = new Set([400, 405, 406, 410, 411, 413, 414, 415, 422, 501]);

const RETRY_AFTER_MAX_MS = 24 * 3_600_000;

/** The generic signed webhook (Standard Webhooks headers). */
export function createWebhookNotifier(options: WebhookOptions, clock: Clock): Notifier {
  const url = checkedUrl(options.url);
  const timeoutMs = options.timeoutMs ?? 10_000;
  return {
    notify: async (notification, signal) => {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const response = await fetch(url, {
          ...signedRequest(notification, options.keys, clock.nowMs()),
          redirect: 'manual',
          signal: AbortSignal.any([signal, timeout]),
        });
        // The body is of no use and may be endless; the connection is freed at once.
        await response.body?.cancel().catch(() => undefined);
        return outcomeOf(response.status, response.headers.get('retry-after'), clock.nowMs());
      } catch (error) {
        const reason = timeout.aborted ? `no answer within ${timeoutMs} ms` : `connection failed (${causeOf(error)})`;
        return { kind: 'retry', status: 0, reason, retryAfterMs: null };
      }
    },
  };
}

function checkedUrl(text: string): URL {
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new AppError('TQ_CONFIG_INVALID', `Webhook URL for host ${url.host} carries a user or password.`, {
      mend: 'Remove it: requests are authenticated by their signature (secret_file).',
    });
  }
  return url;
}

function signedRequest(notification: Notification, keys: readonly SigningKey[], nowMs: number): RequestInit {
  const body = JSON.stringify(notification.payload);
  const timestampS = Math.floor(nowMs / 1000);
  return {
    method: 'POST',
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

function outcomeOf(status: number, retryAfter: string | null, nowMs: number): AttemptOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  if (status >= 300 && status < 400) {
    return { kind: 'dead', status, reason: `answered ${status}: redirects are not followed; configure the final URL` };
  }
  if (permanent.has(status)) return { kind: 'dead', status, reason: `answered ${status}: refused for good` };
  return { kind: 'retry', status, reason: `answered ${status}`, retryAfterMs: parseRetryAfter(retryAfter, nowMs) };
}

/**
 * RFC 9110 §10.2.3: seconds or an HTTP date; null when absent or unreadable.
 * @returns milliseconds from `nowMs`, 0 to 24 h.
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS) : null;
}

/** The system's own short name of the fault (ECONNREFUSED …); messages may quote the URL and are not used. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string')
    return cause.code;
  return error instanceof Error ? error.name : 'unknown';
}
