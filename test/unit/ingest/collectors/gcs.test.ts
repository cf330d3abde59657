import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createObjectCollector, objectConfigSchema } from '../../../../ingest/collectors/objects/object-collector.js';
import { createS3Store } from '../../../../ingest/collectors/objects/s3-store.js';
import type { Component } from '../../../../ingest/core/component.js';
import { HealthRegistry } from '../../../../ingest/core/health.js';
import { openCheckpointStore } from '../../../../ingest/pipeline/checkpoint-store.js';
import { gcpFactory } from '../../../../ingest/sources/gcp/source.js';
import { LoopbackServer } from '../../../support/loopback-server.js';
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
