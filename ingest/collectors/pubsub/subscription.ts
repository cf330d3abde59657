import type { Clock } from '../../core/clock.js';
import { isObject, readList, readObject, readText } from '../../sources/shared/json-reader.js';
import { serviceAccountCredentials, type ServiceAccountKey } from '../poll/credentials.js';
import { PollHttp } from '../poll/poll-http.js';
import { notAPage } from '../poll/source-fault.js';

export interface SubscriptionOptions {
  /** `https://pubsub.googleapis.com`, or that of a region. */
  readonly url: string;
  /** `projects/PROJECT/subscriptions/NAME`. */
  readonly name: string;
  readonly key: ServiceAccountKey;
}

/** A message as a pull gives it. */
export interface PulledMessage {
  /** Names this delivery; the next one of the same message has another. */
  readonly ackId: string;
  /** Names the message in its topic, at every delivery. */
  readonly messageId: string;
  /** Base64; absent where the message is of attributes alone. */
  readonly data: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Longer than the service waits for a first message. */
const pullTimeoutMs = 120_000;
/** A request of ids may have 512 KiB (https://docs.cloud.google.com/pubsub/quotas#resource_limits). */
const idCharsMax = 400_000;

/**
 * A subscription of Google Cloud Pub/Sub, by its REST contract
 * (https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions, google/pubsub/v1/pubsub.proto).
 *
 * Every method throws AppError TQ_SOURCE_UNAVAILABLE or TQ_SOURCE_REFUSED.
 */
export class Subscription {
  readonly name: string;
  readonly #http: PollHttp;
  readonly #address: string;

  constructor({ url, name, key }: SubscriptionOptions, clock: Clock) {
    const { origin } = new URL(url);
    this.name = name;
    this.#address = `${origin}/v1/${name.split('/').map(encodeURIComponent).join('/')}`;
    this.#http = new PollHttp(
      {
        product: 'Pub/Sub',
        origin,
        headers: { accept: 'application/json' },
        credentials: serviceAccountCredentials(key, { scope: 'https://www.googleapis.com/auth/pubsub' }, clock),
        rights: 'the role Pub/Sub Subscriber on the subscription',
      },
      clock,
    );
  }

  /** Waits for a first message as long as the service does; none is no fault. */
  async pull(max: number, signal: AbortSignal): Promise<readonly PulledMessage[]> {
    const { body = {} } = await this.#http.post(`${this.#address}:pull`, { maxMessages: max }, signal, pullTimeoutMs);
    if (!isObject(body)) throw notAPage('Pub/Sub', 'it is no object');
    return (readList(body, 'receivedMessages') ?? []).map((received) => {
      const message = isObject(received) ? readObject(received, 'message') : undefined;
      const ackId = isObject(received) ? readText(received, 'ackId') : undefined;
      if (message === undefined || ackId === undefined) throw notAPage('Pub/Sub', 'a message has no ackId or no content');
      return {
        ackId,
        messageId: readText(message, 'messageId') ?? '',
        data: readText(message, 'data'),
        attributes: readObject(message, 'attributes') ?? {},
      };
    });
  } // prettier-ignore

  async acknowledge(ids: readonly string[], signal: AbortSignal): Promise<void> {
    for (const ackIds of portions(ids)) await this.#http.post(`${this.#address}:acknowledge`, { ackIds }, signal);
  }

  /** @param seconds from now until the messages are given to somebody else; 0 gives them back, 600 is the most. */
  async extend(ids: readonly string[], seconds: number, signal: AbortSignal): Promise<void> {
    for (const ackIds of portions(ids)) {
      const body = { ackIds, ackDeadlineSeconds: seconds };
      await this.#http.post(`${this.#address}:modifyAckDeadline`, body, signal);
    }
  }

  /** Whether the account may pull and acknowledge, asked without taking a message. */
  async mayConsume(signal: AbortSignal): Promise<boolean> {
    const permission = 'pubsub.subscriptions.consume';
    const asked = { permissions: [permission] };
    const { body = {} } = await this.#http.post(`${this.#address}:testIamPermissions`, asked, signal);
    return isObject(body) && readList(body, 'permissions')?.includes(permission) === true;
  }
}

function portions(ids: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  let chars = Infinity;
  for (const id of ids) {
    if (chars + id.length > idCharsMax) {
      all.push([]);
      chars = 0;
    }
    all.at(-1)?.push(id);
    // Quotes and a comma.
    chars += id.length + 3;
  }
  return all;
}
