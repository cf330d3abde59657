import { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../peer/caller-rule.js';
import { peerNames } from '../peer/peer-names.js';
import { presentedKey } from './api-keys.js';

/** What the client of a request showed. */
export function httpCaller(request: FastifyRequest): Caller {
  const { socket } = request.raw;
  const isVerified = socket instanceof TLSSocket && socket.authorized;
  return {
    key: presentedKey(request.headers),
    names: isVerified ? peerNames(socket.getPeerCertificate()) : [],
  };
}
