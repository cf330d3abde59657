import type { ServiceAccountKey } from '../../ingest/collectors/poll/credentials.js';
import { AppError } from '../../ingest/core/errors.js';
import { tryJson } from '../../ingest/core/try-json.js';
import { isObject, readText } from '../../ingest/sources/shared/json-reader.js';
import type { SecretConfig } from '../config/secret-schema.js';
import { readSecretFile } from './secret-file.js';

/** The key file of a Google service account. @throws AppError TQ_FILE_UNREADABLE, TQ_CONFIG_INVALID; never with its words. */
export function readGoogleKey({ secret, secret_file }: SecretConfig): ServiceAccountKey {
  const key = tryJson(secret ?? readSecretFile(secret_file ?? ''));
  const [clientEmail, privateKey, tokenUri] = ['client_email', 'private_key', 'token_uri'].map((name) =>
    isObject(key) ? readText(key, name) : undefined,
  );
  if (clientEmail !== undefined && privateKey !== undefined && tokenUri !== undefined)
    return { clientEmail, privateKey, tokenUri };
  throw new AppError('TQ_CONFIG_INVALID', 'The key of the Google service account is not the file that Google writes.', {
    mend: 'Give the JSON key file whole: it has client_email, private_key and token_uri.',
  });
}
