import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../core/errors.js';
import { codeOf } from '../data-dir-lock.js';

/** The first of lmdb's two meta pages: a header of 24 bytes, then the number that all of its files have. */
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const META_BYTES = 2 * 4096;

/**
 * lmdb maps its file and believes it: opening one that is something else ends the process without a word.
 *
 * @throws AppError TQ_DATA_DIR_UNUSABLE
 */
export async function requireDataFile(directory: string): Promise<void> {
  const path = join(directory, 'data.mdb');
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size === 0) return;
    const head = Buffer.alloc(MAGIC_AT + 4);
    await file.read(head, 0, head.length, 0);
    if (size >= META_BYTES && head.readUInt32LE(MAGIC_AT) === MAGIC) return;
  } finally {
    await file.close();
  }
  throw new AppError(
    'TQ_DATA_DIR_UNUSABLE',
    `The file ${path} is not that of an event log: it was cut off or overwritten.`,
    {
      mend: 'Bring it back from a backup, or put it aside: what the worker had not read of it is then gone, what is stored stays.',
    },
  );
}
