import type { PeerCertificate } from 'node:tls';
import type { Metadata } from '@grpc/grpc-js';
import { presentedKey } from '../http/api-keys.js';
import type { Caller } from '../peer/caller-rule.js';
import { peerNames } from '../peer/peer-names.js';

interface Call {
  readonly metadata: Metadata;
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate };
}

const first = (metadata: Metadata, name: string): string => {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : '';
};

/** What the client of a gRPC call showed. */
export function callerOf(call: Call): Caller {
  const { metadata } = call;
  return {
    key: presentedKey({ authorization: first(metadata, 'authorization'), 'x-api-key': first(metadata, 'x-api-key') }),
    names: peerNames(call.getAuthContext().sslPeerCertificate),
  };
}
