import { outcomeOfCode } from '../../../../ingest/sources/entra/errors.js';

/** Codes of Microsoft's page and what their sentences say, those that are easily taken for something else included. */
const expected: readonly (readonly [code: number, outcome: string, reason?: string])[] = [
  [0, 'success'],
  [50126, 'failure', 'invalid_credentials'],
  [50034, 'failure', 'user_not_found'],
  // "User account … does not exist in tenant": no fault of the request's form.
  [16000, 'failure', 'user_not_found'],
  [50020, 'failure', 'user_not_found'],
  [50053, 'failure', 'user_disabled'],
  [50076, 'unknown', 'mfa_required'],
  // "Assertion isn't within its valid time range."
  [500133, 'failure', 'invalid_grant'],
  // "The specified client_secret does not match."
  [70002, 'failure', 'invalid_client'],
  [7000215, 'failure', 'invalid_client'],
  [700016, 'failure', 'unauthorized_client'],
  [700082, 'failure', 'invalid_grant'],
  // "The Code_Verifier doesn't match."
  [501481, 'failure', 'invalid_grant'],
  [50173, 'failure', 'revoked_token'],
  [53003, 'failure', 'policy_denied'],
  // Tenant restrictions and cross-tenant access.
  [500021, 'failure', 'policy_denied'],
  [500213, 'failure', 'policy_denied'],
  // Outside of the hours that Active Directory allows.
  [80012, 'failure', 'policy_denied'],
  // Active Directory did not answer, so nobody knows whether the password was right.
  [80002, 'failure', 'temporarily_unavailable'],
  [80005, 'failure', 'upstream_error'],
  [50006, 'failure', 'invalid_signature'],
  [50058, 'failure', 'insufficient_user_authentication'],
  [50105, 'failure', 'access_denied'],
  [70011, 'failure', 'invalid_scope'],
  [50196, 'failure', 'rate_limited'],
  // "The app should send a POST request": not too many requests.
  [90056, 'failure', 'invalid_request'],
  [50140, 'unknown'],
  [50199, 'unknown'],
  // A device waits for its code to be typed in.
  [70016, 'unknown'],
  [99999999, 'failure', 'other'],
];

it('takes each code for what its sentence says', () => {
  const told = expected.map(([code]) => ({ code, ...outcomeOfCode(code) }));
  expect(told).toEqual(expected.map(([code, outcome, reason]) => ({ code, outcome, reason })));
});

it('knows nothing of a sign-in without a code', () => {
  expect(outcomeOfCode(undefined)).toEqual({ outcome: 'unknown' });
});
