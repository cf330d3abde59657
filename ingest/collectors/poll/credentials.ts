import { createSign } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import { decodePercent } from '../../event/percent.js';
import { isObject, readNumber, readText } from '../../sources/shared/json-reader.js';
import type { PollCredentials } from './poll-api.js';
import { request } from './poll-http.js';
import { retryAfterMs } from './rate-limit.js';
import { SourceBusy, SourceRefusal } from './source-fault.js';

/** @param scheme of the `authorization` header. */
export function fixedCredentials(scheme: string, secret: string): PollCredentials {
  const authorization = `${scheme} ${secret}`;
  return {
    headers: () => Promise.resolve({ authorization }),
    renew: () => false,
    isIn: (text) => isOneIn(text, [secret]),
  };
}

function isOneIn(text: string, secrets: readonly (string | undefined)[]): boolean {
  const views = [text, decodePercent(text)];
  return secrets.some((secret) => secret !== undefined && views.some((view) => view.includes(secret)));
}

/** A request to a token endpoint, made anew for each token. */
export interface TokenRequest {
  readonly url: string;
  /** What the form shows, as itself or by a signature. */
  readonly secret: string;
  /** @param nowMs milliseconds since the Unix epoch, for assertions that carry their time. */
  readonly form: (nowMs: number) => Readonly<Record<string, string>>;
}

/** An access token of an OAuth 2.0 token endpoint (RFC 6749), kept until shortly before it expires. */
export function tokenCredentials(asked: TokenRequest, clock: Clock): PollCredentials {
  let token: { readonly value: string; readonly untilMs: number } | undefined;
  return {
    async headers(signal) {
      const nowMs = clock.nowMs();
      if (token === undefined || nowMs >= token.untilMs) token = await fetchToken(asked, nowMs, signal);
      return { authorization: `Bearer ${token.value}` };
    },
    renew() {
      token = undefined;
      return true;
    },
    isIn: (text) => isOneIn(text, [asked.secret, token?.value]),
  };
}

async function fetchToken(
  { url, form }: TokenRequest,
  nowMs: number,
  signal: AbortSignal,
): Promise<{ readonly value: string; readonly untilMs: number }> {
  const { host } = new URL(url);
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form(nowMs)).toString(),
    signal,
  });
  const body = isObject(answer.body) ? answer.body : {};
  const value = readText(body, 'access_token');
  if (answer.status === 200 && value !== undefined) {
    const lifeMs = Math.max(readNumber(body, 'expires_in') ?? 300, 1) * 1_000;
    // A tenth before its end, at most a minute: the request that carries it takes a while.
    return { value, untilMs: nowMs + lifeMs - Math.min(lifeMs / 10, 60_000) };
  }
  if (answer.status === 429 || answer.status >= 500) {
    // Every list needs the token.
    const words = `${host} gives no token now (${String(answer.status)}).`;
    throw new SourceBusy(words, retryAfterMs(answer.headers, nowMs));
  }
  // The error code of RFC 6749 §5.2 is a word of a fixed list; the description may quote what was sent.
  const code = /^[a-z_]{1,40}$/.exec(readText(body, 'error') ?? '')?.[0] ?? String(answer.status);
  const mend = 'Check client id, secret or key of the input, and that the client may get tokens by itself.';
  throw new SourceRefusal(answer.status, `${host} refused to give a token (${code}).`, mend);
}

/** RFC 6749 §4.4; `more` is what a product wants beside (audience, scope). */
export function clientCredentials(
  client: { readonly url: string; readonly id: string; readonly secret: string },
  more: Readonly<Record<string, string>>,
  clock: Clock,
): PollCredentials {
  const form = { grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret, ...more };
  return tokenCredentials({ url: client.url, secret: client.secret, form: () => form }, clock);
}

/** The key file of a Google service account, as Google writes it. */
export interface ServiceAccountKey {
  readonly clientEmail: string;
  readonly privateKey: string;
  readonly tokenUri: string;
}

/**
 * A Google service account, by a signed assertion (RFC 7523;
 * https://developers.google.com/identity/protocols/oauth2/service-account#httprest).
 *
 * @param subject the administrator that it acts for (domain-wide delegation); without one it acts for itself.
 */
export function serviceAccountCredentials(
  key: ServiceAccountKey,
  { subject, scope }: { readonly subject?: string; readonly scope: string },
  clock: Clock,
): PollCredentials {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  return tokenCredentials(
    {
      url: key.tokenUri,
      secret: key.privateKey,
      form(nowMs) {
        const iat = Math.floor(nowMs / 1_000);
        const delegated = subject === undefined ? {} : { sub: subject };
        const claims = { iss: key.clientEmail, ...delegated, scope, aud: key.tokenUri, iat, exp: iat + 3_600 };
        const head = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
        const signature = createSign('RSA-SHA256').update(head).sign(key.privateKey, 'base64url');
        return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: `${head}.${signature}` };
      },
    },
    clock,
  );
}
