import { createVerify, generateKeyPairSync } from 'node:crypto';
import type { ServiceAccountKey } from '../../ingest/collectors/poll/credentials.js';
import { ApiServer, need, needOnly, type ApiReply, type ApiRequest } from './api-server.js';

export const subscriptionName = 'projects/shop/subscriptions/audit';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
export const privateKeyText = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

export interface Published {
  readonly data?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

interface Kept extends Published {
  readonly messageId: string;
  /** Of the delivery that is out; undefined while nobody has the message. */
  ackId: string | undefined;
}

const memberNames = (text: string): string =>
  Object.keys(JSON.parse(text) as object)
    .sort()
    .join(' ');

/**
 * A subscription of Pub/Sub as Google documents it: `pull`, `acknowledge`, `modifyAckDeadline` and `testIamPermissions` of
 * https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions and google/pubsub/v1/pubsub.proto, with a
 * token that a service account gets for itself (https://developers.google.com/identity/protocols/oauth2/service-account#httprest).
 */
export class PubSubServer extends ApiServer {
  readonly acknowledged: string[] = [];
  readonly extended: { readonly ackIds: readonly string[]; readonly seconds: number }[] = [];
  /** Numbers of messages that pulls asked for. */
  readonly asked: number[] = [];
  tokens = 0;
  permissions: readonly string[] = ['pubsub.subscriptions.consume'];
  /** Answers that go out before an operation is done, one a request. */
  readonly refuse: { pull: ApiReply[]; acknowledge: ApiReply[]; modifyAckDeadline: ApiReply[] } = {
    pull: [],
    acknowledge: [],
    modifyAckDeadline: [],
  };
  readonly #kept = new Map<string, Kept>();
  #ids = 0;

  constructor() {
    super((request, origin) => this.#answer(request, origin));
  }

  get key(): ServiceAccountKey {
    return { clientEmail: 'reader@shop.iam', privateKey: privateKeyText, tokenUri: `${this.origin}/token` };
  }

  /** @returns ids of the messages. */
  publish(...messages: readonly Published[]): readonly string[] {
    return messages.map((message) => {
      const messageId = `m-${String((this.#ids += 1))}`;
      this.#kept.set(messageId, { ...message, messageId, ackId: undefined });
      return messageId;
    });
  }

  /** The deadline of every message that is out is over. */
  expire(): void {
    for (const message of this.#kept.values()) message.ackId = undefined;
  }

  get left(): number {
    return this.#kept.size;
  }

  #answer(request: ApiRequest, origin: string): ApiReply {
    need(request.method === 'POST', 'method');
    needOnly(request, []);
    if (request.url.pathname === '/token') return this.#token(request.form, origin);
    need(request.headers.authorization === `Bearer google-token-${String(this.tokens)}`, 'token');
    need(request.headers['content-type'] === 'application/json', 'content type');
    const prefix = `/v1/${subscriptionName}:`;
    need(request.url.pathname.startsWith(prefix), `path ${request.url.pathname}`);
    const body = JSON.parse(request.text) as Record<string, unknown>;
    switch (request.url.pathname.slice(prefix.length)) {
      case 'pull':
        return this.refuse.pull.shift() ?? this.#pull(request.text, body['maxMessages']);
      case 'acknowledge':
        need(memberNames(request.text) === 'ackIds', 'members');
        return this.refuse.acknowledge.shift() ?? this.#acknowledge(this.#idsOf(body));
      case 'modifyAckDeadline':
        need(memberNames(request.text) === 'ackDeadlineSeconds ackIds', 'members');
        return this.refuse.modifyAckDeadline.shift() ?? this.#extend(this.#idsOf(body), body['ackDeadlineSeconds']);
      case 'testIamPermissions': {
        const asked = body['permissions'] as readonly string[];
        const granted = asked.filter((permission) => this.permissions.includes(permission));
        return { body: granted.length === 0 ? {} : { permissions: granted } };
      }
      default:
        throw new Error(`operation ${request.url.pathname}`);
    }
  }

  #token(form: URLSearchParams, origin: string): ApiReply {
    need(form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'grant');
    const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    need(createVerify('RSA-SHA256').update(`${head}.${claims}`).verify(publicKey, signature, 'base64url'), 'signature');
    const told = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
    const { iss, aud, scope, sub } = told;
    need(iss === 'reader@shop.iam' && aud === `${origin}/token` && sub === undefined, 'claims');
    need(scope === 'https://www.googleapis.com/auth/pubsub', 'scope');
    this.tokens += 1;
    const token = `google-token-${String(this.tokens)}`;
    return { body: { access_token: token, expires_in: 3_599, token_type: 'Bearer' } };
  }

  #pull(text: string, max: unknown): ApiReply {
    // returnImmediately is deprecated.
    need(memberNames(text) === 'maxMessages' && Number.isInteger(max) && Number(max) > 0, 'maxMessages');
    this.asked.push(Number(max));
    const free = [...this.#kept.values()].filter(({ ackId }) => ackId === undefined).slice(0, Number(max));
    if (free.length === 0) return { body: '' };
    return {
      body: {
        receivedMessages: free.map((message) => {
          const { messageId, data, attributes } = message;
          message.ackId = `ack-${messageId}-${String((this.#ids += 1))}`;
          const content = { ...(data === undefined ? {} : { data }), ...(attributes === undefined ? {} : { attributes }) };
          return { ackId: message.ackId, message: { ...content, messageId, publishTime: '2026-10-10T13:55:37.001Z' } };
        }),
      },
    };
  } // prettier-ignore

  #idsOf({ ackIds }: Record<string, unknown>): readonly string[] {
    need(Array.isArray(ackIds) && ackIds.length > 0 && new Set(ackIds).size === ackIds.length, 'ackIds');
    return ackIds as readonly string[];
  }

  /** A message that was acknowledged is out of the subscription; an id twice is no error, and is seen in `acknowledged`. */
  #acknowledge(ackIds: readonly string[]): ApiReply {
    this.acknowledged.push(...ackIds);
    for (const [id, { ackId }] of this.#kept) if (ackId !== undefined && ackIds.includes(ackId)) this.#kept.delete(id);
    return {};
  }

  #extend(ackIds: readonly string[], seconds: unknown): ApiReply {
    need(Number.isInteger(seconds) && Number(seconds) >= 0 && Number(seconds) <= 600, 'ackDeadlineSeconds');
    this.extended.push({ ackIds, seconds: Number(seconds) });
    if (seconds === 0)
      for (const message of this.#kept.values())
        if (message.ackId !== undefined && ackIds.includes(message.ackId)) message.ackId = undefined;
    return {};
  }
}
