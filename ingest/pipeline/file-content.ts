import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { AppError } from '../core/errors.js';
import { codeOf } from './error-code.js';
import { xzContent } from './xz-content.js';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz';

const readBytes = 512 * 1024;
const magicBytes = 6;
// A few bytes of zstd can stand for a long run; small pieces bound what one push may bring forth.
const zstdPieceBytes = 4_096;

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** Recognises the compression by the first bytes; names lie after a rename. */
export function compressionOf(head: Uint8Array): Compression {
  return magics.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0] ?? 'none';
}

/** @throws AppError TQ_FILE_UNREADABLE */
export async function detectCompression(path: string): Promise<Compression> {
  try {
    const file = await open(path, 'r');
    try {
      const head = Buffer.alloc(6);
      const { bytesRead } = await file.read(head, 0, head.length, 0);
      return compressionOf(head.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * The decompressed content of a file in bounded memory.
 *
 * @param onRead told how many bytes of the file itself (compressed) were read more.
 * @throws AppError TQ_FILE_UNREADABLE, naming the file, when it cannot be opened or its compression breaks off; what
 *   was readable before the fault has been yielded.
 */
export async function* readContent(path: string, onRead?: (bytes: number) => void): AsyncGenerator<Buffer> {
  const compression = await detectCompression(path);
  const raw = createReadStream(path, { highWaterMark: readBytes });
  raw.on('data', (chunk) => onRead?.(chunk.length));
  raw.pause();
  yield* contentOf(raw, compression, path);
}

/**
 * The decompressed content of what comes from elsewhere, recognised by its first bytes.
 *
 * @param name for errors.
 * @throws AppError of the opener, or TQ_FILE_UNREADABLE when the compression breaks off.
 */
export async function* readOpened(open: () => Promise<Readable>, name: string): AsyncGenerator<Buffer> {
  const body = (await open())[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head = Buffer.alloc(0);
  for (let step = await body.next(); step.done !== true; step = await body.next()) {
    head = Buffer.concat([head, step.value]);
    if (head.length >= magicBytes) break;
  }
  const whole = async function* (): AsyncGenerator<Buffer> {
    yield head;
    for (let step = await body.next(); step.done !== true; step = await body.next()) yield step.value;
  };
  yield* contentOf(Readable.from(whole()), compressionOf(head), name);
}

async function* contentOf(raw: Readable, compression: Compression, path: string): AsyncGenerator<Buffer> {
  try {
    yield* decompressed(raw, compression);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    raw.destroy();
  }
}

async function* decompressed(raw: Readable, compression: Compression): AsyncGenerator<Buffer> {
  switch (compression) {
    case 'none':
      for await (const chunk of raw) yield chunk as Buffer;
      return;
    case 'gzip': {
      const gunzip = createGunzip({ chunkSize: readBytes });
      // The iteration below sees the error too; the callback only keeps it from being unhandled.
      pipeline(raw, gunzip, () => undefined);
      for await (const chunk of gunzip) yield chunk as Buffer;
      return;
    }
    case 'zstd':
      yield* zstd(raw);
      return;
    case 'xz':
      yield* xzContent(raw);
  }
}

async function* zstd(raw: Readable): AsyncGenerator<Buffer> {
  let out: Buffer[] = [];
  const decoder = new Decompress((data) => out.push(Buffer.from(data)));
  for await (const chunk of raw) {
    const bytes = chunk as Buffer;
    for (let from = 0; from < bytes.length; from += zstdPieceBytes) {
      decoder.push(bytes.subarray(from, from + zstdPieceBytes));
      yield* out;
      out = [];
    }
  }
  decoder.push(new Uint8Array(0), true);
  yield* out;
}

function unreadable(path: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const why = codeOf(cause) === '' ? 'broken compression' : codeOf(cause);
  return new AppError('TQ_FILE_UNREADABLE', `The file ${path} cannot be read to its end (${why}).`, {
    mend: 'Check that it exists, is readable and complete; what stood before the fault was taken.',
    cause,
  });
}
