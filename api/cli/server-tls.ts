import { createSecureContext } from 'node:tls';
import type { ServerTls } from '../../ingest/collectors/peer/server-tls.js';
import { tlsOptions } from '../../ingest/collectors/peer/server-tls.js';
import { AppError } from '../../ingest/core/errors.js';
import type { ServerTlsFiles } from '../config/input-schema.js';
import { readSecretFile } from './secret-file.js';

/**
 * Reads and checks what a receiver shows to its clients.
 *
 * @throws AppError TQ_FILE_UNREADABLE, TQ_CONFIG_INVALID when certificate and key are none or are not of each other.
 */
export function readServerTls(files: ServerTlsFiles | undefined): ServerTls | undefined {
  if (files === undefined) return undefined;
  const tls: ServerTls = {
    cert: readSecretFile(files.cert_file),
    key: readSecretFile(files.key_file),
    ...(files.client_ca_file === undefined ? {} : { clientCa: readSecretFile(files.client_ca_file) }),
  };
  try {
    createSecureContext(tlsOptions(tls));
  } catch {
    // OpenSSL's words may quote the key.
    throw new AppError('TQ_CONFIG_INVALID', `The certificate ${files.cert_file} and its key cannot be used for TLS.`, {
      mend: 'Give a PEM certificate chain in cert_file, its own unencrypted key in key_file, and PEM authorities in client_ca_file.',
    });
  }
  return tls;
}
