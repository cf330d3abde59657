import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { s3Input } from '../../../../api/config/s3-schema.js';
import { noticedObjects } from '../../../../ingest/collectors/objects/notices.js';
import { createObjectCollector, objectConfigSchema } from '../../../../ingest/collectors/objects/object-collector.js';
import { createS3Store, createSqsQueue } from '../../../../ingest/collectors/objects/s3-store.js';
import type { Component } from '../../../../ingest/core/component.js';
import { HealthRegistry } from '../../../../ingest/core/health.js';
import type { Logger } from '../../../../ingest/core/logger.js';
import { type CheckpointStore, openCheckpointStore } from '../../../../ingest/pipeline/checkpoint-store.js';
import { cloudtrailFactory } from '../../../../ingest/sources/cloudtrail/source.js';
import { LoopbackServer, sentIn } from '../../../support/loopback-server.js';
import { base, MemorySink, until, wallClock } from '../pipeline/support.js';

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret-key-of-the-reader' };
const folderOf = 'AWSLogs/123456789012/CloudTrail/eu-central-1/2026/10/10/';

/** As CloudTrail writes a file: one object with `Records`, compressed. */
const trail = (...ids: string[]): Buffer =>
  gzipSync(
    JSON.stringify({
      Records: ids.map((id) => ({
        eventVersion: '1.09', eventID: id, eventTime: '2026-10-10T13:55:36Z', eventSource: 's3.amazonaws.com', eventName: 'GetObject',
        awsRegion: 'eu-central-1', sourceIPAddress: '192.0.2.1', userAgent: 'aws-cli',
        userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::123456789012:user/a', accountId: '123456789012', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', userName: 'a' },
      })),
    }),
  ); // prettier-ignore

/** What was said while the objects were read. */
const said: string[] = [];
const hear = (fields: object, message: string): void => void said.push(`${message} ${JSON.stringify(fields)}`);
const logger: Logger = { debug: hear, info: hear, warn: hear, error: hear };

interface Stored {
  readonly body: Buffer;
  readonly modified: Date;
}

/** S3 and SQS as far as their documentation says what is asked here: signed requests, ListObjectsV2, GetObject, the JSON protocol of SQS. */
class AwsServer extends LoopbackServer {
  readonly objects = new Map<string, Stored>();
  readonly messages = new Map<string, string>();
  readonly breaches: string[] = [];
  readonly asked: string[] = [];
  /** Bodies to break off after some bytes, one a GetObject. */
  breakOff = 0;
  deny = false;
  /** Objects that are refused, as archived ones are. */
  readonly archived = new Set<string>();

  protected answer(incoming: IncomingMessage, response: ServerResponse): void {
    void sentIn(incoming).then((sent) => {
      const { status, body, isWhole } = this.#answer(incoming, sent.toString());
      response.writeHead(status, {
        'content-type': 'application/xml',
        'content-length': String(Buffer.byteLength(body)),
      });
      if (isWhole) response.end(body);
      else {
        response.write(body.slice(0, 40));
        setTimeout(() => response.destroy(), 20);
      }
    });
  }

  #answer(
    { url: path = '', headers }: IncomingMessage,
    sent: string,
  ): { readonly status: number; readonly body: string | Buffer; readonly isWhole: boolean } {
    const url = new URL(path, this.origin);
    const target = String(headers['x-amz-target'] ?? '');
    const service = target === '' ? 's3' : 'sqs';
    const scope = `${credentials.accessKeyId}/\\d{8}/eu-central-1/${service}/aws4_request`;
    const signed = new RegExp(`^AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=`);
    if (!signed.test(headers.authorization ?? '')) this.breaches.push(`signature: ${url.href}`);
    const whole = (status: number, body: string | Buffer) => ({ status, body, isWhole: true });
    if (this.deny) return whole(403, '<Error><Code>AccessDenied</Code><Message>no</Message></Error>');
    if (target !== '') return whole(200, JSON.stringify(this.#sqs(target, JSON.parse(sent) as Record<string, string>)));
    if (url.pathname === '/trail' || url.pathname === '/trail/') {
      if (url.searchParams.get('list-type') !== '2') this.breaches.push(`ListObjectsV2: ${url.href}`);
      return whole(200, this.#list(url.searchParams));
    }
    const key = decodeURIComponent(url.pathname.replace('/trail/', ''));
    this.asked.push(key);
    if (this.archived.has(key)) return whole(403, '<Error><Code>InvalidObjectState</Code></Error>');
    const found = this.objects.get(key);
    if (found === undefined) return whole(404, '<Error><Code>NoSuchKey</Code></Error>');
    this.breakOff -= 1;
    return { status: 200, body: found.body, isWhole: this.breakOff < 0 };
  }

  #list(query: URLSearchParams): string {
    const [prefix, after] = [query.get('prefix') ?? '', query.get('start-after') ?? ''];
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, 2);
    const contents = page.map((key) => {
      const { body, modified } = this.objects.get(key) ?? { body: Buffer.alloc(0), modified: new Date() };
      return `<Contents><Key>${key}</Key><LastModified>${modified.toISOString()}</LastModified><Size>${String(body.length)}</Size></Contents>`;
    });
    return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${String(page.length < keys.length)}</IsTruncated>${contents.join('')}</ListBucketResult>`;
  }

  #sqs(target: string, input: Record<string, string>): object {
    if (target === 'AmazonSQS.DeleteMessage') this.messages.delete(input['ReceiptHandle'] ?? '');
    if (target !== 'AmazonSQS.ReceiveMessage') return {};
    const [first] = [...this.messages].filter(([id]) => !id.startsWith('held'));
    if (first === undefined) return {};
    const [id, body] = first;
    // Received once, it is hidden for a while.
    if (body.includes('"other"')) {
      this.messages.delete(id);
      this.messages.set(`held-${id}`, body);
    }
    return {
      Messages: [
        { MessageId: id, ReceiptHandle: id, Body: body, MD5OfBody: createHash('md5').update(body).digest('hex') },
      ],
    };
  }
}

describe('a bucket', () => {
  let aws: AwsServer;
  let folder = '';
  let sink: MemorySink;
  let health: HealthRegistry;
  let checkpoints: CheckpointStore;
  const running: Component[] = [];
  beforeEach(async () => {
    aws = new AwsServer();
    await aws.start();
    folder = mkdtempSync(join(tmpdir(), 'tq-s3-'));
    [sink, health] = [new MemorySink(), new HealthRegistry()];
    checkpoints = await openCheckpointStore(join(folder, 'files.json'), { clock: wallClock, logger: base.logger });
  });
  afterEach(async () => {
    for (const collector of running.splice(0)) await collector.stop(2_000);
    await checkpoints.close();
    await aws.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const put = (name: string, body: Buffer, ageMs = 60_000): void =>
    void aws.objects.set(`${folderOf}${name}`, { body, modified: new Date(Date.now() - ageMs) });
  const start = async (withQueue = false, prefix = 'AWSLogs/', lookback = {}): Promise<Component> => {
    const options = { region: 'eu-central-1', endpoint: aws.origin, credentials };
    const collector = createObjectCollector(
      objectConfigSchema.parse({ prefix, interval_ms: 100, ...lookback }),
      createS3Store('trail', options),
      withQueue ? createSqsQueue(`${aws.origin}/123456789012/trail`, options) : undefined,
      { ...base, logger, clock: wallClock, sink, checkpoints, health, name: 't', statePath: join(folder, 's3.json'), binding: { source: cloudtrailFactory.create({}), instance: 'i' } },
    ); // prettier-ignore
    running.push(collector);
    await collector.start();
    return collector;
  };
  const statePath = (): string => join(folder, 's3.json');
  const readState = (): string => (existsSync(statePath()) ? readFileSync(statePath(), 'utf8') : '');
  const seen = (): unknown => [
    sink.events.length,
    sink.uids.size,
    aws.asked,
    health.status(Date.now()).parts,
    aws.breaches,
  ];

  it('is listed page by page; each object is read once, new ones too, also over a restart', async () => {
    for (let i = 0; i < 5; i += 1) put(`a-${String(i)}.json.gz`, trail(`e-${String(i)}-1`, `e-${String(i)}-2`));
    put('0-old.json.gz', trail('older than the lookback'), 30 * 86_400_000);
    aws.objects.set('elsewhere/x.json.gz', { body: trail('not under the prefix'), modified: new Date() });
    const first = await start();
    await until(() => sink.events.length >= 10, seen);
    // Its key comes before those that were read.
    put('a-00.json.gz', trail('e-new'), 0);
    await until(() => sink.events.length >= 11, seen);
    await first.stop(2_000);
    put('a-9.json.gz', trail('e-while-away'), 0);
    await start();
    await until(() => sink.events.length >= 12, seen);
    await until(() => health.status(Date.now()).parts[0]?.state === 'ok', seen);
    expect([sink.events.length, sink.uids.size, aws.breaches]).toEqual([12, 12, []]);
    expect(aws.asked.filter((key) => key.includes('old') || key.startsWith('elsewhere'))).toEqual([]);
  });

  it('passes over an object that is refused, keeps it over a restart, and reads it when it may', async () => {
    for (const name of ['a', 'b', 'c']) put(`${name}.json.gz`, trail(`e-${name}`));
    aws.archived.add(`${folderOf}b.json.gz`);
    const first = await start();
    await until(() => sink.events.length >= 2, seen);
    await until(() => health.status(Date.now()).parts[0]?.state === 'failing', seen);
    expect(health.status(Date.now()).parts[0]?.reason).toContain('1 objects of s3://trail are refused');
    await first.stop(2_000);
    expect(JSON.parse(readFileSync(join(folder, 's3.json'), 'utf8'))).toMatchObject({
      feeds: { objects: { refused: [`${folderOf}b.json.gz`] } },
    });
    aws.archived.clear();
    await start();
    await until(() => sink.events.length >= 3, seen);
    await until(() => health.status(Date.now()).parts[0]?.state === 'ok', seen);
    expect([sink.events.length, sink.uids.size, aws.breaches]).toEqual([3, 3, []]);
  });

  it('begins anew under another prefix, and so do the objects that were refused', async () => {
    put('a.json.gz', trail('e-1'));
    put('b.json.gz', trail('e-2'));
    aws.archived.add(`${folderOf}b.json.gz`);
    const twoHours = 7_200_000;
    aws.objects.set('other/x.json.gz', { body: trail('e-3'), modified: new Date(Date.now() - twoHours) });
    const first = await start();
    await until(() => readState().includes('refused') && readState().includes('watermarkMs'), seen);
    await first.stop(2_000);
    const asked = aws.asked.length;
    // Put there long before the last listing of what was read until now.
    await start(false, 'other/');
    await until(() => sink.uids.size >= 2, seen);
    expect(aws.asked.slice(asked)).toEqual(['other/x.json.gz']);
    await until(() => !readState().includes('refused'), seen);
  });

  it('writes no secret down that stands in a key, and reads such an object when it may, after a restart too', async () => {
    const token = 'ghp_0123456789abcdefABCDEF0123456789abcd';
    put(`${token}/a.json.gz`, trail('e-1'));
    put(`${token}/b.json.gz`, trail('e-2'));
    put('z.json.gz', trail('e-3'));
    aws.archived.add(`${folderOf}${token}/b.json.gz`);
    const first = await start();
    await until(() => sink.events.length >= 2, seen);
    await until(() => health.status(Date.now()).parts[0]?.state === 'failing', seen);
    await first.stop(2_000);
    expect(readState()).toContain('watermarkMs');
    const written = readState() + readFileSync(join(folder, 'files.json'), 'utf8');
    expect([written.includes(token), written.includes('[redacted]')]).toEqual([false, true]);
    expect(JSON.stringify([health.status(Date.now()), said])).not.toContain(token);
    expect(said.join()).toContain('is refused');
    aws.archived.clear();
    await start();
    await until(() => sink.uids.size >= 3, seen);
    await until(() => health.status(Date.now()).parts[0]?.state === 'ok', seen);
    expect(aws.breaches).toEqual([]);
  });

  it('waits no longer than the look-back for an object whose key it may not keep, and says each once', async () => {
    const token = 'ghp_0123456789abcdefABCDEF0123456789abcd';
    const hour = 3_600_000;
    put(`${token}/old.json.gz`, trail('e-1'), 2 * hour);
    put(`${token}/new.json.gz`, trail('e-2'), hour);
    put('z.json.gz', trail('e-3'));
    for (const name of ['old', 'new']) aws.archived.add(`${folderOf}${token}/${name}.json.gz`);
    said.length = 0;
    // The listing is left after what holds its place, and taken up there.
    aws.breakOff = 1;
    await start(false, 'AWSLogs/', { lookback_ms: 1.5 * hour });
    const watermark = (): number =>
      (JSON.parse(readState() || '{}') as { feeds?: { objects?: { watermarkMs?: number } } }).feeds?.objects
        ?.watermarkMs ?? 0;
    // Three listings: the newer one is asked for in each.
    const tries = (name: string): number => aws.asked.filter((key) => key.endsWith(`${token}/${name}.json.gz`)).length;
    await until(() => tries('new') >= 3, seen);
    expect([tries('old'), sink.uids.size]).toEqual([1, 1]);
    expect(said.filter((line) => line.includes('is given up'))).toHaveLength(1);
    expect(said.filter((line) => line.includes('an object is refused'))).toHaveLength(2);
    expect(said.join()).not.toContain(token);
    // The newer one still holds the place, the older one no longer.
    const heldAt = aws.objects.get(`${folderOf}${token}/new.json.gz`)?.modified.getTime() ?? 0;
    await until(() => watermark() === heldAt, seen);
    expect(health.status(Date.now()).parts[0]?.reason).toContain('1 objects of s3://trail are refused');
    aws.archived.clear();
    await until(() => sink.uids.size === 2 && watermark() > heldAt, seen);
    await until(() => health.status(Date.now()).parts[0]?.state === 'ok', seen);
  });

  it('has the bounds of its interval in the config check too', () => {
    const check = (interval: string) => s3Input.safeParse({ kind: 's3', bucket: 'trail', interval });
    expect(objectConfigSchema.safeParse({ interval_ms: check('1d').data?.interval }).success).toBe(true);
    for (const wrong of ['25h', '99ms']) expect(check(wrong).error?.issues[0]?.path).toEqual(['interval']);
  });

  it('keeps its place until the object is durable, and reads what broke off on the way again', async () => {
    put('a.json.gz', trail('e-1', 'e-2'));
    aws.breakOff = 1;
    sink.failures = 1;
    await start();
    await until(() => sink.events.length >= 2, seen);
    expect(aws.asked.length).toBeGreaterThanOrEqual(2);
    expect([sink.events.length, sink.letters.length, aws.breaches]).toEqual([2, 0, []]);
    const state = join(folder, 's3.json');
    await until(() => existsSync(state) && readFileSync(state, 'utf8').includes('watermarkMs'), seen);
  });

  it('says what is missing when it may not be read, without its key', async () => {
    aws.deny = true;
    await start();
    await until(() => health.status(Date.now()).parts[0]?.state === 'failing', seen);
    const { reason } = health.status(Date.now()).parts[0] ?? {};
    expect(reason).toContain('Listing s3://trail failed (AccessDenied, 403). Check bucket');
    expect(reason).not.toContain(credentials.secretAccessKey);
  });

  it('is read by the notices of a queue, which are deleted when the objects are durable', async () => {
    put('a b.json.gz', trail('e-1'));
    put('c.json.gz', trail('e-2'));
    const record = (name: string, bucket = 'trail'): object => ({
      eventName: 'ObjectCreated:Put',
      s3: { bucket: { name: bucket }, object: { key: `${folderOf}${name}`.replaceAll(' ', '+') } },
    });
    aws.messages.set('m-1', JSON.stringify({ Records: [record('a b.json.gz')] }));
    aws.messages.set(
      'm-2',
      JSON.stringify({
        Type: 'Notification',
        Message: JSON.stringify({ s3Bucket: 'trail', s3ObjectKey: [`${folderOf}c.json.gz`] }),
      }),
    );
    aws.messages.set('m-3', JSON.stringify({ Records: [record('x.json.gz', 'other')] }));
    aws.messages.set('m-4', JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'trail' }));
    await start(true);
    await until(
      () => aws.messages.size === 1,
      () => [...aws.messages.keys(), seen()],
    );
    expect([...aws.messages.keys()]).toEqual(['held-m-3']);
    expect([sink.events.length, sink.uids.size, aws.breaches]).toEqual([2, 2, []]);
  });

  it('takes for a notice what AWS documents, and nothing else', () => {
    expect(noticedObjects('no json')).toBeUndefined();
    expect(noticedObjects('{"a": 1}')).toBeUndefined();
    expect(noticedObjects('{"Records": [{"eventName": "ObjectRemoved:Delete"}]}')).toEqual([]);
    expect(noticedObjects(JSON.stringify({ s3Bucket: 'b', s3ObjectKey: ['k', 1] }))).toEqual([
      { bucket: 'b', key: 'k' },
    ]);
  });
});
