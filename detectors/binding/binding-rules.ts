import type { Observation } from '../core/detector.js';
import type { FactRule } from '../core/fact-detector.js';
import { ACCEPTED, figureSql, SERVED, sqlText } from '../core/reproduce.js';

const DAY_MS = 86_400_000;

/** Attributes in which a proxy tells the thumbprint of the key that was shown: RFC 8705 §3.1 and RFC 9449 §6.1. */
export const presentedKeys = { mtls: 'presented_x5t_s256', dpop: 'presented_jkt' } as const;

const caller = ({ event }: Observation): string =>
  event.caller?.spiffe_id ?? event.caller?.service ?? 'an unknown workload';
const target = ({ event }: Observation): string => event.target?.service ?? event.target?.address ?? 'a service';
const shown = `if(binding_method = 'mtls', attributes['${presentedKeys.mtls}'], attributes['${presentedKeys.dpop}'])`;

/** What each measure of the detector means. */
export const bindingRules = {
  other_key: {
    severity: 'high',
    fidelity: 'high',
    techniques: ['T1550.001', 'T1528'],
    unit: 'uses',
    summary: (_s, { event }) =>
      `A token bound to one key (${event.token?.binding?.method ?? 'cnf'}) was served to the holder of another: the binding is not checked, and the token is not its owner's any more.`,
    sql: (s, o) =>
      figureSql(o, s.windowStartMs, `${SERVED} AND binding_value != '' AND ${shown} NOT IN ('', binding_value)`),
  },
  binding_changed: {
    severity: 'high',
    fidelity: 'high',
    techniques: ['T1606'],
    unit: 'changes',
    summary: () => 'One token was served bound to another key than before: no issuer changes a token that it has made.',
    sql: (s, o) => figureSql(o, s.windowStartMs, `${SERVED} AND binding_value != ''`, 'uniqExact(binding_value) - 1'),
  },
  secret_changed: {
    severity: 'critical',
    fidelity: 'high',
    techniques: ['T1606'],
    unit: 'changes',
    summary: () =>
      'Two different texts with the id of one token were served: somebody signs with the key of the issuer, or nobody checks the signature.',
    sql: (s, o) =>
      figureSql(
        o,
        s.windowStartMs,
        `${SERVED} AND secret_fp != '' AND fp_key_id = ${sqlText(o.event.token?.fp_key_id ?? '')}`,
        'uniqExact(secret_fp) - 1',
      ),
  },
  forged_copy: {
    severity: 'info',
    fidelity: 'low',
    techniques: ['T1606'],
    unit: 'attempts',
    summary: (s) =>
      `${s.observed} refused with the id of this token and other bytes: a broken client, or a try to forge it.`,
    sql: (s, o) => {
      const refused = "outcome = 'failure' AND reason IN ('invalid_token', 'invalid_signature')";
      return figureSql(
        o,
        s.windowStartMs,
        `direction != 'outbound' AND ${refused} AND secret_fp = ${sqlText(o.event.token?.secret_fp ?? '')}`,
      );
    },
  },
  other_workload: {
    severity: 'high',
    fidelity: 'medium',
    techniques: ['T1550.001', 'T1528'],
    unit: 'uses',
    summary: (_s, o) =>
      `${caller(o)} presents the token of ${o.event.principal?.id ?? 'another workload'} to ${target(o)}, in no request that it was handed on in.`,
    sql: (s, o) =>
      figureSql(o, s.windowStartMs, `${ACCEPTED} AND caller_spiffe_id = ${sqlText(o.event.caller?.spiffe_id ?? '')}`),
  },
  plaintext_hop: {
    severity: 'info',
    fidelity: 'high',
    techniques: ['T1557', 'T1552'],
    unit: 'uses',
    gapMs: 30 * DAY_MS,
    summary: (_s, o) => `The token travels to ${target(o)} without TLS: whoever sees the network has it.`,
    sql: (s, o) => figureSql(o, s.windowStartMs, `${ACCEPTED} AND transport = 'plaintext'`),
  },
  exposed: {
    severity: 'info',
    fidelity: 'high',
    techniques: ['T1552'],
    unit: 'uses',
    gapMs: 30 * DAY_MS,
    summary: (_s, { event }) =>
      `The token stood in the ${(event.exposures ?? []).map((place) => place.replace('token_in_', '')).join(', ')} of a request, and so in logs and histories.`,
    sql: (s, o) => figureSql(o, s.windowStartMs, 'notEmpty(exposures)'),
  },
} as const satisfies Readonly<Record<string, FactRule>>;
