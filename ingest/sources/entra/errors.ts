import type { Outcome, Reason } from '../../event/token-event.js';

export interface SignInOutcome {
  readonly outcome: Outcome;
  readonly reason?: Reason | undefined;
}

const rows = (reason: Reason, codes: string): readonly (readonly [number, Reason])[] =>
  codes.split(' ').map((code) => [Number(code), reason] as const);

/** AADSTS error codes → reason (Microsoft identity platform, "authentication and authorization error codes"). */
export const failureCodes: ReadonlyMap<number, Reason> = new Map([
  ...rows('invalid_credentials', '50126 50055 50056 50064 50142 50144 80002 80005 80012 81012'),
  ...rows('user_not_found', '50034 51004 90072 50020 50178'),
  ...rows('user_disabled', '50057 50053 130500 135010'),
  ...rows('mfa_failed', '500121 50089 50087 50088 54008 399284'),
  ...rows('policy_denied', '53000 53001 53002 53003 53004 53009 53011 530002 530003 530021 530032 530035 50131 50005 500011001'),
  ...rows('access_denied', '50105 50177 65004 90093 90094 160021 1002016 7000112 7000113'),
  ...rows('invalid_client', '7000215 7000222 700027 7000218 7000219 50012 700016 90013 700030 7000114'),
  ...rows('unauthorized_client', '70001 650052 650054 700054'),
  ...rows('invalid_grant', '70000 70002 70008 70043 70044 700082 700084 54005 9002313 50013 50027 70019 700005 700003 50089'),
  ...rows('revoked_token', '50173 50132 50133 70046'),
  ...rows('invalid_scope', '70011 28002 28003'),
  ...rows('unsupported_grant_type', '70003 70007'),
  ...rows('invalid_request', '90014 900144 9002332 50011 500112 50001 500011 90002 90019 90100 16000 900023 9002346 900561 65002'),
  ...rows('rate_limited', '50196 90055 90056'),
  ...rows('temporarily_unavailable', '90033 50085 90006 90025 80010 80014'),
  ...rows('server_error', '50000 50086 90012 80001'),
  ...rows('insufficient_user_authentication', '50058 50206 70037 50078'),
]); // prettier-ignore

/** Sign-ins that stopped for a question to the user: neither a success nor a failure. */
const interrupts: ReadonlyMap<number, Reason | undefined> = new Map<number, Reason | undefined>([
  ...[50074, 50076, 50072, 50079, 50158, 500133].map((code): [number, Reason] => [code, 'mfa_required']),
  ...[50140, 50059, 50097, 50125, 50127, 50129, 50143, 51006, 52004, 65001, 16001, 16003, 29200, 81010, 90023].map(
    (code): [number, undefined] => [code, undefined],
  ),
]);

/** @param code `status.errorCode` or `resultType`; 0 is success. */
export function outcomeOfCode(code: number | undefined): SignInOutcome {
  if (code === undefined) return { outcome: 'unknown' };
  if (code === 0) return { outcome: 'success' };
  if (interrupts.has(code)) return { outcome: 'unknown', reason: interrupts.get(code) };
  return { outcome: 'failure', reason: failureCodes.get(code) ?? 'other' };
}
