import type { SecureContextOptions, TlsOptions } from 'node:tls';

/** What a server shows, and what it asks of its clients. PEM texts. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Authorities of client certificates; with them a client without a certificate of theirs is refused. */
  readonly clientCa?: string;
}

/** The same for `node:tls`, `node:https` and fastify. TLS 1.2 is the least that is spoken. */
export function tlsOptions({ cert, key, clientCa }: ServerTls): TlsOptions & SecureContextOptions {
  return {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  };
}
