import { Readable } from 'node:stream';
import { AppError } from '../../core/errors.js';
import type { DeadLetterReason } from '../../pipeline/dead-letter.js';
import { compressionOf, readOpened } from '../../pipeline/file-content.js';
import type { RawRecord } from '../../pipeline/record-parser.js';
import { recordsOfValue } from '../../pipeline/value-records.js';
import type { Source } from '../../sources/source.js';
import { isNotice } from './object-notices.js';
import type { PulledMessage } from './subscription.js';

/** Why a message as a whole holds no record. */
export interface MessageFault {
  readonly reason: DeadLetterReason;
  readonly field: string;
  readonly message: string;
  readonly mend: string;
}

export interface MessageContent {
  readonly container: string;
  readonly records: readonly RawRecord[];
  readonly bytes: number;
  readonly fault?: MessageFault;
}

export interface MessageLimits {
  readonly record_bytes_max: number;
  readonly message_bytes_max: number;
}

const tooLarge: MessageFault = {
  reason: 'too_large',
  field: 'data',
  message: 'The message is longer than the limit when it is unpacked.',
  mend: 'Publish fewer records a message.',
};
const broken: MessageFault = {
  reason: 'unparsable',
  field: 'data',
  message: 'The data of the message is neither text nor whole gzip, zstd or xz.',
  mend: 'Publish each record as text, or compressed whole.',
};
const empty: MessageFault = {
  reason: 'unparsable',
  field: 'data',
  message: 'The message has no data.',
  mend: 'Let the publisher put the record into the data of the message; attributes are not read.',
};
const notice: MessageFault = {
  reason: 'unparsable',
  field: 'attributes/eventType',
  message: 'The message tells of an object of a bucket and holds no record.',
  mend: 'Read the bucket: an input of kind s3 whose pubsub names this subscription.',
};

/** The records of a message, named by the message: a delivery that is repeated gives the same. */
export async function contentOf(
  { messageId, data, attributes }: PulledMessage,
  subscription: string,
  source: Source,
  limits: MessageLimits,
): Promise<MessageContent> {
  const container = `pubsub:${subscription}:${messageId}`;
  const faulty = (fault: MessageFault): MessageContent => ({ container, records: [], bytes: 0, fault });
  if (isNotice(attributes)) return faulty(notice);
  if (data === undefined || data === '') return faulty(empty);
  const raw = Buffer.from(data, 'base64');
  const value = compressionOf(raw) === 'none' ? raw : await unpacked(raw, limits.message_bytes_max);
  if (!Buffer.isBuffer(value)) return faulty(value);
  const records = recordsOfValue(source, value, container, limits.record_bytes_max);
  return { container, records, bytes: value.length };
}

async function unpacked(raw: Buffer, bytesMax: number): Promise<Buffer | MessageFault> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of readOpened(() => Promise.resolve(Readable.from([raw])), 'message')) {
      bytes += chunk.length;
      if (bytes > bytesMax) return tooLarge;
      chunks.push(Buffer.from(chunk));
    }
  } catch (error) {
    if (error instanceof AppError && error.code === 'TQ_FILE_UNREADABLE') return broken;
    throw error;
  }
  return Buffer.concat(chunks);
}
