import type { Observation } from '../core/detector.js';
import type { FactRule } from '../core/fact-detector.js';
import { figureSql, lastUseSql, SERVED, sqlText } from '../core/reproduce.js';
import { spanText } from '../core/span-text.js';

const ofSession = ({ event }: Observation): string => `session_uid = ${sqlText(event.session_uid ?? '')}`;

/** From the end of the session to its newest use within what was observed. */
const sinceEndSql: FactRule['sql'] = ({ windowStartMs, observed }, o) =>
  lastUseSql(o, windowStartMs, observed, `${ofSession(o)} AND ${SERVED}`);

const reusesSql: FactRule['sql'] = (score, observation) => {
  const parent = sqlText(observation.event.token?.parent?.value ?? '');
  const reused = `action = 'refresh' AND outcome = 'success' AND parent_kind = 'refresh_jti' AND parent_value = ${parent}`;
  return figureSql(observation, score.windowStartMs, reused, 'count() - 1');
};

const family = ({ event }: Observation): string =>
  event.session_uid === undefined ? 'its family' : `the family of session ${event.session_uid}`;

/** What each measure of the detector means. */
export const sessionRules = {
  use_after_logout: {
    severity: 'medium',
    fidelity: 'medium',
    techniques: ['T1550.001'],
    unit: 's',
    summary: (s, { event }) =>
      `A token of session ${event.session_uid ?? ''} was served ${spanText(s.observed)} after the session ended.`,
    sql: sinceEndSql,
  },
  use_after_logout_elsewhere: {
    severity: 'high',
    fidelity: 'high',
    techniques: ['T1550.001', 'T1539'],
    unit: 's',
    summary: (s, { event }) =>
      `A token of session ${event.session_uid ?? ''} was served ${spanText(s.observed)} after the session ended, from an address that this principal did not use before.`,
    sql: sinceEndSql,
  },
  refresh_token_reuse: {
    severity: 'info',
    fidelity: 'low',
    techniques: ['T1528'],
    unit: 'reuses',
    summary: (_s, o) =>
      `A refresh token was exchanged again by the same address, and the issuer allowed it: ${family(o)} is not rotated strictly.`,
    sql: reusesSql,
  },
  refresh_token_reuse_elsewhere: {
    severity: 'high',
    fidelity: 'high',
    techniques: ['T1528', 'T1550.001'],
    unit: 'reuses',
    summary: (_s, o) =>
      `A refresh token was exchanged twice, from two addresses: one of them stole it. Revoke ${family(o)}.`,
    sql: reusesSql,
  },
} as const satisfies Readonly<Record<string, FactRule>>;
