import type { Clock } from '../../../ingest/core/clock.js';
import { AppError } from '../../../ingest/core/errors.js';
import type { AttemptOutcome } from './notifier.js';

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How long the attempt may take in all, milliseconds. */
  readonly timeoutMs: number;
  /** How much of the answer is read, bytes; what is longer is cut off unread. */
  readonly answerBytesMax: number;
}

export interface Answer {
  readonly status: number;
  /** RFC 9110 Retry-After, milliseconds from now; null when absent or unreadable. */
  readonly retryAfterMs: number | null;
  readonly text: string;
}

const RETRY_AFTER_MAX_MS = 24 * 3_600_000;

/**
 * Makes one POST. Redirects are not followed: the next hop could be anybody.
 * @returns the answer, or the outcome `retry` when there was none; its reason never quotes the URL.
 */
export async function post(
  request: Post,
  signal: AbortSignal,
  clock: Clock,
): Promise<Answer | Extract<AttemptOutcome, { kind: 'retry' }>> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  try {
    const response = await fetch(request.url, {
      method: 'POST',
      headers: request.headers,
      body: request.body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    });
    const text = await beginningOf(response, request.answerBytesMax);
    return {
      status: response.status,
      retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), clock.nowMs()),
      text,
    };
  } catch (error) {
    const reason = timeout.aborted
      ? `no answer within ${request.timeoutMs} ms`
      : `connection failed (${causeOf(error)})`;
    return { kind: 'retry', status: 0, reason, retryAfterMs: null };
  }
}

/** An answer may be endless: what is over the bound is not waited for, and the connection is freed at once. */
async function beginningOf(response: Response, bytesMax: number): Promise<string> {
  if (response.body === null) return '';
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < bytesMax) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    bytes += value.length;
  }
  await reader.cancel().catch(() => undefined);
  return Buffer.concat(parts).subarray(0, bytesMax).toString('utf8');
}

/** @throws AppError TQ_CONFIG_INVALID, without the URL: it may be a secret. */
export function checkedUrl(text: string, place: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new AppError('TQ_CONFIG_INVALID', `${place} is no http or https URL.`, {
      mend: 'Give the whole URL, from https:// on.',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new AppError('TQ_CONFIG_INVALID', `${place} carries a user or password for host ${url.host}.`, {
      mend: 'Remove it from the URL.',
    });
  }
  return url;
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
  const cause = property(error, 'cause') ?? error;
  for (const name of [property(cause, 'code'), property(error, 'name')]) if (typeof name === 'string') return name;
  return 'unknown';
}

const property = (value: unknown, name: 'cause' | 'code' | 'name'): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
