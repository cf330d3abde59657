import type { Clock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import type { AlertPayload } from '../payload.js';
import { answers, changeLine, headline, printable, shortened } from '../wording.js';
import { checkedUrl, post, type Answer } from './http-attempt.js';
import type { AttemptOutcome, Notifier } from './notifier.js';

export interface PagerDutyOptions {
  /** The enqueue address; the EU service region has its own. */
  readonly url: string;
  readonly routingKey: string;
  /** How long one attempt may take in all, milliseconds, default 10,000. */
  readonly timeoutMs?: number;
}

/** Lengths of Events API v2; the free texts of `custom_details` are ours to bound. */
const bounds = { summary: 1024, source: 255, name: 255, detail: 2048, sql: 8192, linkText: 255 } as const;

/** The documentation asks for "a backoff of a few minutes" after 429. */
const RATE_LIMITED_WAIT_MS = 120_000;

const severityOf = { critical: 'critical', high: 'error', medium: 'warning', low: 'info', info: 'info' } as const;

/**
 * A suppressed alert must stop calling people; an acknowledged incident would call again after its time-out, so it is
 * resolved there, and reopening triggers a new incident under the same key.
 */
const actionOf = {
  'alert.opened': 'trigger',
  'alert.escalated': 'trigger',
  'alert.reopened': 'trigger',
  'alert.test': 'trigger',
  'alert.acknowledged': 'acknowledge',
  'alert.resolved': 'resolve',
  'alert.suppressed': 'resolve',
} as const satisfies Record<AlertPayload['type'], string>;

/**
 * Reads an integration key: 32 letters and digits.
 * @throws AppError TQ_CONFIG_INVALID without the key in its message.
 */
export function parseRoutingKey(text: string, place: string): string {
  const key = text.trim();
  if (/^[A-Za-z0-9]{32}$/.test(key)) return key;
  throw new AppError('TQ_CONFIG_INVALID', `The PagerDuty routing key in ${place} is not 32 letters and digits.`, {
    mend: 'Put the Integration Key of an Events API v2 integration into the file, and nothing else.',
  });
}

/**
 * PagerDuty Events API v2 (https://developer.pagerduty.com/docs/events-api-v2/trigger-events/): one POST for each
 * change, correlated by `dedup_key`. Answers: 202 taken, 400 never, 429 and 5xx later; a body is at most 512 KB.
 */
export function createPagerDutyNotifier(options: PagerDutyOptions, clock: Clock): Notifier {
  const url = checkedUrl(options.url, 'The URL of a PagerDuty destination');
  const headers = { 'content-type': 'application/json', 'user-agent': 'tourniquet-pagerduty/1' };
  return {
    notify: async ({ payload }, signal) => {
      const body = JSON.stringify({ routing_key: options.routingKey, ...pagerDutyEvent(payload) });
      const request = { url, headers, body, timeoutMs: options.timeoutMs ?? 10_000, answerBytesMax: 0 };
      const answer = await post(request, signal, clock);
      return 'kind' in answer ? answer : outcomeOf(answer);
    },
  };
}

/** The event without its routing key. Acknowledge and resolve need no payload; what changed is in Tourniquet. */
export function pagerDutyEvent(payload: AlertPayload): Readonly<Record<string, unknown>> {
  const { data, type } = payload;
  const event_action = actionOf[type];
  const base = { event_action, dedup_key: data.alert_uid };
  if (event_action !== 'trigger') return base;
  const { which, reading } = data;
  return {
    ...base,
    payload: {
      summary: shortened(headline(payload), bounds.summary),
      source: shortened(
        printable(which.token_name || which.token_uid || which.principal_uid || which.entity_uid),
        bounds.source,
      ),
      severity: type === 'alert.test' ? 'info' : severityOf[data.severity],
      timestamp: data.last_seen,
      component: shortened(printable(data.touching[0] ?? 'unknown'), bounds.name),
      group: shortened(printable(which.principal_name || which.principal_uid || 'unknown'), bounds.name),
      class: shortened(`${reading.detector}: ${reading.measure}`, bounds.name),
      custom_details: detailsOf(payload),
    },
    links: [
      { href: data.links.alert, text: 'Alert' },
      { href: data.links.token, text: 'Token: from where, by what, touching what, since when' },
      { href: data.links.map, text: 'Map of the episode' },
      ...(data.links.sql === '' ? [] : [{ href: data.links.sql, text: 'SQL that reproduces the reading' }]),
    ],
    client: 'Tourniquet',
    client_url: data.links.alert,
  };
}

function detailsOf(payload: AlertPayload): Readonly<Record<string, string>> {
  const { data } = payload;
  const rows = answers(payload).map(([label, text]) => [label, shortened(text, bounds.detail)]);
  return {
    'What happened': shortened(printable(data.title), bounds.detail),
    ...(Object.fromEntries(rows) as Record<string, string>),
    'Next step': shortened(printable(data.next_step), bounds.detail),
    Change: shortened(changeLine(payload), bounds.detail),
    Evidence: shortened(data.evidence.join(' '), bounds.detail),
    SQL: shortened(data.sql, bounds.sql),
  };
}

function outcomeOf({ status, retryAfterMs }: Answer): AttemptOutcome {
  if (status === 202) return { kind: 'delivered', status };
  if (status === 429) {
    const wait = retryAfterMs ?? RATE_LIMITED_WAIT_MS;
    return { kind: 'retry', status, reason: 'answered 429: too many events', retryAfterMs: wait };
  }
  if (status === 400 || status === 413) {
    const reason = `answered ${status}: the event or the routing key is refused; check that the key is of an Events API v2 integration`;
    return { kind: 'dead', status, reason };
  }
  if (status >= 300 && status < 400) {
    return { kind: 'dead', status, reason: `answered ${status}: redirects are not followed; configure the final URL` };
  }
  const reason = status < 300 ? `answered ${status} where PagerDuty answers 202` : `answered ${status}`;
  return { kind: 'retry', status, reason, retryAfterMs };
}
