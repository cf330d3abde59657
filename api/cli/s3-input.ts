import { join } from 'node:path';
import type { NoticeQueue, ObjectStore } from '../../ingest/collectors/objects/object-store.js';
import type { ObjectReaderDeps } from '../../ingest/collectors/objects/object-reader.js';
import type { AwsOptions } from '../../ingest/collectors/objects/s3-store.js';
import type { S3InputConfig } from '../config/s3-schema.js';
import type { Surroundings } from './open-parts.js';
import { subscriptionOf, trySubscription } from './pubsub-input.js';

const awsOptions = ({ region, endpoint }: S3InputConfig): AwsOptions => ({
  ...(region === undefined ? {} : { region }),
  ...(endpoint === undefined ? {} : { endpoint }),
});

/** Starts the reader of a bucket. AWS's SDK takes a while to load, so only then. */
export async function startS3(
  s: Surroundings,
  name: string,
  input: S3InputConfig,
  deps: ObjectReaderDeps,
): Promise<void> {
  const [{ createS3Store, createSqsQueue }, { createObjectCollector, objectConfigSchema }] = await Promise.all([
    import('../../ingest/collectors/objects/s3-store.js'),
    import('../../ingest/collectors/objects/object-collector.js'),
  ]);
  const options = awsOptions(input);
  const store: ObjectStore = createS3Store(input.bucket, options);
  const queue = input.queue_url === undefined ? await noticesOf(s, input) : createSqsQueue(input.queue_url, options);
  const config = objectConfigSchema.parse({
    prefix: input.prefix,
    interval_ms: input.interval,
    lookback_ms: input.lookback,
  });
  const statePath = join(s.config.data_dir, 'checkpoints', `s3-${name}.json`);
  await s.lifecycle.start(createObjectCollector(config, store, queue, { ...deps, health: s.health, name, statePath }));
}

async function noticesOf(s: Surroundings, { pubsub }: S3InputConfig): Promise<NoticeQueue | undefined> {
  if (pubsub === undefined) return undefined;
  const { createPubSubNotices } = await import('../../ingest/collectors/pubsub/object-notices.js');
  return createPubSubNotices(await subscriptionOf(pubsub, s.clock));
}

/** The first page of the bucket, for `doctor`; a queue is not read, since that would hold its messages. */
export async function tryS3(s: Surroundings, input: S3InputConfig): Promise<string> {
  const { createS3Store } = await import('../../ingest/collectors/objects/s3-store.js');
  const store = createS3Store(input.bucket, awsOptions(input));
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 20_000);
  try {
    const { objects, isLast } = await store.list(input.prefix, undefined, abort.signal);
    const count = `${String(objects.length)}${isLast ? '' : ' or more'}`;
    const said = `s3://${input.bucket}/${input.prefix} has ${count} objects`;
    return input.pubsub === undefined ? said : `${said}; ${await trySubscription(input.pubsub, s.clock)}`;
  } finally {
    clearTimeout(timer);
  }
}
