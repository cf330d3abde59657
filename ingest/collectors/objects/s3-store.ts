import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AppError } from '../../core/errors.js';
import { shownPlace } from '../../event/redact-text.js';
import { SourceRefusal } from '../poll/source-fault.js';
import { noticedObjects } from './notices.js';
import type { NoticeQueue, ObjectStore } from './object-store.js';

export interface AwsOptions {
  readonly region?: string;
  /** Address of a service that speaks S3 (MinIO, Ceph, Google Cloud Storage); buckets are then parts of the path. */
  readonly endpoint?: string;
  /** Default: where AWS's SDKs look (environment, profile, role of the workload). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const holdSeconds = 300;

/** The SDK repeats by itself what is worth it; its words may quote what was sent, so only names and numbers are said. */
function fault(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const { name = 'Error', $metadata: { httpStatusCode: status } = {} } = error as {
    readonly name?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const said = `${what} failed (${name.slice(0, 80)}${status === undefined ? '' : `, ${String(status)}`}).`;
  if (name === 'CredentialsProviderError' || (status !== undefined && status >= 400 && status < 500 && status !== 429)) {
    const mend = 'Check bucket, region and queue, and that the role may s3:ListBucket, s3:GetObject, sqs:ReceiveMessage, sqs:ChangeMessageVisibility and sqs:DeleteMessage.';
    return new SourceRefusal(status ?? 0, said, mend);
  }
  return new AppError('TQ_SOURCE_UNAVAILABLE', said, {
    retryable: true,
    mend: 'It is tried again where it was left; check the network if it lasts.',
  });
} // prettier-ignore

const withoutChecksums = { requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' };

const clientOptions = ({ region, endpoint, credentials }: AwsOptions): object => ({
  ...(region === undefined ? {} : { region }),
  ...(credentials === undefined ? {} : { credentials }),
  // Checksums of S3's own kinds are sent to and asked for on AWS alone: others may not know the headers.
  ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true, ...withoutChecksums }),
});

export function createS3Store(bucket: string, options: AwsOptions): ObjectStore {
  const client = new S3Client(clientOptions(options));
  return {
    bucket,
    place: `${options.endpoint ?? options.region ?? ''} ${bucket}`,
    async list(prefix, after, abortSignal) {
      try {
        const input = { Bucket: bucket, Prefix: prefix, StartAfter: after, MaxKeys: 1_000 };
        const { Contents = [], IsTruncated = false } = await client.send(new ListObjectsV2Command(input), { abortSignal });
        const objects = Contents.map(({ Key = '', Size = 0, LastModified }) => ({
          key: Key,
          bytes: Size,
          modifiedMs: LastModified?.getTime() ?? 0,
        }));
        return { objects, isLast: !IsTruncated || objects.length === 0 };
      } catch (error) {
        throw fault(error, `Listing s3://${bucket}`);
      }
    },
    async open(key, abortSignal) {
      const what = `Reading ${shownPlace(`s3://${bucket}/${key}`)}`;
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
        return Readable.from(named((Body ?? []) as AsyncIterable<Buffer>, what));
      } catch (error) {
        throw fault(error, what);
      }
    },
  };
} // prettier-ignore

/** A body that breaks off is no broken file: it is read again. */
async function* named(body: AsyncIterable<Buffer>, what: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield Buffer.from(chunk);
  } catch (error) {
    throw fault(error, what);
  }
}

export function createSqsQueue(url: string, options: AwsOptions): NoticeQueue {
  const client = new SQSClient(clientOptions({ ...options, endpoint: new URL(url).origin }));
  const ask = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw fault(error, what);
    }
  };
  return {
    redrive: 'give the queue a redrive policy',
    receive: (abortSignal) =>
      ask('Receiving from the queue', async () => {
        const input = { QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 20, VisibilityTimeout: holdSeconds };
        const { Messages = [] } = await client.send(new ReceiveMessageCommand(input), { abortSignal });
        return Messages.map(({ ReceiptHandle = '', Body = '' }) => ({
          id: ReceiptHandle,
          objects: noticedObjects(Body),
        }));
      }),
    hold: (ids) =>
      ask('Holding messages', async () => {
        const held = { QueueUrl: url, VisibilityTimeout: holdSeconds };
        const commands = ids.map((id) => new ChangeMessageVisibilityCommand({ ...held, ReceiptHandle: id }));
        await Promise.all(commands.map((command) => client.send(command)));
      }),
    done: (id) =>
      ask('Deleting a message', async () => {
        await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: id }));
      }),
  };
}
