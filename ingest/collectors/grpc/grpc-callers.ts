import type { Metadata } from '@grpc/grpc-js';
import type { PeerCertificate } from 'node:tls';
import { AppError } from '../../core/errors.js';
import { entriesForKey, presentedKey } from '../http/api-keys.js';
import { isAllowedPeer, peerNames } from '../peer/peer-names.js';

/** Who may send to a source. Without either, everybody who reaches the receiver may. */
export interface CallerRule {
  /** SHA-256 (hex) of the key in the metadata `authorization: Bearer …` or `x-api-key`. */
  readonly apiKeySha256?: string;
  /** Names (URI or DNS SANs) of client certificates; `*` at the end stands for any rest. */
  readonly peers?: readonly string[];
}

interface Caller {
  readonly metadata: Metadata;
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate };
}

const first = (metadata: Metadata, name: string): string | undefined => {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : undefined;
};

/** The sources that the caller may send to. @throws AppError TQ_UNAUTHENTICATED when there is none. */
export function inputsForCaller<T extends CallerRule>(inputs: readonly T[], caller: Caller): T[] {
  const authorization = first(caller.metadata, 'authorization');
  const key = presentedKey({
    ...(authorization === undefined ? {} : { authorization }),
    'x-api-key': first(caller.metadata, 'x-api-key') ?? '',
  });
  const keyed = entriesForKey(inputs, key);
  const names = peerNames(caller.getAuthContext().sslPeerCertificate);
  const allowed = inputs.filter(
    (input) =>
      (input.apiKeySha256 === undefined || keyed.includes(input)) &&
      (input.peers === undefined || isAllowedPeer(names, input.peers)),
  );
  if (allowed.length > 0) return allowed;
  throw new AppError('TQ_UNAUTHENTICATED', 'No source takes records from this sender.', {
    mend: 'Send the key of the source as metadata authorization: Bearer, or show a client certificate that its peers allow.',
  });
}

/** Whether nothing is asked of who sends to the source. */
export const isOpenRule = (rule: CallerRule): boolean => rule.apiKeySha256 === undefined && rule.peers === undefined;
