import type { NoticedObject, NoticeQueue } from '../objects/object-store.js';
import type { Subscription } from './subscription.js';

type Attributes = Readonly<Record<string, unknown>>;

const heldSeconds = 300;
const batchMax = 10;

/** Whether a message is one of Cloud Storage's. */
export const isNotice = ({ eventType, bucketId, objectId }: Attributes): boolean =>
  [eventType, bucketId, objectId].every((value) => typeof value === 'string');

/**
 * The object of a notification of Cloud Storage (https://docs.cloud.google.com/storage/docs/pubsub-notifications): its
 * attributes tell all, whatever the payload format. Undefined for a message that is none; empty for what is no new object.
 */
export function noticedByAttributes(attributes: Attributes): readonly NoticedObject[] | undefined {
  const { eventType, bucketId: bucket, objectId: key } = attributes;
  if (typeof eventType !== 'string' || typeof bucket !== 'string' || typeof key !== 'string') return undefined;
  return eventType === 'OBJECT_FINALIZE' ? [{ bucket, key }] : [];
}

export function createPubSubNotices(subscription: Subscription): NoticeQueue {
  const whole = new AbortController().signal;
  return {
    redrive: 'give the subscription a dead-letter topic',
    async receive(signal) {
      const messages = await subscription.pull(batchMax, signal);
      const ids = messages.map(({ ackId }) => ackId);
      // Its own deadline may be ten seconds, and an object takes longer.
      if (ids.length > 0) await subscription.extend(ids, heldSeconds, signal);
      return messages.map(({ ackId, attributes }) => ({ id: ackId, objects: noticedByAttributes(attributes) }));
    },
    hold: (ids) => subscription.extend(ids, heldSeconds, whole),
    done: (id) => subscription.acknowledge([id], whole),
  };
}
