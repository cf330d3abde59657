import { z } from 'zod';
import { ok } from '../../core/result.js';
import { parseTime } from '../../event/time.js';
import { newAccessRecord, readRequestLine, type AccessRecord } from '../shared/access-record.js';
import { accessSourceFactory, placeOptions, type LineRecord } from '../shared/access-source.js';
import { parseClientAddress } from '../shared/client-address.js';
import { refuse } from '../shared/refuse.js';
import { reasonOfError } from './reasons.js';

const product = 'alb';
const mend = 'Send the access log files of an Application Load Balancer as AWS writes them.';

const optionsSchema = z.strictObject(placeOptions);
type AlbOptions = z.output<typeof optionsSchema>;

const FIELDS_MAX = 48;

/** Words separated by spaces, some of them quoted. AWS writes `"` inside a value as `\x22`. */
export function splitFields(line: string): readonly string[] {
  const fields: string[] = [];
  let at = 0;
  while (at < line.length && fields.length < FIELDS_MAX) {
    if (line.charCodeAt(at) === 0x22) {
      const close = line.indexOf('"', at + 1);
      const end = close < 0 ? line.length : close;
      fields.push(line.slice(at + 1, end));
      at = end + 2;
    } else {
      const space = line.indexOf(' ', at);
      const end = space < 0 ? line.length : space;
      fields.push(line.slice(at, end));
      at = end + 1;
    }
  }
  return fields;
}

const isPresent = (text: string | undefined): text is string => text !== undefined && text !== '' && text !== '-';

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const types = new Set(['http', 'https', 'h2', 'grpcs', 'ws', 'wss']);

/** The group's name out of `arn:aws:elasticloadbalancing:…:targetgroup/<name>/<id>`. */
function serviceOf(arn: string): string | undefined {
  return /:targetgroup\/([^/]{1,64})\//.exec(arn.slice(0, 512))?.[1];
}

function readTail(fields: readonly string[], record: AccessRecord): void {
  const extra: [string, string][] = [];
  const keep = (key: string, index: number): void => {
    const value = fields[index];
    if (isPresent(value)) extra.push([key, value]);
  };
  const group = fields[16];
  if (isPresent(group)) {
    const service = serviceOf(group);
    if (service !== undefined) record.targetService = service;
  }
  if (isPresent(fields[17])) record.requestId = fields[17];
  const domain = fields[18];
  // The host of the request line, or its SNI, stands here as the client sent it.
  if (isPresent(domain)) record.authority = domain;
  keep('matched_rule_priority', 20);
  keep('actions_executed', 22);
  keep('error_reason', 24);
  keep('classification', 27);
  keep('classification_reason', 28);
  keep('connection_trace_id', 29);
  if (extra.length > 0) record.extra = extra;
  const error = fields[24];
  if (isPresent(error)) {
    record.outcome = 'failure';
    record.reason = reasonOfError(error);
    record.reasonDetail = error;
  }
}

function read(line: string): LineRecord {
  const fields = splitFields(line.trim());
  const [type = '', time = '', , client = '', target, requestTime, targetTime, responseTime, status, targetStatus] =
    fields;
  if (!types.has(type)) {
    return refuse(product, 'type', 'The line does not begin with http, https, h2, grpcs, ws or wss.', mend, 0);
  }
  if (fields.length < 14)
    return refuse(product, 'user_agent', 'The line ends before the user agent.', mend, line.length);
  const record = newAccessRecord(type);
  record.timeMs = parseTime(time);
  const peer = parseClientAddress(client);
  if (peer !== undefined) record.client = peer;
  if (isPresent(target)) record.upstreamHost = target;
  const parts = [seconds(requestTime), seconds(targetTime), seconds(responseTime)];
  // -1 in one of them: the request ended before that part.
  const known = parts.filter((part) => part !== undefined);
  if (known.length > 0) record.durationMs = Math.round(known.reduce((a, b) => a + b, 0) * 1e6) / 1000;
  const code = integer(status);
  if (code !== undefined && code <= 999) record.status = code;
  const received = integer(fields[10]);
  if (received !== undefined) record.requestBytes = received;
  const sent = integer(fields[11]);
  if (sent !== undefined) record.responseBytes = sent;
  const request = fields[12] ?? '';
  readRequestLine(request, record);
  if (record.target === '-' || request.startsWith('- ')) {
    delete record.method;
    delete record.target;
  }
  if (isPresent(fields[13])) record.userAgent = fields[13];
  record.transport = isPresent(fields[15]) ? 'tls' : type === 'http' || type === 'ws' ? 'plaintext' : 'tls';
  if (isPresent(targetStatus) && targetStatus !== status) record.responseFlags = `target_status=${targetStatus}`;
  // The URL of the request line holds the port; the host without it is the address.
  readTail(fields, record);
  // 460: the client went away; 463: too many X-Forwarded-For; 561: the identity provider failed.
  if (code === 460) {
    record.outcome = 'unknown';
    record.reason = 'client_error';
  } else if (code === 561) record.reason ??= 'upstream_error';
  if (code !== undefined && code >= 400 && record.method === undefined && record.target === undefined) {
    record.outcome ??= 'failure';
    record.reason ??= 'invalid_request';
  }
  return ok(record);
}

const albForm = /^(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT[\d:.]+Z app\/[^ ]+ \S+ \S+ /;

/** `alb`: access logs of AWS Application Load Balancers. */
export const albFactory = accessSourceFactory<AlbOptions>({
  product,
  variants: [],
  options: optionsSchema,
  read,
  timeMend: mend,
  recognise: ({ text }) =>
    albForm.test(text.slice(0, 512))
      ? { confidence: 1, reason: 'type, time and app/… of an ALB access log' }
      : undefined,
});
