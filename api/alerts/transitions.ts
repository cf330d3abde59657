import { AppError } from '../../ingest/core/errors.js';
import { formatTime, parseTime } from '../../ingest/event/time.js';
import { caps, type Alert, type AlertState } from './alert.js';

/** Which state may follow which. A resolved alert stays resolved: new findings open a new episode. */
const allowed: Readonly<Record<AlertState, readonly AlertState[]>> = {
  open: ['acknowledged', 'resolved', 'suppressed'],
  acknowledged: ['resolved', 'suppressed', 'open'],
  suppressed: ['resolved', 'open'],
  resolved: [],
};

export interface TransitionRequest {
  readonly to: AlertState;
  readonly actor: string;
  readonly reason: string;
  /** RFC 3339; only with `suppressed`. */
  readonly suppressedUntil: string | null;
}

/**
 * The alert after a person's decision, or the same object when it already is in that state (repeating is harmless).
 * @throws AppError TQ_CONFLICT when the step is not allowed.
 */
export function transition(alert: Alert, request: TransitionRequest, nowIso: string): Alert {
  if (alert.state === request.to && alert.suppressed_until === request.suppressedUntil) return alert;
  if (alert.state !== request.to && !allowed[alert.state].includes(request.to)) {
    throw new AppError('TQ_CONFLICT', `Alert ${alert.alert_uid} is ${alert.state} and cannot become ${request.to}.`, {
      mend: 'A resolved alert is closed for good; new findings of the same entity open a new alert.',
    });
  }
  const time = afterLast(alert, nowIso);
  const step = { from: alert.state, to: request.to, time, actor: request.actor, reason: request.reason };
  return {
    ...alert,
    state: request.to,
    suppressed_until: request.suppressedUntil,
    updated_at: time,
    history: [...alert.history, step].slice(-caps.history),
    version: alert.version + 1,
  };
}

/** Steps are ordered by their time: one is never at or before its predecessor, though the clock be set back. */
function afterLast(alert: Alert, nowIso: string): string {
  const last = alert.history.at(-1);
  return last === undefined || last.time < nowIso ? nowIso : formatTime(parseTime(last.time) + 1);
}
