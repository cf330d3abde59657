import { readFileSync } from 'node:fs';
import { AppError } from '../../ingest/core/errors.js';

/** @throws AppError TQ_FILE_UNREADABLE that names the file. */
export function readMappingFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('TQ_FILE_UNREADABLE', `The mapping ${path} cannot be read.`, {
      mend: 'Name a readable file; docs/mapping.md tells what stands in it.',
      cause,
    });
  }
}
