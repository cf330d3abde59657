import { z } from 'zod';
import type { KeyDictionary } from '../shared/access-fields.js';
import { type JsonStyle, readJsonAccess, requireRequest } from '../shared/access-json.js';
import type { AccessRecord } from '../shared/access-record.js';
import {
  accessOptions,
  accessSourceFactory,
  callerOption,
  timezoneOption,
  type LineRecord,
} from '../shared/access-source.js';
import { readCombined } from '../shared/combined-line.js';
import { isObject, readValue } from '../shared/json-reader.js';
import type { Recognition, RecordSample } from '../recognition.js';
import { withoutSyslogHeader } from '../shared/syslog-header.js';
import { isErrorLine, readErrorLine } from './error-log.js';
import { logFormatOption, readLogFormat } from './log-format.js';

const product = 'nginx';
const formats = ['auto', 'combined', 'json', 'error'] as const;

const optionsSchema = z.strictObject({
  format: z
    .enum(formats)
    .default('auto')
    .describe('`auto` tells combined, JSON and error-log lines apart line by line.'),
  log_format: logFormatOption,
  timezone: timezoneOption,
  caller: callerOption,
  ...accessOptions,
});
type NginxOptions = z.output<typeof optionsSchema>;

/** An empty or binary request line (a port scan, TLS on a plaintext port) is refused by NGINX itself. */
function markBadRequest(record: AccessRecord): void {
  const { method, status } = record;
  if (method !== undefined || record.target !== undefined) return;
  // 400 malformed, 408 nothing came in time, 414 too long, 494 header too large, 497 HTTP sent to an HTTPS port.
  if (status === 400 || status === 408 || status === 414 || status === 494 || status === 497) {
    record.outcome = 'failure';
    record.reason = 'invalid_request';
  }
}

const json: JsonStyle = { product, setting: 'log_format', recordType: 'json', isMended: true };

function readJson(line: string, dictionary: KeyDictionary): LineRecord {
  const read = readJsonAccess(line, json, dictionary);
  return read.ok ? requireRequest(read.value.record, json) : read;
}

/** Lines of the operator's own format; all that it leaves open is read as without it. */
function readOwn(line: string, options: NginxOptions, dictionary: KeyDictionary): LineRecord {
  const { format, log_format: own } = options;
  const isJson = format === 'json' || (format === 'auto' && line.trimStart().startsWith('{'));
  if (isJson) return readJson(line, dictionary);
  if (own === undefined || format === 'combined') return readCombined(line, dictionary);
  const record = readLogFormat(line, own, dictionary);
  return record.ok && record.value !== undefined ? requireRequest(record.value, json) : record;
}

function read(line: string, options: NginxOptions, dictionary: KeyDictionary): LineRecord {
  const record = readOwn(withoutSyslogHeader(line), options, dictionary);
  if (record.ok && record.value !== undefined) markBadRequest(record.value);
  return record;
}

const jsonMarks = [
  'time_iso8601',
  'time_local',
  'msec',
  'remote_addr',
  'request_uri',
  'body_bytes_sent',
  'http_user_agent',
  'remote_user',
];
const combinedForm = /^\S+ \S+ .{1,256} \[\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}\] "/;
/** Length, time and upstream in brackets: the Kubernetes ingress. */
const ingressForm = /" \d+ \d+\.\d+ \[[^\]]*\] \[?/;

function recognise({ text, json, program }: RecordSample): Recognition | undefined {
  if (isObject(json)) {
    const found = jsonMarks.filter((name) => readValue(json, name) !== undefined);
    return found.length >= 3
      ? { confidence: 0.9, reason: `the variables ${found.slice(0, 3).join(', ')} of NGINX` }
      : undefined;
  }
  if (isErrorLine(text)) return { confidence: 1, reason: 'date and level of NGINX’s error log' };
  const head = text.slice(0, 4096);
  if (!combinedForm.test(head.slice(0, 600))) return undefined;
  if (program === 'nginx') return { confidence: 0.9, reason: 'an access log line behind a syslog header of nginx' };
  return ingressForm.test(head)
    ? { confidence: 0.9, reason: 'the format of the Kubernetes ingress' }
    : { confidence: 0.6, reason: 'a line of the common or combined log format' };
}

/** `nginx`: access logs (combined, Kubernetes ingress, JSON) and the error log's refusals. */
export const nginxFactory = accessSourceFactory<NginxOptions>({
  product,
  variants: formats,
  options: optionsSchema,
  readAside(whole, context, { format, timezone }) {
    const line = withoutSyslogHeader(whole);
    if (format !== 'error' && !(format === 'auto' && isErrorLine(line))) return undefined;
    const event = readErrorLine(line, context, { product, timezone });
    return event === undefined ? [] : [event];
  },
  read,
  // $request_time, as in the JSON format of the documentation of ingress-nginx.
  keys: { duration: 'duration_s' },
  timeMend: 'Log $time_iso8601 or $msec, and name its key in `fields`.',
  recognise,
});
