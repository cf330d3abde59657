import type { Reason } from '../../event/token-event.js';

/** google.rpc.Code, which is gRPC's status code: its number is its place. */
const codes: readonly (readonly [name: string, reason: Reason | undefined])[] = [
  ['OK', undefined],
  ['Canceled', 'other'],
  ['Unknown', 'other'],
  ['InvalidArgument', 'invalid_request'],
  ['DeadlineExceeded', 'temporarily_unavailable'],
  ['NotFound', 'not_found'],
  ['AlreadyExists', 'invalid_request'],
  ['PermissionDenied', 'access_denied'],
  ['ResourceExhausted', 'rate_limited'],
  ['FailedPrecondition', 'invalid_request'],
  ['Aborted', 'temporarily_unavailable'],
  ['OutOfRange', 'invalid_request'],
  ['Unimplemented', 'invalid_request'],
  ['Internal', 'server_error'],
  ['Unavailable', 'temporarily_unavailable'],
  ['DataLoss', 'server_error'],
  ['Unauthenticated', 'invalid_token'],
];

const byName: ReadonlyMap<string, Reason | undefined> = new Map(codes);
/** `PERMISSION_DENIED` and `CANCELLED`, as protobuf writes them. */
const bySnakeName: ReadonlyMap<string, Reason | undefined> = new Map([
  ...codes.map(([name, reason]): [string, Reason | undefined] => [snake(name), reason]),
  ['CANCELLED', 'other'],
]);

function snake(name: string): string {
  return name === 'OK' ? name : name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

/**
 * @param code the number, or the name as Go or protobuf write it (`PermissionDenied`, `PERMISSION_DENIED`).
 * @returns undefined for OK; `other` for what is no code.
 */
export function reasonOfRpcCode(code: number | string): Reason | undefined {
  const number = typeof code === 'number' ? code : /^\d{1,3}$/.test(code) ? Number(code) : undefined;
  if (number !== undefined) return codes[number] === undefined ? 'other' : codes[number][1];
  const name = String(code);
  const names = byName.has(name) ? byName : bySnakeName;
  return names.has(name) ? names.get(name) : 'other';
}

/** Whether it says that the caller went away before it was told an outcome. */
export const isCancelled = (code: string): boolean => /^(?:1|Cancell?ed|CANCELL?ED)$/.test(code);
