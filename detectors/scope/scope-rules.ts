import type { Reason } from '../../ingest/event/token-event.js';
import type { Observation } from '../core/detector.js';
import type { FactRule } from '../core/fact-detector.js';
import { figureSql, SERVED, sqlText } from '../core/reproduce.js';
import { shownValue } from '../core/shown-value.js';

/** The token was good, its rights were not enough. */
export const denials = ['insufficient_scope', 'access_denied', 'policy_denied'] as const satisfies Reason[];

const DENIED = `direction != 'outbound' AND action = 'use' AND outcome = 'failure' AND reason IN (${denials.map(sqlText).join(', ')})`;
const ROUTE = '(target_service, target_method, target_route)';
const route = ({ event: { target } }: Observation): string =>
  shownValue(`${target?.method ?? ''} ${target?.service ?? ''} ${target?.route ?? ''}`);

/** Condition on the route of the deciding event. */
const sameRoute = ({ event: { target } }: Observation): string =>
  `${ROUTE} = (${[target?.service, target?.method, target?.route].map((part) => sqlText(part ?? '')).join(', ')})`;

/** @param windowMs within which refused routes are counted. */
export function scopeRules(windowMs: number) {
  return {
    probing: {
      severity: 'medium',
      fidelity: 'medium',
      techniques: ['T1526', 'T1550.001'],
      unit: 'routes',
      summary: (s) =>
        `${s.observed} routes refused for want of rights within ${Math.round(windowMs / 60_000)} min, more than were served: somebody tries what the token opens.`,
      sql: (_s, o) => figureSql(o, o.timeMs - windowMs, DENIED, `uniqExact(${ROUTE})`),
    },
    write_with_read_scope: {
      severity: 'low',
      fidelity: 'medium',
      techniques: ['T1550.001'],
      unit: 'writes',
      gapMs: 30 * 86_400_000,
      summary: (_s, o) =>
        `${route(o)} was served with scopes that only read (${(o.event.token?.scopes ?? []).slice(0, 8).join(' ')}): the service does not check them.`,
      sql: (s, o) => figureSql(o, s.windowStartMs, `${SERVED} AND target_method IN ('PUT', 'PATCH', 'DELETE')`),
    },
    granted_then_used: {
      severity: 'medium',
      fidelity: 'medium',
      techniques: ['T1098.001'],
      unit: 'uses',
      summary: (_s, o) =>
        `${route(o)} was refused before; then the same principal changed rights, and now it is served.`,
      sql: (s, o) => figureSql(o, s.windowStartMs, `${SERVED} AND ${sameRoute(o)}`),
    },
    scope_escalation: {
      severity: 'medium',
      fidelity: 'high',
      techniques: ['T1550.001', 'T1098.001'],
      unit: 'scopes',
      summary: (s, _o, { against }) =>
        `A refresh gave ${s.observed} scopes that the session was never granted: ${against ?? ''}.`,
      sql: (s, o) => {
        const uid = sqlText(o.event.event_uid);
        const now = `groupUniqArrayArrayIf(scopes, toString(event_uid) = ${uid})`;
        const before = `groupUniqArrayArrayIf(scopes, toString(event_uid) != ${uid})`;
        const session = `source_kind = 'issuer' AND outcome = 'success' AND session_uid = ${sqlText(o.event.session_uid ?? '')}`;
        return figureSql(o, s.windowStartMs, session, `length(${now}) - length(arrayIntersect(${now}, ${before}))`);
      },
    },
  } as const satisfies Readonly<Record<string, FactRule>>;
}

export type ScopeMeasure = keyof ReturnType<typeof scopeRules>;
