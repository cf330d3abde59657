import { open } from 'node:fs/promises';
import type { CheckpointStore } from './checkpoint-store.js';
import { anchorBytesMax, anchorOf } from './content-identity.js';
import { readContent, type Compression } from './file-content.js';

/** The place in the checkpoint store of one file's content; files with the same first line have different slots. */
export interface Slot {
  readonly key: string;
  /** Byte offset in the decompressed content to go on from. */
  readonly offset: number;
}

/**
 * Finds how far this content was read before. A checkpoint counts only if the bytes before its offset are the same;
 * among those that do, the farthest wins. Otherwise the file is new and gets a free slot at offset 0.
 *
 * @throws AppError TQ_FILE_UNREADABLE, or the file system's error for a plain file.
 */
export async function findSlot(
  store: CheckpointStore,
  identity: string,
  path: string,
  compression: Compression,
): Promise<Slot> {
  const known = [...store.find(`${identity}/`)].sort(([, a], [, b]) => a.offset - b.offset);
  if (known.length > 0) {
    const offsets = known.map(([, checkpoint]) => checkpoint.offset);
    const anchors =
      compression === 'none' ? await plainAnchors(path, offsets) : await streamAnchors(readContent(path), offsets);
    for (const [key, checkpoint] of known.toReversed()) {
      if (anchors.get(checkpoint.offset) === checkpoint.anchor) return { key, offset: checkpoint.offset };
    }
  }
  const taken = new Set(known.map(([key]) => key));
  let number = 0;
  while (taken.has(`${identity}/${number}`)) number += 1;
  return { key: `${identity}/${number}`, offset: 0 };
}

async function plainAnchors(path: string, offsets: readonly number[]): Promise<Map<number, string>> {
  const anchors = new Map<number, string>();
  const file = await open(path, 'r');
  try {
    for (const offset of offsets) {
      const wanted = Math.min(offset, anchorBytesMax);
      const bytes = Buffer.alloc(wanted);
      const { bytesRead } = await file.read(bytes, 0, wanted, offset - wanted);
      if (bytesRead === wanted) anchors.set(offset, anchorOf(bytes));
    }
  } finally {
    await file.close();
  }
  return anchors;
}

/** @param offsets ascending. */
async function streamAnchors(content: AsyncIterable<Buffer>, offsets: readonly number[]): Promise<Map<number, string>> {
  const anchors = new Map<number, string>();
  const tail = new TailBytes();
  let at = 0;
  let next = 0;
  for await (const chunk of content) {
    let from = 0;
    for (let offset = offsets[next]; offset !== undefined && offset <= at + chunk.length; offset = offsets[next]) {
      tail.push(chunk.subarray(from, offset - at));
      from = offset - at;
      anchors.set(offset, anchorOf(tail.bytes));
      next += 1;
    }
    if (next === offsets.length) break;
    tail.push(chunk.subarray(from));
    at += chunk.length;
  }
  return anchors;
}

/** The last bytes of what went by, as many as an anchor needs. */
export class TailBytes {
  bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.bytes =
      chunk.length >= anchorBytesMax
        ? Buffer.from(chunk.subarray(chunk.length - anchorBytesMax))
        : Buffer.concat([this.bytes.subarray(Math.max(0, this.bytes.length + chunk.length - anchorBytesMax)), chunk]);
  }
}
