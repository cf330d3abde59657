import { readFileSync } from 'node:fs';
import { AppError } from '../../ingest/core/errors.js';
import type { SecretConfig } from '../config/secret-schema.js';

/** @throws AppError TQ_FILE_UNREADABLE that names the file, never its content. */
export function readSecretFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('TQ_FILE_UNREADABLE', `The file ${path} that the configuration names cannot be read.`, {
      mend: 'Check the path and its permissions.',
      cause,
    });
  }
}

/**
 * The secrets that a configuration names, one a line.
 *
 * @throws AppError TQ_FILE_UNREADABLE, TQ_CONFIG_INVALID when there is none; never with the secret's words.
 */
export function readSecrets({ secret, secret_file }: SecretConfig): readonly [string, ...string[]] {
  const text = secret ?? (secret_file === undefined ? '' : readSecretFile(secret_file));
  const [first, ...more] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (first !== undefined) return [first, ...more];
  throw new AppError('TQ_CONFIG_INVALID', `${secret_file ?? 'The variable of `secret`'} holds no secret.`, {
    mend: 'Put the secret there, on a line of its own.',
  });
}
