import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import {
  digText,
  isObject,
  jsonLimits,
  type JsonObject,
  parseJson,
  readList,
  readObject,
  readText,
  readValue,
} from '../shared/json-reader.js';
import { splitDocument } from '../shared/json-split.js';
import { refuse } from '../shared/refuse.js';
import type { ParseError } from '../source.js';

const product = 'cloudtrail';

type Records = Result<readonly JsonObject[], ParseError>;

/** Members whose list holds the records: log files, `aws cloudtrail lookup-events`, CloudWatch subscriptions. */
export const wrappers: readonly string[] = ['Records', 'Events', 'logEvents'];

/** Envelopes stand in each other at most so: SNS around EventBridge around the record. */
const maxEnvelopes = 4;

/** The CloudTrail records of a raw record, whatever envelopes it came in; none for digests and control messages. */
export function readRecords(raw: string): Records {
  if (raw.length > jsonLimits.maxLength) {
    // A whole log file in one piece: taken apart by position, so that only single records are bounded.
    const parts = splitDocument(raw, wrappers);
    if (parts.length > 1) return collect(parts, (part) => readRecords(part));
  }
  const parsed = parseJson(raw.trim(), product);
  return parsed.ok ? open(parsed.value, 0) : parsed;
}

function collect<T>(members: readonly T[], read: (member: T) => Records): Records {
  const records: JsonObject[] = [];
  for (const [index, member] of members.entries()) {
    const result = read(member);
    if (!result.ok) {
      const { error } = result;
      return refuse(product, `/${index}${error.field}`, error.message, error.mend, error.position);
    }
    for (const record of result.value) records.push(record);
  }
  return ok(records);
}

function open(value: unknown, depth: number): Records {
  if (depth > maxEnvelopes) {
    return refuse(product, '', 'The record stands in too many envelopes.', 'Send the CloudTrail record itself.');
  }
  if (Array.isArray(value)) return collect(value as readonly unknown[], (member) => open(member, depth + 1));
  if (typeof value === 'string') {
    const inner = parseJson(value, product);
    return inner.ok ? open(inner.value, depth + 1) : inner;
  }
  if (!isObject(value)) {
    return refuse(product, '', 'The record is no JSON object.', 'Send CloudTrail records, one JSON object each.');
  }
  if (readText(value, 'eventName') !== undefined && readText(value, 'eventTime') !== undefined) {
    return ok(isInsight(value) || readText(value, 'eventSource') === 'aws:s3' ? [] : [value]);
  }
  for (const name of wrappers) {
    const list = readList(value, name);
    if (list !== undefined && !isControl(value)) return collect(list, (member) => open(member, depth + 1));
  }
  if (isInsight(value) || isDigest(value) || isControl(value)) return ok([]);
  for (const name of ['CloudTrailEvent', 'detail', 'message', 'Message', 'eventData', 'eventJson', 'event'] as const) {
    const inner = readValue(value, name);
    if (isObject(inner) || Array.isArray(inner)) return open(inner, depth + 1);
    if (typeof inner === 'string' && /^\s*[{[]/.test(inner)) return open(inner, depth + 1);
    // CloudTrail's validation messages, SNS test notices and CloudWatch's reachability check are plain words.
    if (typeof inner === 'string' && (name === 'Message' || inner.startsWith('CWL CONTROL MESSAGE'))) return ok([]);
  }
  return ok([value]);
}

const isInsight = (value: JsonObject): boolean =>
  readText(value, 'eventType') === 'AwsCloudTrailInsight' || readObject(value, 'insightDetails') !== undefined;

const isDigest = (value: JsonObject): boolean =>
  readText(value, 'digestStartTime') !== undefined || readList(value, 'logFiles') !== undefined;

/** CloudWatch's reachability check, and the notices of a new log file (S3's own look like records: see `aws:s3`). */
const isControl = (value: JsonObject): boolean =>
  readText(value, 'messageType') === 'CONTROL_MESSAGE' ||
  readText(value, 's3Bucket') !== undefined ||
  digText(value, 'Event') === 's3:TestEvent';
