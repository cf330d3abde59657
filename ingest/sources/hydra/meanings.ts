import type { Action, Outcome, Reason } from '../../event/token-event.js';
import { meaningRows, type EventMeaning } from '../shared/event-meanings.js';

const won = { outcome: 'success' } as const;

/** Events of Hydra's `x/events` (span events of its traces, Ory Network's project events) → meaning. */
export const eventMeanings: ReadonlyMap<string, EventMeaning> = new Map([
  ...meaningRows('issue', 'OAuth2AccessTokenIssued OAuth2RefreshTokenIssued OIDCIdentityTokenIssued', won),
  ...meaningRows('issue', 'OAuth2TokenExchangeError', { outcome: 'failure' }),
  ...meaningRows('introspect', 'OAuth2AccessTokenInspected', won),
  ...meaningRows('revoke', 'OAuth2AccessTokenRevoked OAuth2ConsentRevoked', won),
  ...meaningRows('login', 'OAuth2LoginAccepted', won),
  ...meaningRows('login', 'OAuth2LoginRejected', { outcome: 'failure', reason: 'access_denied' }),
  ...meaningRows('grant', 'OAuth2ConsentAccepted OAuth2DeviceUserCodeAccepted', won),
  ...meaningRows('grant', 'OAuth2ConsentRejected', { outcome: 'failure', reason: 'access_denied' }),
  ...meaningRows('create', 'OAuth2ClientCreated', won),
  ...meaningRows('delete', 'OAuth2ClientDeleted', won),
  ...meaningRows('policy_change', 'OAuth2ClientUpdated', won),
]); // prettier-ignore

export interface Endpoint {
  readonly action: Action;
  /** What an answer below 400 says; a redirect to a login page says nothing yet. */
  readonly outcome?: Outcome;
  readonly reason?: Reason;
  /** Answers errors in the words of RFC 6749, and logs each itself; the others leave that to the HTTP writer. */
  readonly isOAuth?: boolean;
}

const oauth = (action: Action, outcome?: Outcome): Endpoint => ({
  action,
  isOAuth: true,
  ...(outcome !== undefined && { outcome }),
});

/** Endpoints by path; a path that is longer belongs to the longest row that it begins with. */
const endpoints: readonly (readonly [path: string, endpoint: Endpoint])[] = [
  ['/oauth2/token', oauth('issue')],
  ['/oauth2/revoke', oauth('revoke')],
  ['/oauth2/introspect', oauth('introspect')],
  ['/admin/oauth2/introspect', oauth('introspect')],
  ['/oauth2/auth', oauth('login', 'unknown')],
  ['/oauth2/device/auth', oauth('login', 'unknown')],
  ['/oauth2/device/verify', oauth('grant', 'unknown')],
  ['/oauth2/sessions/logout', oauth('logout')],
  // Its handler leaves the logging of what it refuses to the HTTP writer.
  ['/userinfo', { action: 'use' }],
  ['/credentials', oauth('issue')],
];

/** What the method does to a resource that is a credential (client, key set). */
const byMethod = (method: string): Action =>
  method === 'GET' || method === 'HEAD'
    ? 'use'
    : method === 'POST'
      ? 'create'
      : method === 'DELETE'
        ? 'delete'
        : 'policy_change';

/** Resources of the administration API, below `/admin` or, in Hydra 1, at its root. */
function adminEndpoint(path: string, method: string): Endpoint | undefined {
  const rest = path.startsWith('/admin/') ? path.slice('/admin'.length) : path;
  const isRead = method === 'GET' || method === 'HEAD';
  const request = /^\/oauth2\/auth\/requests\/(login|consent|device|logout)(?:\/(accept|reject))?$/.exec(rest);
  if (request !== null) {
    const action = request[1] === 'login' ? 'login' : request[1] === 'logout' ? 'logout' : 'grant';
    if (request[2] === undefined || isRead) return { action: 'use' };
    return request[2] === 'accept' ? { action } : { action, outcome: 'failure', reason: 'access_denied' };
  }
  if (rest.startsWith('/oauth2/auth/sessions/')) return { action: isRead ? 'use' : 'revoke' };
  if (rest === '/oauth2/tokens') return { action: 'revoke' };
  if (/^\/(?:clients|oauth2\/register)(?:\/[^/]{1,256}){0,2}$/.test(rest)) return { action: byMethod(method) };
  if (/^\/keys(?:\/[^/]{1,256}){0,2}$/.test(rest)) return { action: byMethod(method) };
  if (rest.startsWith('/trust/grants/')) return { action: isRead ? 'use' : 'policy_change' };
  return path.startsWith('/admin/') ? { action: isRead ? 'use' : 'admin' } : undefined;
}

/** Probes, metrics and documents for everybody; calls of them say nothing about a credential. */
const publicPath = /^\/(?:admin\/)?(?:health\/|version$|metrics\/|\.well-known\/|favicon\.ico$|oauth2\/fallbacks\/|$)/;

/** @returns undefined for a path that tells nothing about credentials. */
export function endpointOf(path: string, method: string): Endpoint | undefined {
  if (publicPath.test(path)) return undefined;
  for (const [known, endpoint] of endpoints) if (path === known) return endpoint;
  return adminEndpoint(path, method) ?? { action: 'other' };
}
