import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../core/errors.js';
import { codeOf } from '../../pipeline/error-code.js';

const gunzipAsync = promisify(gunzip);
const inflateAsync = promisify(inflate);

/** Bodies of every type come as they were sent: what they hold is read by the source, and signatures are over bytes. */
export function takeRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/**
 * The body as it was before Content-Encoding.
 *
 * @param bytesMax bound of the decompressed size; a bomb is refused before it unfolds.
 * @throws AppError TQ_TOO_LARGE or TQ_REQUEST_INVALID.
 */
export async function decodeBody(body: Buffer, encoding: string | undefined, bytesMax: number): Promise<Buffer> {
  const name = (encoding ?? 'identity').trim().toLowerCase();
  const options = { maxOutputLength: bytesMax };
  try {
    switch (name) {
      case '':
      case 'identity':
        return body;
      case 'gzip':
      case 'x-gzip':
        return await gunzipAsync(body, options);
      case 'deflate':
        return await inflateAsync(body, options);
    }
  } catch (cause) {
    if (codeOf(cause) === 'ERR_BUFFER_TOO_LARGE') {
      throw new AppError('TQ_TOO_LARGE', `The body is larger than ${bytesMax} bytes when decompressed.`, {
        mend: 'Send smaller batches.',
        cause,
      });
    }
    throw new AppError('TQ_REQUEST_INVALID', `The body is not valid ${name}.`, {
      mend: 'Compress the whole body, and let Content-Encoding name the compression.',
      cause,
    });
  }
  throw new AppError('TQ_REQUEST_INVALID', 'The Content-Encoding is not known.', {
    mend: 'Use gzip, deflate or none.',
  });
}

/** Bounds the bytes of requests that wait for the log, over all connections. */
export class InFlightBytes {
  private readonly max: number;
  private held = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** Runs the work if there is room for its bytes; a request is let in alone whatever its size. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.held > 0 && this.held + bytes > this.max) {
      throw new AppError('TQ_UNAVAILABLE', 'Too many bytes wait for the event log.', {
        retryable: true,
        retryAfterMs: 1_000,
      });
    }
    this.held += bytes;
    try {
      return await work();
    } finally {
      this.held -= bytes;
    }
  }
}
