import { boundText } from '../../core/text.js';
import { redactText, redactUrl } from '../../event/credential-text.js';
import { eventUidFromPosition } from '../../event/event-uid.js';
import { makePrincipal } from '../../event/principal.js';
import { formatTime } from '../../event/time.js';
import { limits, SCHEMA_VERSION, type Action, type Reason, type TokenEvent } from '../../event/token-event.js';
import { readLocalTime } from '../shared/local-time.js';
import type { ParseContext } from '../source.js';
import { parseClientAddress } from '../shared/client-address.js';

const MAX_SEARCHED = 8192;
const HEAD = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d) \[[a-z]{3,8}\] /;

/** Whether the line begins as those of the error log do: `2024/01/02 03:04:05 [error] `. */
export function isErrorLine(line: string): boolean {
  return line.charCodeAt(4) === 0x2f && HEAD.test(line.slice(0, 40));
}

interface Verdict {
  readonly action: Action;
  readonly reason: Reason;
  readonly detail: string;
  /** Between which words the user name stands; it may hold anything, these words included. */
  readonly userEnd?: string;
}

/** Only `login` names a credential check; the others also stand in the access log, as the request they refused. */
const verdicts: readonly (readonly [string, Verdict])[] = [
  ['": password mismatch', { action: 'login', reason: 'invalid_credentials', detail: 'password mismatch', userEnd: '": password mismatch' }],
  ['" was not found in "', { action: 'login', reason: 'user_not_found', detail: 'user was not found', userEnd: '" was not found in "' }],
  ['no user/password was provided for basic authentication', { action: 'login', reason: 'missing_token', detail: 'no user/password was provided' }],
  ['client login failed: "', { action: 'login', reason: 'invalid_credentials', detail: 'client login failed' }],
  ['access forbidden by rule', { action: 'other', reason: 'access_denied', detail: 'access forbidden by rule' }],
  ['limiting requests, excess', { action: 'other', reason: 'rate_limited', detail: 'limiting requests' }],
  ['limiting connections by zone', { action: 'other', reason: 'rate_limited', detail: 'limiting connections' }],
  ['client SSL certificate verify error', { action: 'login', reason: 'invalid_credentials', detail: 'client SSL certificate verify error' }],
  ['auth request unexpected status: ', { action: 'other', reason: 'server_error', detail: 'auth request unexpected status' }],
  ['client sent no required SSL certificate', { action: 'login', reason: 'missing_token', detail: 'client sent no required SSL certificate' }],
]; // prettier-ignore

/** The text between `name` and the next `, ` or the end, after `from`. */
function wordAfter(line: string, name: string, from: number): string | undefined {
  const at = line.indexOf(name, from);
  if (at < 0) return undefined;
  const start = at + name.length;
  const end = line.indexOf(',', start);
  const word = line.slice(start, end < 0 ? line.length : end).trim();
  return word === '' ? undefined : word;
}

const clean = (text: string, max: number): string => boundText(redactText(text).text, max);

/** `, request: "GET /x HTTP/1.1"` where it is whole; a client that writes quotes into it has said nothing. */
const requestForm = /, request: "([A-Z]{1,16}) ([^\s"]{1,4096})(?: HTTP\/[\d.]{1,3})?"/;
const originForm = /^https?:\/\/[^/?#]*(?=\/)/i;
/** The mail proxy tells whom the client wanted to be, and how it came: `client: 192.0.2.1 using starttls`. */
const loginForm = /, login: "([^"]{1,512})"/;

/** The virtual host, else the name that the client asked for: `_` is the name of a server that takes all. */
function targetOf(line: string, from: number): TokenEvent['target'] {
  const server = wordAfter(line, ', server: ', from);
  const host =
    server === undefined || server === '_' ? /, host: "([^\s"]{1,253})"/.exec(line.slice(from))?.[1] : undefined;
  const address = host ?? server;
  const request = requestForm.exec(line.slice(from));
  const method = request?.[1];
  const path = request === null ? undefined : redactUrl((request[2] ?? '').replace(originForm, '')).path;
  if (address === undefined && method === undefined) return undefined;
  return {
    ...(address !== undefined && { address: clean(address, limits.longTextMax) }),
    ...(method !== undefined && { method }),
    ...(path !== undefined && path !== '' && { path }),
  };
}

/**
 * The event of an error-log line that tells of a refused credential, or undefined for all other lines. User names and
 * requests are written raw and may hold `, client: …` themselves; NGINX appends its own last, so the last one counts,
 * and a line with several carries the attribute `forged_client`.
 *
 * @param timezone zone of the server's clock: the error log writes none.
 */
export function readErrorLine(
  whole: string,
  context: ParseContext,
  settings: { readonly product: string; readonly timezone: string },
): TokenEvent | undefined {
  // A cut-off end would lose the real `client:`, so of very long lines head and tail are kept.
  const line = whole.length <= MAX_SEARCHED ? whole : whole.slice(0, MAX_SEARCHED / 2) + whole.slice(-MAX_SEARCHED / 2);
  const found = verdicts.find(([words]) => line.includes(words));
  if (found === undefined) return undefined;
  const head = HEAD.exec(line);
  if (head === null) return undefined;
  const timeMs = readLocalTime(
    `${head[1] ?? ''}-${head[2] ?? ''}-${head[3] ?? ''} ${head[4] ?? ''}`,
    settings.timezone,
  );
  if (timeMs === undefined) return undefined;
  const verdict = found[1];
  const clientAt = line.lastIndexOf(', client: ');
  const client =
    clientAt < 0 ? undefined : parseClientAddress(wordAfter(line, ', client: ', clientAt)?.split(' ', 1)[0] ?? '');
  const isForged = clientAt >= 0 && line.indexOf(', client: ') !== clientAt;
  const target = clientAt < 0 ? undefined : targetOf(line, clientAt);

  let user: string | undefined;
  if (verdict.userEnd !== undefined) {
    const from = line.indexOf(' user "');
    const to = line.lastIndexOf(verdict.userEnd, clientAt < 0 ? line.length : clientAt);
    if (from >= 0 && to > from + 7) user = line.slice(from + 7, to);
  } else if (clientAt >= 0) user = loginForm.exec(line.slice(clientAt))?.[1];
  return {
    schema_version: SCHEMA_VERSION,
    event_uid: eventUidFromPosition(settings.product, context.instance, context.position),
    time: formatTime(timeMs),
    observed_time: formatTime(context.observedMs),
    source: { product: settings.product, instance: context.instance, kind: 'proxy', record_type: 'error_log' },
    action: verdict.action,
    outcome: 'failure',
    reason: verdict.reason,
    reason_detail: verdict.detail,
    ...(user !== undefined && {
      principal: makePrincipal({ kind: 'user', issuer: context.instance, id: clean(user, limits.longTextMax) }),
    }),
    ...(client !== undefined && { client: client.port === undefined ? { address: client.address } : { ...client } }),
    ...(target !== undefined && { target }),
    ...(user !== undefined && redactText(user).found && { exposures: ['token_in_log' as const] }),
    ...(isForged && { attributes: [{ key: 'forged_client', value: 'true' }] }),
  };
}
