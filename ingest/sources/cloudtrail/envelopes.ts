import { digText, type JsonObject, readList, readObject, readText } from '../shared/json-reader.js';
import type { Envelope } from '../shared/json-records.js';

/** Insights, digests, S3's own notices and the notices of a new log file stand in the same bucket or stream. */
function isOther(value: JsonObject): boolean {
  if (isRecord(value)) return isInsight(value) || readText(value, 'eventSource') === 'aws:s3';
  if (isControl(value)) return true;
  const holdsRecords = lists.some((name) => readList(value, name) !== undefined);
  return !holdsRecords && (isInsight(value) || isDigest(value));
}

const isRecord = (value: JsonObject): boolean =>
  readText(value, 'eventName') !== undefined && readText(value, 'eventTime') !== undefined;

const isInsight = (value: JsonObject): boolean =>
  readText(value, 'eventType') === 'AwsCloudTrailInsight' || readObject(value, 'insightDetails') !== undefined;

const isDigest = (value: JsonObject): boolean =>
  readText(value, 'digestStartTime') !== undefined || readList(value, 'logFiles') !== undefined;

/** CloudWatch's reachability check, and the notices of a new log file (S3's own look like records: see `aws:s3`). */
const isControl = (value: JsonObject): boolean =>
  readText(value, 'messageType') === 'CONTROL_MESSAGE' ||
  readText(value, 's3Bucket') !== undefined ||
  digText(value, 'Event') === 's3:TestEvent';

/** Log files, `aws cloudtrail lookup-events`, CloudWatch subscriptions. */
const lists: readonly string[] = ['Records', 'Events', 'logEvents'];

/** Envelopes of CloudTrail; they stand in each other, as SNS around EventBridge around the record. */
export const envelope: Envelope = {
  lists,
  inner: ['CloudTrailEvent', 'detail', 'message', 'Message', 'eventData', 'eventJson', 'event'],
  isRecord,
  isOther,
  // CloudTrail's validation messages and SNS test notices are plain words, and so is CloudWatch's check.
  isNotice: (member, text) => member === 'Message' || text.startsWith('CWL CONTROL MESSAGE'),
};
