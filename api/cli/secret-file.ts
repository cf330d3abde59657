import { readFileSync } from 'node:fs';
import { AppError } from '../../ingest/core/errors.js';

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
