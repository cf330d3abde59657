import { parseTime } from '../../ingest/event/time.js';
import type { Reason, TokenEvent } from '../../ingest/event/token-event.js';
import type { Observation, Speaker, Stage } from './detector.js';
import { keyOfPrincipal, pulseOf } from './pulse.js';

/** An event further ahead of its collector's clock than this is taken at the collector's time, milliseconds. */
const FUTURE_MAX_MS = 300_000;
/** Nor is one before this: a clock that was never set begins at 1970 or 1980, and one such line would be decades of silence before the next. */
const UNSET_BEFORE_MS = Date.UTC(2000, 0, 1);

/** The credential itself was refused: nobody proved to be the token's holder, so the event must not teach. */
export const refusalReasons = [
  'invalid_token', 'invalid_signature', 'expired_token', 'revoked_token', 'missing_token', 'token_reuse', 'invalid_client',
  'invalid_grant', 'invalid_credentials', 'user_not_found', 'user_disabled',
] as const satisfies Reason[]; // prettier-ignore
const refusals: ReadonlySet<Reason> = new Set<Reason>(refusalReasons);

/** The service's own fault; it says nothing about who holds the token. */
export const outageReasons = ['server_error', 'temporarily_unavailable', 'upstream_error'] as const satisfies Reason[];
const outages: ReadonlySet<Reason> = new Set<Reason>(outageReasons);

const UNAUTHORISED = 401;
const SERVER_ERROR = 500;

function isAccepted(event: TokenEvent): boolean {
  if (event.outcome === 'success') return true;
  if (event.reason !== undefined) return !refusals.has(event.reason);
  const status = event.target?.status;
  return status !== undefined && status !== UNAUTHORISED;
}

function isFailure(event: TokenEvent): boolean {
  if (event.outcome !== 'failure') return false;
  if (event.reason !== undefined && outages.has(event.reason)) return false;
  return (event.target?.status ?? 0) < SERVER_ERROR;
}

/**
 * Event time as detectors take it, milliseconds since the Unix epoch: a clock far ahead of its collector's is not believed, nor one that was
 * never set.
 */
export function eventTimeMs(event: TokenEvent): number {
  const time = parseTime(event.time);
  const observed = parseTime(event.observed_time);
  return time > observed + FUTURE_MAX_MS || time < UNSET_BEFORE_MS ? observed : time;
}

/**
 * An event as detectors see it. A request is counted once, where the callee saw it: outbound lines are the other half
 * of a hop. What an issuer does with a token is no request, but a failure at the issuer counts. That a line tells a request
 * again, in another format of its log, one event does not say: see told-once.ts.
 */
export function toObservation(event: TokenEvent, stage: Stage = 'token'): Observation {
  const issuer = event.source.kind === 'issuer';
  const inbound = event.direction !== 'outbound';
  const failed = inbound && isFailure(event);
  const [entityKind, entityUid] = speakerOf(event, stage);
  return {
    event,
    entityKind,
    entityUid,
    timeMs: eventTimeMs(event),
    accepted: isAccepted(event),
    request: inbound && (event.action === 'use' || (issuer && failed)),
    failed,
  };
}

/** A line that tells of a request again, which another line has told: it counts as no request any more. */
export const toldAgain = (observation: Observation): Observation => ({ ...observation, request: false, failed: false });

/** A use that the callee let pass: the token was good for it, whoever held it. */
export function isServed({ event, request }: Observation): boolean {
  return request && event.action === 'use' && event.outcome === 'success';
}

/** The key of a detector's state; null for an event that does not tell the stage's entity. */
export function entityOf(event: TokenEvent, stage: Stage = 'token'): string | null {
  if (stage === 'token') return event.token?.token_uid ?? null;
  const { principal } = event;
  return principal === undefined ? (pulseOf(event)?.key ?? null) : keyOfPrincipal(principal.principal_uid);
}

/** Who speaks in an event, as findings name it. */
function speakerOf(event: TokenEvent, stage: Stage): readonly [Speaker, string] {
  if (stage === 'token') return ['token', event.token?.token_uid ?? ''];
  if (event.principal !== undefined) return ['principal', event.principal.principal_uid];
  const pulse = pulseOf(event);
  return pulse === null ? ['principal', ''] : [pulse.kind, pulse.uid];
}
