import type { Outcome, Reason } from '../../event/token-event.js';
import { isCancelled, reasonOfRpcCode } from './rpc-code.js';

export interface HttpOutcome {
  readonly outcome: Outcome;
  readonly reason?: Reason;
}

const success: HttpOutcome = { outcome: 'success' };
const unknown: HttpOutcome = { outcome: 'unknown' };
const failed = (reason: Reason): HttpOutcome => ({ outcome: 'failure', reason });
const byStatus: ReadonlyMap<number, HttpOutcome> = new Map([
  [403, failed('access_denied')],
  [404, failed('not_found')],
  [407, failed('invalid_credentials')],
  [429, failed('rate_limited')],
  // NGINX: the client went away before an answer, so nobody knows whether the credential was good.
  [499, { outcome: 'unknown', reason: 'client_error' }],
]);
const unexplained: HttpOutcome = { outcome: 'failure' };
const invalidToken = failed('invalid_token');
const missingToken = failed('missing_token');
const clientError = failed('client_error');
const upstreamError = failed('upstream_error');

/**
 * What an HTTP status says about the use of a credential, in the words of RFC 6750 §3.1 where it has one.
 *
 * @param status 0 or absent: no answer was sent (Envoy), the outcome is unknown.
 * @param hasToken whether the request carried a credential; undefined where the log could not tell, and then a 401
 *   has no reason, since both would be a guess.
 */
export function httpOutcome(status: number | undefined, hasToken: boolean | undefined): HttpOutcome {
  if (status === undefined || status < 100) return unknown;
  if (status < 400) return success;
  if (status === 401) return hasToken === undefined ? unexplained : hasToken ? invalidToken : missingToken;
  return byStatus.get(status) ?? (status < 500 ? clientError : upstreamError);
}

/** As {@link httpOutcome}, of a call of gRPC: it is told in the trailers, behind a status that is 200 whatever comes of it. */
export function grpcOutcome(code: string, status: number | undefined, hasToken: boolean | undefined): HttpOutcome {
  const byStatus = httpOutcome(status, hasToken);
  const reason = byStatus.outcome === 'failure' ? undefined : reasonOfRpcCode(code);
  if (reason === undefined) return byStatus;
  if (isCancelled(code)) return { outcome: 'unknown', reason: 'client_error' };
  if (reason === 'invalid_token') return httpOutcome(401, hasToken);
  if (reason === 'invalid_request') return clientError;
  return saidOfCaller.has(reason) ? failed(reason) : upstreamError;
}

/** The other codes are what a status from 500 on is. */
const saidOfCaller: ReadonlySet<Reason> = new Set(['access_denied', 'not_found', 'rate_limited']);
