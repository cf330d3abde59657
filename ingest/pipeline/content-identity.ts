import { createHash } from 'node:crypto';

/** Of a first line that is longer, only its beginning names the file. */
export const identityBytesMax = 65_536;

/** How much of the content before a checkpoint is remembered to know the file again. */
export const anchorBytesMax = 1_024;

/**
 * Names a file by what is in it, not by where it lies: the same log renamed, gzipped or replayed has the same name.
 *
 * @param beginning the first complete line with its newline, or the first 64 KiB of a longer one; the whole document
 *   where a file is one document.
 */
export function contentIdentity(instance: string, beginning: Uint8Array): string {
  return createHash('sha256').update(instance).update('\0').update(beginning).digest('hex').slice(0, 40);
}

/** SHA-256 over the last bytes (at most 1 KiB) before an offset; an empty file has an anchor too. */
export function anchorOf(lastBytes: Uint8Array): string {
  return createHash('sha256')
    .update(lastBytes.subarray(Math.max(0, lastBytes.length - anchorBytesMax)))
    .digest('hex')
    .slice(0, 32);
}

/** The part of `head` that names the file, or undefined while its first line is incomplete. */
export function identityPrefix(head: Buffer, ended: boolean): Buffer | undefined {
  const newline = head.subarray(0, identityBytesMax).indexOf(10);
  if (newline !== -1) return head.subarray(0, newline + 1);
  if (head.length >= identityBytesMax) return head.subarray(0, identityBytesMax);
  return ended && head.length > 0 ? head : undefined;
}

/**
 * Two files that begin with the same line (two virtual hosts probed in the same second) must not share event_uids,
 * so the container of a record also carries a 32-bit FNV-1a of the record itself.
 */
export function recordContainer(container: string, record: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < record.length; i += 1) hash = Math.imul(hash ^ record.charCodeAt(i), 0x01000193);
  return `${container}.${(hash >>> 0).toString(16)}`;
}
