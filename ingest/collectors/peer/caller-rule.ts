import { AppError } from '../../core/errors.js';
import { entriesForKey } from '../http/api-keys.js';
import { isAllowedPeer } from './peer-names.js';

/** Who may send to a source. Without either, everybody who reaches the receiver may. */
export interface CallerRule {
  /** SHA-256 (hex) of the key in `authorization: Bearer …` or `x-api-key`, a header or gRPC metadata. */
  readonly apiKeySha256?: string;
  /** Names (URI or DNS SANs) of client certificates; `*` at the end stands for any rest. */
  readonly peers?: readonly string[];
}

/** What a sender showed: a key, and the names of the certificate that the handshake verified. */
export interface Caller {
  readonly key: string | undefined;
  readonly names: readonly string[];
}

/** Whether nothing is asked of who sends to the source. */
export const isOpenRule = (rule: CallerRule): boolean => rule.apiKeySha256 === undefined && rule.peers === undefined;

/** The sources that the caller may send to. @throws AppError TQ_UNAUTHENTICATED when there is none. */
export function inputsForCaller<T extends CallerRule>(inputs: readonly T[], { key, names }: Caller): T[] {
  const keyed = entriesForKey(inputs, key);
  const allowed = inputs.filter(
    (input) =>
      (input.apiKeySha256 === undefined || keyed.includes(input)) &&
      (input.peers === undefined || isAllowedPeer(names, input.peers)),
  );
  if (allowed.length > 0) return allowed;
  throw new AppError('TQ_UNAUTHENTICATED', 'No source takes records from this sender.', {
    mend: 'Send the key of the source as Authorization: Bearer, or show a client certificate that its peers allow.',
  });
}
