import { open, type FileHandle } from 'node:fs/promises';
import type { CheckpointStore } from './checkpoint-store.js';
import { anchorBytesMax, anchorOf } from './content-identity.js';
import { readContent, type Compression } from './file-content.js';

/** The place in the checkpoint store of one file's content; files with the same first line have different slots. */
export interface Slot {
  readonly key: string;
  /** Byte offset in the decompressed content to go on from. */
  readonly offset: number;
}

/** Gives for ascending offsets the anchor of the content before each, where the content reaches that far. */
export type AnchorReader = (offsets: readonly number[]) => Promise<ReadonlyMap<number, string>>;

/**
 * Finds how far this content was read before. A checkpoint counts only if the bytes before its offset are the same;
 * among those that do, the farthest wins. Otherwise the content is new and gets a free slot at offset 0.
 *
 * @param inUse slots of files that are open now and may have no checkpoint yet.
 * @throws what the reader throws.
 */
export async function findSlot(
  store: CheckpointStore,
  identity: string,
  readAnchors: AnchorReader,
  inUse: ReadonlySet<string> = new Set(),
): Promise<Slot> {
  const known = [...store.find(`${identity}/`)].sort(([, a], [, b]) => a.offset - b.offset);
  if (known.length > 0) {
    const anchors = await readAnchors(known.map(([, checkpoint]) => checkpoint.offset));
    for (const [key, checkpoint] of known.toReversed()) {
      if (anchors.get(checkpoint.offset) === checkpoint.anchor) return { key, offset: checkpoint.offset };
    }
  }
  const taken = new Set([...known.map(([key]) => key), ...inUse]);
  let number = 0;
  while (taken.has(`${identity}/${number}`)) number += 1;
  return { key: `${identity}/${number}`, offset: 0 };
}

/** Reads anchors of a file by its path, through its decompression where it has one. */
export function anchorsOfFile(path: string, compression: Compression): AnchorReader {
  if (compression !== 'none') return (offsets) => streamAnchors(readContent(path), offsets);
  return async (offsets) => {
    const file = await open(path, 'r');
    try {
      return await anchorsOfHandle(file)(offsets);
    } finally {
      await file.close();
    }
  };
}

/** Reads anchors of content that can be opened anew. */
export function anchorsOfContent(open: () => AsyncIterable<Buffer>): AnchorReader {
  return (offsets) => streamAnchors(open(), offsets);
}

/** Reads anchors of an open plain file. */
export function anchorsOfHandle(file: FileHandle): AnchorReader {
  return async (offsets) => {
    const anchors = new Map<number, string>();
    for (const offset of offsets) {
      const wanted = Math.min(offset, anchorBytesMax);
      const bytes = Buffer.alloc(wanted);
      const { bytesRead } = await file.read(bytes, 0, wanted, offset - wanted);
      if (bytesRead === wanted) anchors.set(offset, anchorOf(bytes));
    }
    return anchors;
  };
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
