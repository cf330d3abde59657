import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createObjectCollector, objectConfigSchema } from '../../../../ingest/collectors/objects/object-collector.js';
import { createS3Store } from '../../../../ingest/collectors/objects/s3-store.js';
import { createPubSubNotices } from '../../../../ingest/collectors/pubsub/object-notices.js';
import { Subscription } from '../../../../ingest/collectors/pubsub/subscription.js';
import type { Component } from '../../../../ingest/core/component.js';
import { HealthRegistry } from '../../../../ingest/core/health.js';
import { openCheckpointStore } from '../../../../ingest/pipeline/checkpoint-store.js';
import { gcpFactory } from '../../../../ingest/sources/gcp/source.js';
import { LoopbackServer } from '../../../support/loopback-server.js';
import { PubSubServer, subscriptionName } from '../../../support/pubsub-server.js';
import { base, MemorySink, until, wallClock } from '../pipeline/support.js';

const credentials = { accessKeyId: 'GOOG1EXAMPLEEXAMPLEEXAMPLE', secretAccessKey: 'secret-key-of-the-reader' };
const folderOf = 'cloudaudit.googleapis.com/activity/2026/10/10/';

/** As a sink of Cloud Logging writes an hour: one entry a line. */
const hour = (...ids: string[]): string =>
  ids
    .map((id) =>
      JSON.stringify({
        insertId: id,
        logName: 'projects/shop/logs/cloudaudit.googleapis.com%2Factivity',
        timestamp: '2026-10-10T13:55:36.123456Z',
        protoPayload: {
          '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
          serviceName: 'iam.googleapis.com',
          methodName: 'google.iam.admin.v1.CreateServiceAccountKey',
          authenticationInfo: { principalEmail: 'ann@example.com' },
          requestMetadata: { callerIp: '192.0.2.1' },
          resourceName: 'projects/-/serviceAccounts/1',
        },
      }),
    )
    .join('\n');

/**
 * Cloud Storage's XML API as far as Google documents what is asked here (Cloud Storage, XML API: List objects, Get object,
 * HMAC keys, migration from Amazon S3): region `auto`, the bucket in the path, `list-type=2` with `prefix` and `start-after`.
 */
class GoogleServer extends LoopbackServer {
  readonly objects = new Map<string, string>();
  readonly breaches: string[] = [];

  protected answer(incoming: IncomingMessage, response: ServerResponse): void {
    const { status, body } = this.#answer(incoming);
    response.writeHead(status, {
      'content-type': 'application/xml',
      'content-length': String(Buffer.byteLength(body)),
    });
    response.end(body);
  }

  #answer({ url: path = '', headers }: IncomingMessage): { readonly status: number; readonly body: string } {
    const url = new URL(path, this.origin);
    const signed = new RegExp(
      `^AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/\\d{8}/auto/s3/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}$`,
    ).exec(headers.authorization ?? '');
    if (signed === null) this.breaches.push(`signature: ${url.href}`);
    // Google's front end writes into it, so that a signature over it would fail.
    if (signed?.[1]?.split(';').includes('accept-encoding') === true) this.breaches.push('accept-encoding is signed');
    // Checksums of S3's own kind, which Google's storage does not have.
    for (const name of Object.keys(headers))
      if (/^x-amz-(?:checksum|sdk-checksum)/.test(name)) this.breaches.push(name);
    if (url.pathname === '/logs' || url.pathname === '/logs/')
      return { status: 200, body: this.#list(url.searchParams) };
    const body = this.objects.get(decodeURIComponent(url.pathname.replace('/logs/', '')));
    return body === undefined
      ? { status: 404, body: "<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>" }
      : { status: 200, body };
  }

  #list(query: URLSearchParams): string {
    if (query.get('list-type') !== '2') this.breaches.push(`list-type: ${query.toString()}`);
    const [prefix, after] = [query.get('prefix') ?? '', query.get('start-after') ?? ''];
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, 2);
    const contents = page.map(
      (key) =>
        `<Contents><Key>${key}</Key><Generation>1360887697105000</Generation><MetaGeneration>1</MetaGeneration><LastModified>${new Date().toISOString()}</LastModified><ETag>"a"</ETag><Size>${String(this.objects.get(key)?.length)}</Size></Contents>`,
    );
    return `<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'><Name>logs</Name><Prefix>${prefix}</Prefix><KeyCount>${String(page.length)}</KeyCount><IsTruncated>${String(page.length < keys.length)}</IsTruncated>${contents.join('')}</ListBucketResult>`;
  }
}

it('reads a bucket of Google Cloud Storage by its XML API, page by page, each object once', async () => {
  const google = new GoogleServer();
  await google.start();
  const folder = mkdtempSync(join(tmpdir(), 'tq-gcs-'));
  const [sink, health] = [new MemorySink(), new HealthRegistry()];
  const checkpoints = await openCheckpointStore(join(folder, 'files.json'), { clock: wallClock, logger: base.logger });
  let collector: Component | undefined;
  try {
    for (let i = 0; i < 5; i += 1)
      google.objects.set(
        `${folderOf}1${String(i)}:00:00_1${String(i)}:59:59_S0.json`,
        hour(`e-${String(i)}-1`, `e-${String(i)}-2`),
      );
    google.objects.set('elsewhere.json', hour('not under the prefix'));
    const started = createObjectCollector(
      objectConfigSchema.parse({ prefix: 'cloudaudit.googleapis.com/', interval_ms: 100 }),
      createS3Store('logs', { region: 'auto', endpoint: google.origin, credentials }),
      undefined,
      { ...base, clock: wallClock, sink, checkpoints, health, name: 't', statePath: join(folder, 's3.json'), binding: { source: gcpFactory.create({}), instance: 'i' } },
    ); // prettier-ignore
    collector = started;
    await started.start();
    await until(
      () => sink.events.length >= 10,
      () => [sink.events.length, google.breaches, health.status(Date.now()).parts],
    );
    google.objects.set(`${folderOf}19:00:00_19:59:59_S0.json`, hour('e-new'));
    await until(
      () => sink.events.length >= 11,
      () => [sink.events.length, google.breaches],
    );
    expect([sink.events.length, sink.uids.size, google.breaches]).toEqual([11, 11, []]);
  } finally {
    await collector?.stop(2_000);
    await checkpoints.close();
    await google.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

it('reads the objects that Cloud Storage tells a subscription of, and acknowledges each when it is durable', async () => {
  const [google, pubsub] = [new GoogleServer(), new PubSubServer()];
  await Promise.all([google.start(), pubsub.start()]);
  const folder = mkdtempSync(join(tmpdir(), 'tq-gcs-'));
  const [sink, health] = [new MemorySink(), new HealthRegistry()];
  const checkpoints = await openCheckpointStore(join(folder, 'files.json'), { clock: wallClock, logger: base.logger });
  const subscription = new Subscription({ url: pubsub.origin, name: subscriptionName, key: pubsub.key }, wallClock);
  /** https://docs.cloud.google.com/storage/docs/pubsub-notifications, payload format NONE. */
  const tell = (objectId: string, eventType = 'OBJECT_FINALIZE', bucketId = 'logs'): void =>
    void pubsub.publish({
      attributes: {
        notificationConfig: 'projects/_/buckets/logs/notificationConfigs/1',
        eventType,
        payloadFormat: 'NONE',
        bucketId,
        objectId,
        objectGeneration: '1360887697105000',
        eventTime: '2026-10-10T14:05:00.000000Z',
      },
    });
  let collector: Component | undefined;
  try {
    const key = `${folderOf}13:00:00_13:59:59_S0 a+b.json`;
    google.objects.set(key, hour('e-1', 'e-2'));
    google.objects.set('elsewhere.json', hour('not under the prefix'));
    tell(key);
    tell(key);
    tell(key, 'OBJECT_DELETE');
    tell('elsewhere.json');
    tell(key, 'OBJECT_FINALIZE', 'somebody-else');
    pubsub.publish({ data: Buffer.from('no notice').toString('base64') });
    const started = createObjectCollector(
      objectConfigSchema.parse({ prefix: 'cloudaudit.googleapis.com/' }),
      createS3Store('logs', { region: 'auto', endpoint: google.origin, credentials }),
      createPubSubNotices(subscription),
      { ...base, clock: wallClock, sink, checkpoints, health, name: 't', statePath: join(folder, 's3.json'), binding: { source: gcpFactory.create({}), instance: 'i' } },
    ); // prettier-ignore
    collector = started;
    await started.start();
    await until(
      () => pubsub.left === 2,
      () => [pubsub.left, google.breaches, pubsub.breaches, health.status(Date.now()).parts],
    );
    // What tells of no object of this bucket is left there, and held by nobody.
    expect([sink.uids.size, pubsub.acknowledged.length, google.breaches, pubsub.breaches]).toEqual([2, 4, [], []]);
    expect(pubsub.extended[0]).toMatchObject({ seconds: 300 });
  } finally {
    await collector?.stop(2_000);
    await checkpoints.close();
    await Promise.all([google.stop(), pubsub.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
});
