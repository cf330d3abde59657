import { reasonOfRpcCode } from '../../../../../ingest/sources/shared/rpc-code.js';

it.each([
  [0, undefined], ['OK', undefined], ['0', undefined], [7, 'access_denied'], ['7', 'access_denied'], ['PermissionDenied', 'access_denied'],
  ['PERMISSION_DENIED', 'access_denied'], ['CANCELLED', 'other'], ['DATA_LOSS', 'server_error'], [16, 'invalid_token'], ['Unauthenticated', 'invalid_token'], [8, 'rate_limited'], [17, 'other'], ['toString', 'other'], ['', 'other'],
] as const)('%j is %s', (code, reason) => {
  expect(reasonOfRpcCode(code)).toBe(reason);
}); // prettier-ignore
