import { digText, isObject, readList, readObject, readText } from '../../sources/shared/json-reader.js';

/** Bounds what a server may ask for, so that a wrong clock or a joke does not stop a source for a day. */
const waitMaxMs = 3_600_000;

function bounded(ms: number): number | undefined {
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 1_000), waitMaxMs) : undefined;
}

/** Seconds since 1970 of the headers that Okta, GitHub and Auth0 tell the end of their window with. */
function resetSeconds(headers: Headers): number {
  const text = headers.get('x-rate-limit-reset') ?? headers.get('x-ratelimit-reset') ?? '';
  return /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
}

/** The server's own clock decides, where it tells it. */
const serverNowMs = (headers: Headers, nowMs: number): number => {
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? nowMs : date;
};

/** How long a server that is too busy wants to be left alone, milliseconds; undefined when it does not say. */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const told = headers.get('retry-after');
  if (told !== null) {
    const ms = /^\d{1,9}$/.test(told) ? Number(told) * 1_000 : Date.parse(told) - serverNowMs(headers, nowMs);
    return bounded(ms);
  }
  return bounded(resetSeconds(headers) * 1_000 - serverNowMs(headers, nowMs));
}

/** Whether no request is left in this window. */
export const isSpent = (headers: Headers): boolean =>
  (headers.get('x-rate-limit-remaining') ?? headers.get('x-ratelimit-remaining')) === '0';

/** Google's reasons; GitHub's secondary limit, which it tells in words alone. */
const limitReasons =
  /^(?:rateLimitExceeded|userRateLimitExceeded|quotaExceeded|dailyLimitExceeded|RATE_LIMIT_EXCEEDED|RESOURCE_EXHAUSTED)$/;
const limitWords = /\b(?:secondary rate limit|abuse detection)\b/i;

/** Whether a refusal says by its body that it is one of a limit, and no missing right. */
export function tellsLimit(body: unknown): boolean {
  if (!isObject(body)) return false;
  const error = readObject(body, 'error');
  const reasons = (error === undefined ? [] : (readList(error, 'errors') ?? [])).map((one) =>
    isObject(one) ? readText(one, 'reason') : undefined,
  );
  const told = [...reasons, digText(body, 'error', 'status')].some((word) => limitReasons.test(word ?? ''));
  return told || limitWords.test(readText(body, 'message') ?? '');
}
