import type { TokenEvent } from '../../ingest/event/token-event.js';

/** Of AWS; CloudTrail's record then names the credential that it is done to, and not the key that asked for it. */
const operations: ReadonlySet<string> = new Set([
  'CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey', 'CreateBucketAccessKey', 'DeleteBucketAccessKey',
  'CreateServiceSpecificCredential', 'ResetServiceSpecificCredential', 'UpdateServiceSpecificCredential', 'DeleteServiceSpecificCredential',
  'UploadSSHPublicKey', 'UpdateSSHPublicKey', 'DeleteSSHPublicKey', 'UploadSigningCertificate', 'UpdateSigningCertificate',
  'DeleteSigningCertificate',
]); // prettier-ignore

/** Whether a cloud tells what was done to the key; all else that it records was done with it. */
export const isOfKeyLife = ({ source, target }: TokenEvent): boolean =>
  source.kind === 'cloud' && operations.has(target?.method ?? '');
