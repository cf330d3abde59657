import { z } from 'zod';
import { ok } from '../../core/result.js';
import type { KeyDictionary } from '../shared/access-fields.js';
import { type JsonStyle, readJsonAccess, requireRequest, tellsRequest } from '../shared/access-json.js';
import type { AccessRecord } from '../shared/access-record.js';
import {
  accessOptions,
  accessSourceFactory,
  callerOption,
  namespaceOption,
  type LineRecord,
} from '../shared/access-source.js';
import { isObject, type JsonObject, parseJsonObject, readValue } from '../shared/json-reader.js';
import { stripContainerPrefix } from '../shared/container-prefix.js';
import { refuse } from '../shared/refuse.js';
import { isTimeMs } from '../../event/time.js';
import type { Recognition, RecordSample } from '../recognition.js';
import { isAccessLogType, isAlsEntry, isEnd, readAlsEntry } from './als.js';
import { readCluster, serviceOfHost } from './cluster.js';
import { isRefusedByEnvoy, refusalReason } from './response-details.js';
import { readText } from './text.js';

const product = 'envoy';
const formats = ['auto', 'text', 'json', 'als'] as const;

const optionsSchema = z.strictObject({
  ...accessOptions,
  format: z
    .enum(formats)
    .default('auto')
    .describe('`auto` tells text, JSON and entries of the gRPC access log apart, record by record.'),
  direction: z
    .enum(['edge', 'inbound', 'outbound'])
    .optional()
    .describe('Where this Envoy stands, if its records do not say it. A gateway is `edge`, also in Istio.'),
  namespace: namespaceOption,
  caller: callerOption,
});
type EnvoyOptions = z.output<typeof optionsSchema>;

const LEVELS = '(?:trace|debug|info|warning|warn|error|critical|fatal|off)';
/** Envoy's own log, and that of Istio's agent, stand in the same stream. */
const APPLICATION_LINE = new RegExp(
  `^\\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\]\\[\\d{1,9}\\]\\[${LEVELS}\\]|^\\d{4}-\\d\\d-\\d\\dT[\\d:.]{8,18}Z\\t${LEVELS}\\t`,
);

const json: JsonStyle = { product, setting: 'json_format', recordType: 'http' };

/** Only entries of the gRPC access log name it; a value may too, so the parsed record decides. */
const alsMark = /"common(?:_p|P)roperties"/;

function readAls(entry: JsonObject, options: EnvoyOptions, dictionary: KeyDictionary): LineRecord {
  if (isAlsEntry(entry)) return ok(readAlsEntry(entry, { dictionary, direction: options.direction }));
  return refuse(
    product,
    '/common_properties',
    'The record is no entry of the gRPC access log: it has no common_properties.',
    'Send HTTPAccessLogEntry or TCPAccessLogEntry, or set `format: auto`.',
  );
}

function readJson(line: string, options: EnvoyOptions, dictionary: KeyDictionary): LineRecord {
  if (options.format === 'als' || alsMark.test(line)) {
    const entry = parseJsonObject(line, product);
    if (!entry.ok) return entry;
    if (options.format === 'als' || isAlsEntry(entry.value)) return readAls(entry.value, options, dictionary);
  }
  const read = readJsonAccess(line, json, dictionary);
  if (!read.ok) return read;
  const { object, fields, record } = read.value;
  if (isUnderWay(object)) return ok(undefined);
  // Istio's agent logs its own start in JSON too (`level`, `msg`).
  if (!tellsRequest(record) && Object.hasOwn(object, 'level') && !fields.has('status')) return ok(undefined);
  if (record.method === undefined && record.target === undefined && (record.status ?? 0) === 0)
    record.recordType = 'tcp';
  return requireRequest(record, json);
}

/** `%ACCESS_LOG_TYPE%` of an entry that only says that a request goes on. */
const isUnderWay = (object: JsonObject): boolean => {
  const type = readValue(object, 'access_log_type');
  return typeof type === 'string' && isAccessLogType(type) && !isEnd(type);
};

/** Istio's OpenTelemetry log has its line and the operator's labels, a collector's a line and where it stood: all of one request. */
function readWrapped(text: string, options: EnvoyOptions, dictionary: KeyDictionary): LineRecord | undefined {
  const read = readJsonAccess(text, json, dictionary);
  const line = read.ok ? readValue(read.value.object, structured.line) : undefined;
  if (!read.ok || typeof line !== 'string') return undefined;
  const { object, record } = read.value;
  if (isUnderWay(object)) return ok(undefined);
  const told = readLine(stripContainerPrefix(line), options, dictionary);
  if (!told.ok || told.value === undefined) return tellsRequest(record) ? ok(record) : told;
  const { recordType, timeMs, tellsCredential, extra = [], ...labels } = record;
  const whole: AccessRecord = { ...told.value, ...labels };
  if (!isTimeMs(whole.timeMs)) whole.timeMs = timeMs;
  if (tellsRequest(record)) whole.recordType = recordType;
  whole.tellsCredential ||= tellsCredential;
  if (extra.length > 0) whole.extra = [...(whole.extra ?? []), ...extra];
  return ok(whole);
}

function readLine(raw: string, options: EnvoyOptions, dictionary: KeyDictionary): LineRecord {
  const line = raw.trimStart();
  if (APPLICATION_LINE.test(line)) return ok(undefined);
  // Some pipelines put a word before the JSON, as they do before the text (`ACCESS {…}`).
  const object = line.startsWith('ACCESS {') ? line.slice(7) : line;
  const isJson =
    options.format === 'json' || options.format === 'als' || (options.format === 'auto' && object.startsWith('{'));
  return isJson ? readJson(object, options, dictionary) : readText(line);
}

function read(raw: string, options: EnvoyOptions, dictionary: KeyDictionary): LineRecord {
  const isWrapped = raw.startsWith('{') && raw.includes(wrappedMark);
  const record = (isWrapped ? readWrapped(raw, options, dictionary) : undefined) ?? readLine(raw, options, dictionary);
  if (record.ok && record.value !== undefined) interpret(record.value, options);
  return record;
}

/** Reads cluster, response-code details and flags, which are Envoy's own. */
function interpret(record: AccessRecord, options: EnvoyOptions): void {
  const cluster = record.upstreamCluster === undefined ? {} : readCluster(record.upstreamCluster);
  // A gateway's cluster says outbound; where it stands is the operator's word.
  if (cluster.direction !== undefined && options.direction === undefined) record.direction ??= cluster.direction;
  const direction = record.direction ?? options.direction;
  nameTarget(record, cluster, direction, options);

  const isTcp = record.recordType === 'tcp';
  const details = record.responseDetails ?? (isTcp ? record.upstreamFailure : undefined);
  const { status } = record;
  if (status === 0) delete record.status;
  const isRefused =
    status !== undefined &&
    (status >= 400 || (status === 0 && isTcp) || (status >= 100 && isRefusedByEnvoy(details, record.responseFlags)));
  const reason = isRefused ? refusalReason(details, record.responseFlags, status) : undefined;
  if (reason !== undefined) {
    record.reason = reason;
    record.outcome = 'failure';
  }
  const words = details === undefined || details === 'via_upstream' ? record.upstreamFailure : details;
  if (words !== undefined && (isRefused || status === 0)) record.reasonDetail ??= words;
}

function nameTarget(
  record: AccessRecord,
  cluster: ReturnType<typeof readCluster>,
  direction: AccessRecord['direction'],
  options: EnvoyOptions,
): void {
  if (record.targetService !== undefined) return;
  if (direction === 'inbound' && options.service !== undefined) return;
  let { service, namespace } = cluster;
  // `local_app` before a sidecar's own service is a cluster of Envoy's, not the service.
  if (direction === 'inbound' && cluster.direction === undefined) service = undefined;
  // What the caller's sidecar asked for: Istio's SNI, which also knows the namespace where the authority is a bare word.
  const asked = direction === 'inbound' ? readCluster(record.serverName ?? '') : {};
  if (service === undefined && asked.direction !== undefined && asked.namespace !== undefined)
    ({ service, namespace } = asked);
  if (service === undefined && record.authority !== undefined)
    ({ service, namespace } = serviceOfHost(record.authority));
  if (service !== undefined) record.targetService = service;
  if (namespace !== undefined) record.targetNamespace ??= namespace;
  if (cluster.host !== undefined) record.authority ??= cluster.host;
}

/** Envoy's and Istio's OpenTelemetry access logs. */
const structured = { line: 'tourniquet.body', time: 'start_time', trace: 'trace_id' } as const;
const wrappedMark = `"${structured.line}"`;

const jsonMarks = [
  'response_flags',
  'response_code_details',
  'upstream_cluster',
  'upstream_host',
  'downstream_remote_address',
  'x_forwarded_for',
  'start_time',
  'response_code',
  'bytes_received',
  ':authority',
];
const textForm = /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] "[^"]{1,4096}" (?:\d{1,3}) \S+/;

function recognise({ text, json }: RecordSample): Recognition | undefined {
  if (isObject(json)) {
    if (isAlsEntry(json)) return { confidence: 1, reason: 'common_properties of Envoy’s gRPC access log' };
    const found = jsonMarks.filter((name) => readValue(json, name) !== undefined);
    return found.length >= 3
      ? { confidence: 0.9, reason: `the operators ${found.slice(0, 3).join(', ')} of Envoy` }
      : undefined;
  }
  const line = text.startsWith('ACCESS ') ? text.slice(7) : text;
  return textForm.test(line.slice(0, 4608))
    ? { confidence: 1, reason: 'time, request, status and flags of Envoy’s text format' }
    : undefined;
}

/** `envoy`: access logs of Envoy and Istio, default text, JSON and gRPC entries, HTTP and TCP. */
export const envoyFactory = accessSourceFactory<EnvoyOptions>({
  product,
  variants: formats,
  options: optionsSchema,
  kinds: ['mesh', 'proxy'],
  kindOf: ({ direction }) => (direction === 'edge' ? 'proxy' : 'mesh'),
  read,
  // No operator of Envoy measures in seconds.
  keys: { request_time: 'duration_ms', response_time: 'duration_ms' },
  timeField: 'START_TIME',
  timeMend: 'Log %START_TIME%, and name its key in `fields`.',
  recognise,
  structured,
});
