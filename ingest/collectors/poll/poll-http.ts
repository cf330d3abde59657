import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../core/clock.js';
import { AppError } from '../../core/errors.js';
import { tryJson } from '../../core/try-json.js';
import { codeOf } from '../../pipeline/error-code.js';
import type { ApiAccess, PollAnswer } from './poll-api.js';
import { isSpent, retryAfterMs, tellsLimit } from './rate-limit.js';
import { AnswerTooLong, SourceBusy, SourceRefusal } from './source-fault.js';

export interface PollRequest {
  readonly method?: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long an answer may take; default a minute. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

export interface RawAnswer extends PollAnswer {
  readonly status: number;
  /** Nothing was sent but headers. */
  readonly isEmpty: boolean;
}

const answerBytesMax = 64 << 20;
const answerTimeoutMs = 60_000;
/** What GitHub asks for where its answer names no time; Google's own wait is as long. */
const untoldWaitMs = 60_000;

/**
 * One request. Redirects are not followed, for they would carry credentials elsewhere; answers are bounded in size and
 * time, and never quoted in an error, since an API may say back what it was sent.
 *
 * @throws AppError TQ_SOURCE_UNAVAILABLE when there is no whole answer.
 */
export async function request(
  url: string,
  { signal, timeoutMs = answerTimeoutMs, ...init }: PollRequest,
): Promise<RawAnswer> {
  const { host } = new URL(url);
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const timer = setTimeout(stop, timeoutMs);
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: abort.signal });
    const text = await boundedText(response, host);
    const isEmpty = text === '';
    return { status: response.status, headers: response.headers, body: isEmpty ? undefined : tryJson(text), isEmpty };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const cause = error instanceof Error ? codeOf(error.cause) : '';
    const why = abort.signal.aborted && !signal.aborted ? `no answer in ${String(timeoutMs / 1_000)} s` : cause;
    throw new AppError('TQ_SOURCE_UNAVAILABLE', `${host} cannot be reached${why === '' ? '' : ` (${why})`}.`, {
      retryable: true,
      mend: 'Check the address of the input, DNS, the way out of this network, and NODE_EXTRA_CA_CERTS for an authority of your own.',
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

async function boundedText(response: Response, host: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) {
      throw new AnswerTooLong(`${host} answered with more than ${String(answerBytesMax)} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Asks an API with its credentials, and waits where it said that it had enough. */
export class PollHttp {
  readonly #api: ApiAccess;
  readonly #clock: Clock;
  #restUntilMs = 0;

  constructor(api: ApiAccess, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /**
   * @throws AppError TQ_SOURCE_UNAVAILABLE (to be asked again, after `retryAfterMs`), TQ_SOURCE_REFUSED as a
   *   SourceRefusal with the status.
   */
  async get(url: string, signal: AbortSignal): Promise<PollAnswer> {
    return this.#ask(url, { signal });
  }

  /** As {@link get}, with a body of JSON; an answer of nothing but its status is good. */
  async post(url: string, body: object, signal: AbortSignal, timeoutMs?: number): Promise<PollAnswer> {
    const headers = { 'content-type': 'application/json' };
    const timeout = timeoutMs === undefined ? {} : { timeoutMs };
    return this.#ask(url, { method: 'POST', headers, body: JSON.stringify(body), ...timeout, signal });
  }

  async #ask(url: string, asked: Partial<PollRequest> & Pick<PollRequest, 'signal'>): Promise<PollAnswer> {
    const { signal } = asked;
    const { origin, credentials, headers } = this.#api;
    if (new URL(url).origin !== origin) {
      // Credentials are not carried to where an answer points.
      throw new SourceRefusal(0, `${new URL(origin).host} names another host for its next page.`, 'Set url of the input to that host, if it is right.');
    } // prettier-ignore
    const restMs = this.#restUntilMs - this.#clock.nowMs();
    if (restMs > 0) await delay(restMs, undefined, { signal });
    for (let attempt = 1; ; attempt += 1) {
      const authorization = await credentials.headers(signal);
      const answer = await request(url, { ...asked, headers: { ...headers, ...asked.headers, ...authorization } });
      if (answer.status === 401 && attempt === 1 && credentials.renew()) continue;
      return this.#judge(answer, asked.method === 'POST');
    }
  }

  #judge(answer: RawAnswer, mayBeEmpty: boolean): PollAnswer {
    const { status, headers } = answer;
    const { host } = new URL(this.#api.origin);
    const nowMs = this.#clock.nowMs();
    const waitMs = retryAfterMs(headers, nowMs);
    if (isSpent(headers)) this.#restUntilMs = nowMs + (waitMs ?? 0);
    const isWhole = answer.body !== undefined || (mayBeEmpty && answer.isEmpty);
    if (status >= 200 && status < 300 && isWhole) return answer;
    const isLimit = (status === 403 || status === 429) && tellsLimit(answer.body);
    const isBusy = status === 429 || (status === 403 && (isSpent(headers) || headers.has('retry-after') || isLimit));
    if (isBusy) {
      const busy = `${host} asks for fewer requests (${String(status)}); it is asked again.`;
      throw new SourceBusy(
        busy,
        waitMs ?? (isLimit ? untoldWaitMs : undefined),
        'If it lasts, set a longer interval of the input.',
      );
    }
    if (status >= 500 || status === 408 || (status >= 200 && status < 300)) {
      const what = status < 300 ? 'answered with no JSON' : 'is not well';
      throw new AppError('TQ_SOURCE_UNAVAILABLE', `${host} ${what} (${String(status)}); it is asked again.`, {
        retryable: true,
        ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
        mend: 'If it lasts, look at its status page.',
      });
    }
    const { product, rights } = this.#api;
    const words: Readonly<Record<number, string>> = {
      401: `Give the input a credential that ${product} takes; it may have been revoked or have expired.`,
      403: `The credential needs: ${rights}.`,
      404: 'Check url and names of the input.',
    };
    const mend = words[status] ?? `Compare the input with what docs/transports.md says of ${product}.`;
    throw new SourceRefusal(status, `${host} refused the request (${String(status)}).`, mend);
  }
}
