import { gzipSync } from 'node:zlib';
import type { ApiReply, ApiRequest } from './api-server.js';
import { canaries, linesOf } from './canaries.js';

export const canarySubscriptions = { records: 'records', notices: 'notices' } as const;

type Message = object;

const base64 = (content: string | Buffer): string => Buffer.from(content).toString('base64');

/** Records and notices that hold canaries, in data, attributes and names; some are none. */
function messagesOf(objectKey: string): ReadonlyMap<string, Map<string, Message>> {
  const attributes = { 'x-token': canaries.github, [canaries.slack]: `Bearer ${canaries.opaque}` };
  const records = linesOf('gcp').map((line) => ({ data: base64(line), attributes }));
  const broken = gzipSync(linesOf('gcp').join('\n')).subarray(0, 60);
  const named = { eventType: 'OBJECT_FINALIZE', bucketId: 'trail', objectId: objectKey, token: canaries.vault };
  const all = {
    [canarySubscriptions.records]: [...records, { data: base64(broken), attributes }, { attributes }],
    [canarySubscriptions.notices]: [{ attributes: named }, { data: base64(`no notice: ${canaries.github}`), attributes }],
  };
  return new Map(
    Object.entries(all).map(([name, messages]) => [
      name,
      new Map(messages.map((message, i) => [`m-${String(i)}`, { ...message, messageId: `m-${String(i)}` }])),
    ]),
  );
} // prettier-ignore

/** Subscriptions of Pub/Sub whose messages hold canaries; who breaks the contract is found by the unit tests. */
export class CanaryPubSub {
  readonly #subscriptions: ReadonlyMap<string, Map<string, Message>>;

  /** @param objectKey of the object that a notice tells of. */
  constructor(objectKey: string) {
    this.#subscriptions = messagesOf(objectKey);
  }

  /** Whether all that can be read was acknowledged; one message is no notice, and is left there. */
  isRead(): boolean {
    const left = (name: string): number => this.#subscriptions.get(name)?.size ?? 0;
    return left(canarySubscriptions.records) === 0 && left(canarySubscriptions.notices) <= 1;
  }

  /** Undefined for a path that is none of these subscriptions; `list` names what was asked for. */
  answer({ url, text }: ApiRequest): { readonly list: string; readonly reply: () => ApiReply } | undefined {
    const [, name = '', operation = ''] = /^\/v1\/projects\/shop\/subscriptions\/(\w+):(\w+)$/.exec(url.pathname) ?? [];
    const messages = this.#subscriptions.get(name);
    if (messages === undefined) return undefined;
    return { list: `${name}:${operation}`, reply: () => this.#do(operation, messages, text) };
  }

  #do(operation: string, messages: Map<string, Message>, text: string): ApiReply {
    if (operation === 'pull') {
      const receivedMessages = [...messages].map(([ackId, message]) => ({ ackId, message }));
      return { body: receivedMessages.length === 0 ? {} : { receivedMessages } };
    }
    if (operation === 'acknowledge')
      for (const id of (JSON.parse(text) as { readonly ackIds: readonly string[] }).ackIds) messages.delete(id);
    return { body: {} };
  }
}
