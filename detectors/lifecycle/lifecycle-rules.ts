import type { AlarmRule, FactRule } from '../core/fact-detector.js';
import type { Observation, Score } from '../core/detector.js';
import { figureSql, lastUseSql, SERVED, servedSinceSql, sqlText, sqlTime } from '../core/reproduce.js';
import { spanText } from '../core/span-text.js';

const DAY_MS = 86_400_000;

/** From the window's start, an ending, to the newest use within what was observed. */
const sinceEndSql: FactRule['sql'] = ({ windowStartMs, observed }, o) => lastUseSql(o, windowStartMs, observed);

/** A figure of the deciding event alone. */
const ofEvent =
  (figure: string) =>
  (_score: Score, { event, timeMs }: Observation): string =>
    `SELECT ${figure} AS observed FROM events_v1 WHERE event_uid = ${sqlText(event.event_uid)} AND time = ${sqlTime(timeMs)}`;

const seconds = (from: string, to: string): string =>
  `(toUnixTimestamp64Milli(${to}) - toUnixTimestamp64Milli(${from})) / 1000`;
const days = (from: string, to: string): string => `${seconds(from, to)} / 86400`;
const wholeDays = (from: string, to: string): string => `floor(${days(from, to)})`;

const sessionOrToken = ({ event }: Observation): string => (event.token?.kind === 'session' ? 'session' : 'token');

/** What each measure of the detector means. */
export const lifecycleRules = {
  use_after_end: {
    severity: 'medium',
    fidelity: 'medium',
    techniques: ['T1550.001'],
    unit: 's',
    summary: (s, o) => `The ${sessionOrToken(o)} was used ${spanText(s.observed)} after it was revoked, and served.`,
    sql: sinceEndSql,
  },
  use_after_end_elsewhere: {
    severity: 'high',
    fidelity: 'high',
    techniques: ['T1550.001', 'T1528'],
    unit: 's',
    summary: (s, o) =>
      `The ${sessionOrToken(o)} was used ${spanText(s.observed)} after it was revoked, from an address that never used it before.`,
    sql: sinceEndSql,
  },
  use_after_expiry: {
    severity: 'medium',
    fidelity: 'medium',
    techniques: ['T1550.001'],
    unit: 's',
    summary: (s) => `Served ${spanText(s.observed)} after the token expired: who serves it does not check exp.`,
    sql: ofEvent(seconds('expires_at', 'time')),
  },
  use_before_validity: {
    severity: 'low',
    fidelity: 'medium',
    techniques: ['T1606'],
    unit: 's',
    summary: (s) => `Served ${spanText(s.observed)} before the token's nbf or iat: forged, or a clock is wrong.`,
    sql: ofEvent(`greatest(ifNull(${seconds('time', 'not_before')}, 0), ifNull(${seconds('time', 'issued_at')}, 0))`),
  },
  lifetime_implausible: {
    severity: 'medium',
    fidelity: 'medium',
    techniques: ['T1606'],
    unit: 's',
    summary: () => 'Served with a token that expires before it was issued: no issuer makes such a one.',
    sql: ofEvent(seconds('expires_at', 'issued_at')),
  },
  refresh_token_reuse: {
    severity: 'high',
    fidelity: 'high',
    techniques: ['T1528', 'T1550.001'],
    unit: 'reuses',
    summary: (_score, { event }) =>
      `A refresh token that had been exchanged already was presented again; the issuer refuses the whole family${event.session_uid === undefined ? '' : ` of session ${event.session_uid}`}.`,
    sql: (s, o) => figureSql(o, s.windowStartMs, "reason = 'token_reuse'"),
  },
  rotated_key_used: {
    severity: 'medium',
    fidelity: 'medium',
    techniques: ['T1550.001', 'T1078'],
    unit: 's',
    summary: (s) => `The old secret is still used and served ${spanText(s.observed)} after the key was rotated.`,
    sql: sinceEndSql,
  },
  dormant_awakened: {
    severity: 'info',
    fidelity: 'low',
    techniques: ['T1078'],
    unit: 'd',
    gapMs: DAY_MS,
    summary: (s) => `First use after ${Math.floor(s.observed)} days of silence.`,
    sql: (s, o) =>
      figureSql(o, s.windowStartMs, `${SERVED} AND time < ${sqlTime(o.timeMs)}`, days('max(time)', sqlTime(o.timeMs))),
  },
  algorithm_none: {
    severity: 'critical',
    fidelity: 'high',
    techniques: ['T1606'],
    unit: 'uses',
    summary: () => 'A token without a signature (alg none) was served: anybody can make such a one.',
    sql: (s, o) => figureSql(o, s.windowStartMs, `${SERVED} AND lower(algorithm) = 'none'`),
  },
  signing_changed: {
    severity: 'high',
    fidelity: 'high',
    techniques: ['T1606'],
    unit: 'changes',
    summary: () => 'One token was served with another signing key or algorithm than before: re-signed or forged.',
    sql: (s, o) => figureSql(o, s.windowStartMs, `${SERVED} AND algorithm != ''`, 'uniqExact((key_id, algorithm)) - 1'),
  },
  expiry_changed: {
    severity: 'high',
    fidelity: 'high',
    techniques: ['T1606'],
    unit: 's',
    summary: (s) =>
      `One token was served with an expiry that differs by ${spanText(s.observed)}: no issuer changes a token that it has made.`,
    sql: (s, o) => figureSql(o, s.windowStartMs, SERVED, seconds('min(expires_at)', 'max(expires_at)')),
  },
  long_lived: {
    severity: 'info',
    fidelity: 'high',
    techniques: ['T1550.001'],
    unit: 'd',
    gapMs: 3650 * DAY_MS,
    summary: (s) => `The token is valid for ${s.observed} days from its issue.`,
    sql: ofEvent(wholeDays('issued_at', 'expires_at')),
  },
  never_rotated: {
    severity: 'info',
    fidelity: 'high',
    techniques: ['T1078'],
    unit: 'd',
    gapMs: 3650 * DAY_MS,
    summary: (s) => `The key is in use ${s.observed} days after it was made.`,
    sql: ofEvent(wholeDays('issued_at', 'time')),
  },
  expires_in_heavy_use: {
    severity: 'low',
    fidelity: 'high',
    techniques: [],
    unit: 'uses',
    gapMs: 30 * DAY_MS,
    summary: (s, { event }) =>
      `Used ${s.observed} times today and expires at ${event.token?.expires_at ?? 'an unknown time'}: an outage to come.`,
    sql: (s, o) => servedSinceSql(o, s.windowStartMs),
  },
} as const satisfies Readonly<Record<string, FactRule>>;

/** Days from the key's last use or renewal to the end of the window. */
const unusedSql: AlarmRule['sql'] = ({ windowStartMs, windowEndMs }, { entityUid }) =>
  [
    `SELECT ${days('max(time)', sqlTime(windowEndMs))} AS observed FROM events_v1 WHERE token_uid = ${sqlText(entityUid)}`,
    `AND time >= ${sqlTime(windowStartMs)} AND time <= ${sqlTime(windowEndMs)}`,
    `AND (${SERVED} OR (outcome = 'success' AND action IN ('create', 'issue', 'rotate', 'refresh')))`,
  ].join(' ');

/** A key that nobody uses is found when its time has come, not in an event. */
export const unusedRule: AlarmRule = {
  severity: 'info',
  fidelity: 'high',
  techniques: ['T1078'],
  unit: 'd',
  summary: (s) => `The key is valid and has not been used for ${s.observed} days.`,
  sql: unusedSql,
};
