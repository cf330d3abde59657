import type { Outcome, Reason } from '../../event/token-event.js';

export interface SignInOutcome {
  readonly outcome: Outcome;
  readonly reason?: Reason | undefined;
}

const rows = (reason: Reason, codes: string): readonly (readonly [number, Reason])[] =>
  codes.split(' ').map((code) => [Number(code), reason] as const);

/**
 * AADSTS error codes → reason. Held against Microsoft's page "Microsoft Entra authentication and authorization error codes"
 * (reference-error-codes.md of its documentation): what a sign-in can end with has a row; other codes are `other`.
 */
export const failureCodes: ReadonlyMap<number, Reason> = new Map([
  ...rows('invalid_credentials', '50126 50055 50056 50064 50142 50144 80007 81004 81006 81009 81012 120000 130004 130005 130006 135010 50017 50137 130008'),
  ...rows('user_not_found', '50034 50014 50020 50197 51004 90072 90125 16000 81011 120016 500208'),
  ...rows('user_disabled', '50053 50057 120014 130500'),
  ...rows('mfa_failed', '500121 50087 54008 399284'),
  ...rows('policy_denied', '53000 53001 53002 53003 53004 53009 53010 53011 530002 530003 530021 530032 530034 530035 50131 50002 50005 54000 80012 500011001 500021 500022 500212 500213 1000031 1000104 130007 135011 50161 50178 50172 51000'),
  ...rows('access_denied', '50105 50155 50177 50187 65004 67003 90084 90093 90094 90099 90123 160021 240001 1002016 7000113 50150'),
  ...rows('invalid_client', '70002 7000215 7000222 700025 700027 7000218 7000219 50012 50048 700030 900384'),
  ...rows('unauthorized_client', '70001 700011 700016 50194 650052 650054 650056 65005 700054 90130 7000112 7000114'),
  ...rows('invalid_grant', '70000 70008 70018 70019 70043 70044 700082 700084 700003 700005 54005 50013 50027 50089 50139 500133 501481 9002313 90086 90120 240002 700229 50148'),
  ...rows('invalid_signature', '50006 50099'),
  ...rows('invalid_token', '50008 50120 90016 90020 140001 5000819 50098 50141 50164'),
  ...rows('revoked_token', '50173 50132 50133 70046'),
  ...rows('invalid_scope', '28002 28003 70011 700022 700023'),
  ...rows('unsupported_grant_type', '70003 70005 70007 9001023'),
  ...rows('invalid_request', '50001 50010 50011 500011 500112 50029 50049 50050 50061 50128 50147 501491 50169 50192 65002 650057 70004 75001 75003 75005 75008 75011 75016 76021 76026 7500514 750054 7500529 90002 90004 90005 90007 90013 90014 900144 90015 90019 90022 90023 900236 900561 900971 90056 90081 90082 90100 901002 90101 90102 90107 90117 90119 90121 90124 90126 140000 165900 900023 9002332 9002346 50068 50070 50071 50130 50149 50156 50165 50167 50171 90009 90027 90112 220450 221000 230109'),
  ...rows('rate_limited', '50088 50196 90055 50166'),
  ...rows('temporarily_unavailable', '50033 80001 80002 80014 90006 90012 90024 90025 90033 90090 90091 40010 501621'),
  ...rows('upstream_error', '20001 20012 20033 40008 40009 40015 50107 80005 80010 80013 220501 900612'),
  ...rows('server_error', '50000 50003 50007 50086 70012 90010 90036 90092 120021 240003 240004'),
  ...rows('insufficient_user_authentication', '50058 50078 50085 50206 70037 700020 50159'),
]); // prettier-ignore

/** Sign-ins that stopped for a question to the user, or that go on elsewhere: neither a success nor a failure. */
const interrupts: ReadonlyMap<number, Reason | undefined> = new Map<number, Reason | undefined>([
  ...[50072, 50074, 50076, 50079, 50158].map((code): [number, Reason] => [code, 'mfa_required']),
  ...[
    16001, 16002, 16003, 29200, 50015, 50059, 50097, 50125, 50127, 50129, 50134, 50135, 50136, 50140, 50143, 50157, 50160, 50168, 50180, 50199, 51001, 51005,
    51006, 52004, 65001, 70016, 81007, 81010, 90008, 90038, 90095, 1000000, 1000002,
  ].map((code): [number, undefined] => [code, undefined]),
]); // prettier-ignore

/** @param code `status.errorCode` or `resultType`; 0 is success. */
export function outcomeOfCode(code: number | undefined): SignInOutcome {
  if (code === undefined) return { outcome: 'unknown' };
  if (code === 0) return { outcome: 'success' };
  if (interrupts.has(code)) return { outcome: 'unknown', reason: interrupts.get(code) };
  return { outcome: 'failure', reason: failureCodes.get(code) ?? 'other' };
}

/** `resultType` is a code as text, or says in a word whether it was one: the reference of the log has both. */
export function outcomeOfResult(result: string): SignInOutcome {
  if (/^success$/i.test(result)) return { outcome: 'success' };
  if (/^failure$/i.test(result)) return { outcome: 'failure', reason: 'other' };
  return outcomeOfCode(/^\d{1,9}$/.test(result) ? Number(result) : undefined);
}
