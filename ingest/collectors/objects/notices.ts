import { tryJson } from '../../core/try-json.js';
import { digText, isObject, readList, readText } from '../../sources/shared/json-reader.js';
import type { NoticedObject } from './object-store.js';

/** S3 writes keys as forms do: `+` for a space, the rest in percents. */
function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/**
 * The objects of a message: S3's event notifications
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html), CloudTrail's own through SNS
 * (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-sns-topic.html), either in SNS's envelope.
 * Undefined for a message that is none of them; empty for S3's test event and for what is no new object.
 */
export function noticedObjects(body: string, depth = 0): readonly NoticedObject[] | undefined {
  const value = tryJson(body);
  if (!isObject(value)) return undefined;
  const inner = readText(value, 'Message');
  if (inner !== undefined && depth < 2) return noticedObjects(inner, depth + 1);
  if (readText(value, 'Event') === 's3:TestEvent') return [];
  const bucket = readText(value, 's3Bucket');
  const keys = readList(value, 's3ObjectKey');
  if (bucket !== undefined && keys !== undefined)
    return keys.flatMap((key) => (typeof key === 'string' ? [{ bucket, key }] : []));
  const records = readList(value, 'Records');
  if (records === undefined) return undefined;
  return records.flatMap((record) => {
    if (!isObject(record) || readText(record, 'eventName')?.startsWith('ObjectCreated:') !== true) return [];
    const [of, key] = [digText(record, 's3', 'bucket', 'name'), digText(record, 's3', 'object', 'key')];
    return of === undefined || key === undefined ? [] : [{ bucket: of, key: decodeKey(key) }];
  });
}
