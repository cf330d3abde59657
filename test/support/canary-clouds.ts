import { createHash } from 'node:crypto';
import { samples } from '../unit/ingest/sources/issuer-samples.js';
import { ApiServer, type ApiReply, type ApiRequest } from './api-server.js';
import { canaries, linesOf, ownSecrets, plantedLines } from './canaries.js';
import { CanaryPubSub } from './canary-pubsub.js';
import { goodCases } from './planted-records.js';

const minuteAgo = Date.now() - 60_000;

/** Records of a table as an API gives them, of a time that is asked for. */
function recent(lines: readonly string[]): readonly unknown[] {
  return lines.map(
    (line) =>
      JSON.parse(
        line
          .replaceAll('2025-05-31T10:11:12.345', new Date(minuteAgo).toISOString().slice(0, -1))
          .replaceAll('1748686272345', String(minuteAgo)),
      ) as unknown,
  );
}

function planted(product: string, has: string): readonly unknown[] {
  const row = goodCases(product).find(({ raw }) => Object.hasOwn(JSON.parse(raw) as object, has));
  if (row === undefined) throw new Error(`${product}: no record with ${has}`);
  return recent([...plantedLines(row.raw), row.raw]);
}

function sample(name: string): readonly unknown[] {
  const found = samples.find((each) => each.name === name);
  if (found === undefined) throw new Error(name);
  const raw = JSON.stringify(found.record);
  return recent([...plantedLines(raw), raw]);
}

const goodTrail = linesOf('cloudtrail').filter((line) => line.endsWith('}'));
const trail = `${linesOf('cloudtrail').join('\n')}\n`;
const notice = (key: string): string =>
  JSON.stringify({
    Records: [
      { eventName: 'ObjectCreated:Put', s3: { bucket: { name: 'trail' }, object: { key } }, userIdentity: { token: canaries.github } },
    ],
  }); // prettier-ignore

const notifiedKey = `notified/${canaries.github}.json`;

export const workspaceTokenPath = '/google/token';

/**
 * The APIs that are asked, a bucket and a queue, on one address: their records hold canaries, and so do keys, cursors,
 * headers and refusals, which also say back what was sent to them. What the makers document is held against requests in
 * the unit tests of each; here the way of the secrets is what counts.
 */
export class CanaryClouds {
  readonly #server = new ApiServer((request, origin) => this.#answer(request, origin));
  readonly #asked = new Map<string, number>();
  readonly #objects = new Map([
    ['AWSLogs/plain.json', trail],
    [`AWSLogs/${canaries.github}/of-somebody.json`, `${goodTrail.toReversed().join('\n')}\n`],
    [`AWSLogs/refused-${canaries.vault}.json`, 'refused'],
    [notifiedKey, `${goodTrail.slice(2).join('\n')}\n`],
    [`noticed/${canaries.slack}.json`, `${goodTrail.slice(1).join('\n')}\n`],
  ]);
  readonly #pubsub = new CanaryPubSub(notifiedKey);
  readonly #messages = new Map([
    ['m-1', notice(`noticed/${canaries.slack}.json`)],
    ['m-2', `no notice: Bearer ${canaries.opaque}`],
  ]);

  start(): Promise<string> {
    return this.#server.start();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** Whether every list was asked for again after it was given, so that its records are durable. */
  isRead(): boolean {
    const lists = ['okta', 'auth0', 'keycloak/events', 'keycloak/admin-events', 'github', 'entra', 'workspace', 'bucket'];
    return lists.every((list) => (this.#asked.get(list) ?? 0) >= 4) && !this.#messages.has('m-1') && this.#pubsub.isRead();
  } // prettier-ignore

  /** The first one who asks is refused, with all that was sent and a canary in the answer. */
  #told(list: string, request: ApiRequest, reply: () => ApiReply): ApiReply {
    const count = (this.#asked.get(list) ?? 0) + 1;
    this.#asked.set(list, count);
    if (count > 1) return reply();
    const echo = `${request.headers.authorization ?? ''} ${request.text} ${canaries.opaque} ${canaries.github}`;
    return {
      status: list.length % 2 === 0 ? 403 : 500,
      headers: { 'x-echo': encodeURIComponent(echo), 'www-authenticate': `Bearer realm="${canaries.slack}"` },
      body: { error: canaries.github, message: echo, errorSummary: echo },
    };
  }

  #answer(request: ApiRequest, origin: string): ApiReply {
    const { url, headers } = request;
    const path = url.pathname;
    if (headers['x-amz-target'] !== undefined) return this.#queue(String(headers['x-amz-target']), request.text);
    if (path === '/trail' || path === '/trail/') return this.#told('bucket', request, () => this.#listing(url));
    if (path.startsWith('/trail/')) return this.#object(decodeURIComponent(path.slice('/trail/'.length)));
    const subscribed = this.#pubsub.answer(request);
    if (subscribed !== undefined) return this.#told(subscribed.list, request, subscribed.reply);
    if (/token$/.test(path)) {
      const token = { access_token: ownSecrets.issuedToken, token_type: 'Bearer', expires_in: 86_400 };
      return this.#told(path, request, () => ({ body: token }));
    }
    const page = this.#page(path, url, origin);
    return page === undefined ? { status: 404, body: request.headers } : this.#told(page.list, request, () => page.reply);
  } // prettier-ignore

  #page(path: string, url: URL, origin: string): { readonly list: string; readonly reply: ApiReply } | undefined {
    if (path === '/api/v1/logs') {
      // A cursor that says back the token.
      const next = `${origin}${path}?after=c-1&echo=${encodeURIComponent(ownSecrets.apiToken)}&was=${canaries.github}`;
      const body = url.searchParams.has('after') ? [] : planted('okta', 'uuid');
      return { list: 'okta', reply: { body, headers: { link: `<${next}>; rel="next"` } } };
    }
    if (path === '/api/v2/logs') {
      const clean = (id: string): object => ({ log_id: id, type: 's', date: new Date(minuteAgo).toISOString(), user_id: 'u' });
      const from = url.searchParams.get('from');
      const body = from === null ? [clean('901')] : from === '901' ? [...planted('auth0', 'data'), clean('902')] : [];
      return { list: 'auth0', reply: { body } };
    }
    const list = /^\/admin\/realms\/shop\/((?:admin-)?events)$/.exec(path)?.[1];
    if (list !== undefined) {
      const body = sample(list === 'events' ? 'keycloak event' : 'keycloak admin event');
      return { list: `keycloak/${list}`, reply: { body } };
    }
    if (path === '/orgs/shop/audit-log') return { list: 'github', reply: { body: planted('github', '_document_id') } };
    if (path.endsWith('/auditLogs/signIns')) {
      return { list: 'entra', reply: { body: { value: planted('entra', 'createdDateTime') } } };
    }
    if (path.endsWith('/auditLogs/directoryAudits')) return { list: 'entra-audits', reply: { body: { value: [] } } };
    if (path.endsWith('/applications/login')) return { list: 'workspace', reply: { body: { items: planted('workspace', 'events') } } };
    return undefined;
  } // prettier-ignore

  #listing({ searchParams }: URL): ApiReply {
    const [prefix, after] = [searchParams.get('prefix') ?? '', searchParams.get('start-after') ?? ''];
    const contents = [...this.#objects]
      .filter(([key]) => key.startsWith(prefix) && key > after)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([key, body]) =>
          `<Contents><Key>${key}</Key><LastModified>${new Date(minuteAgo).toISOString()}</LastModified><Size>${String(body.length)}</Size></Contents>`,
      );
    return {
      headers: { 'content-type': 'application/xml' },
      body: `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`,
    };
  }

  #object(key: string): ApiReply {
    const body = this.#objects.get(key);
    if (body === undefined || body === 'refused') {
      const words = `<Error><Code>InvalidObjectState</Code><Message>${key} ${canaries.opaque}</Message></Error>`;
      return { status: 403, headers: { 'content-type': 'application/xml' }, body: words };
    }
    return { headers: { 'content-type': 'binary/octet-stream', 'x-amz-meta-token': canaries.github }, body };
  }

  #queue(target: string, text: string): ApiReply {
    if (target === 'AmazonSQS.DeleteMessage') {
      this.#messages.delete((JSON.parse(text) as { ReceiptHandle: string }).ReceiptHandle);
      return {};
    }
    if (target !== 'AmazonSQS.ReceiveMessage') return {};
    const messages = [...this.#messages];
    // Received once, it is hidden for a while.
    this.#messages.delete('m-2');
    return {
      body: {
        Messages: messages.map(([id, body]) => ({
          MessageId: id,
          ReceiptHandle: id,
          Body: body,
          MD5OfBody: createHash('md5').update(body).digest('hex'),
        })),
      },
    };
  }
}
