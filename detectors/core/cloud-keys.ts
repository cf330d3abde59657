import type { Action, TokenEvent } from '../../ingest/event/token-event.js';

/** Their records name the credential that it is done to, and not the key that asked for it. */
const operations: ReadonlySet<string> = new Set([
  // AWS
  'CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey', 'GetAccessKeyLastUsed', 'CreateBucketAccessKey', 'DeleteBucketAccessKey',
  'CreateServiceSpecificCredential', 'ResetServiceSpecificCredential', 'UpdateServiceSpecificCredential', 'DeleteServiceSpecificCredential',
  'UploadSSHPublicKey', 'UpdateSSHPublicKey', 'DeleteSSHPublicKey', 'UploadSigningCertificate', 'UpdateSigningCertificate',
  'DeleteSigningCertificate',
  // Google
  'CreateServiceAccountKey', 'UploadServiceAccountKey', 'EnableServiceAccountKey', 'DisableServiceAccountKey', 'DeleteServiceAccountKey',
  'CreateKey', 'UpdateKey', 'DeleteKey', 'UndeleteKey',
]); // prettier-ignore

/** Google writes the service before it: `google.iam.admin.v1.DeleteServiceAccountKey`. */
const nameOf = (method: string): string => method.slice(method.lastIndexOf('.') + 1);

/**
 * Whether a cloud tells what was done to the key; all else that it records was done with it. A key that was not made has no name: the
 * record then names who asked.
 */
export const isOfKeyLife = ({ source, action, outcome, target }: TokenEvent): boolean =>
  source.kind === 'cloud' &&
  operations.has(nameOf(target?.method ?? '')) &&
  (action !== 'create' || outcome === 'success');

const renewals: ReadonlySet<Action> = new Set<Action>(['create', 'grant', 'rotate']);

/** A cloud switched the key on again, or brought it back. */
export const isKeyRenewal = (event: TokenEvent): boolean =>
  event.outcome === 'success' && renewals.has(event.action) && isOfKeyLife(event);
