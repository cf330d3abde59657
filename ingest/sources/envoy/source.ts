import { z } from 'zod';
import { AppError } from '../../core/errors.js';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { isTimeMs } from '../../event/time.js';
import type { SourceKind, TokenEvent } from '../../event/token-event.js';
import type { Recognition, RecordSample } from '../recognition.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { buildAccessEvent, type AccessSettings } from '../shared/access-event.js';
import { accessMeanings, KeyDictionary } from '../shared/access-fields.js';
import { gatherFields, recordOfFields, type AccessRecord } from '../shared/access-record.js';
import { isAddressRange, TrustedRanges } from '../shared/client-address.js';
import { stripContainerPrefix } from '../shared/container-prefix.js';
import { isObject, parseJsonObject, readValue } from '../shared/json-reader.js';
import { refuse } from '../shared/refuse.js';
import { readCluster, serviceOfHost } from './cluster.js';
import { refusalReason } from './response-details.js';
import { readText } from './text.js';

const product = 'envoy';
const formats = ['auto', 'text', 'json'] as const;

/** Options of one Envoy or Istio source; unknown keys are refused. */
export const envoyOptionsSchema = z.strictObject({
  format: z.enum(formats).default('auto').describe('`auto` tells text and JSON lines apart line by line.'),
  fields: z
    .record(z.string().min(1).max(128), z.enum(accessMeanings))
    .default({})
    .describe('What your own JSON keys mean; keys inside objects are written with dots.'),
  direction: z
    .enum(['edge', 'inbound', 'outbound'])
    .optional()
    .describe('Where this Envoy stands, if its records do not say it. A gateway is `edge`, also in Istio.'),
  service: z.string().min(1).max(256).optional().describe('The workload that this Envoy is the sidecar of.'),
  namespace: z.string().min(1).max(256).optional().describe('The namespace of that workload.'),
  caller: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Who calls this Envoy, if its records do not say it: the one proxy before it.'),
  trusted_proxies: z
    .array(z.string().max(64).refine(isAddressRange, 'Write an address or a CIDR range.'))
    .max(256)
    .default([])
    .describe('Your own proxies with public addresses; private ranges are always trusted in X-Forwarded-For.'),
});

type EnvoyOptions = z.infer<typeof envoyOptionsSchema>;

const LINE_MAX = 262_144;
const LEVELS = '(?:trace|debug|info|warning|warn|error|critical|fatal|off)';
/** Envoy's own log, and that of Istio's agent, stand in the same stream. */
const APPLICATION_LINE = new RegExp(
  `^\\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\]\\[\\d{1,9}\\]\\[${LEVELS}\\]|^\\d{4}-\\d\\d-\\d\\dT[\\d:.]{8,18}Z\\t${LEVELS}\\t`,
);

class EnvoySource implements Source {
  readonly product = product;
  readonly kind: SourceKind;
  readonly framing = 'line';
  readonly #options: EnvoyOptions;
  readonly #dictionary: KeyDictionary;
  readonly #settings: AccessSettings;

  constructor(options: EnvoyOptions) {
    this.#options = options;
    this.kind = options.direction === 'edge' ? 'proxy' : 'mesh';
    this.#dictionary = new KeyDictionary(options.fields);
    this.#settings = {
      product,
      kind: this.kind,
      trusted: new TrustedRanges(options.trusted_proxies),
      ...(options.direction !== undefined && { direction: options.direction }),
      ...(options.service !== undefined && { service: options.service }),
      ...(options.caller !== undefined && { caller: options.caller }),
      ...(options.namespace !== undefined && { namespace: options.namespace }),
    };
  }

  parse(raw: string, context: ParseContext): Result<readonly TokenEvent[], ParseError> {
    if (raw.length > LINE_MAX) {
      return refuse(
        product,
        '',
        `The line is longer than ${LINE_MAX} characters.`,
        'Check the line ends of the file.',
        LINE_MAX,
      );
    }
    const line = stripContainerPrefix(raw).trimStart();
    if (line === '' || APPLICATION_LINE.test(line)) return ok([]);
    const { format } = this.#options;
    // Some pipelines put a word before the JSON, as they do before the text (`ACCESS {…}`).
    const json = line.startsWith('ACCESS {') ? line.slice(7) : line;
    const isJson = format === 'json' || (format === 'auto' && json.startsWith('{'));
    const record = isJson ? this.#readJson(json) : readText(line);
    if (!record.ok) return record;
    if (record.value === undefined) return ok([]);
    if (!isTimeMs(record.value.timeMs)) {
      return refuse(
        product,
        'START_TIME',
        'The record has no time that names a moment with its zone.',
        'Log %START_TIME%, and name its key in `fields`.',
      );
    }
    this.#interpret(record.value);
    return ok([buildAccessEvent(record.value, context, this.#settings)]);
  }

  /** Undefined for a line of the application's own log. */
  #readJson(line: string): Result<AccessRecord | undefined, ParseError> {
    const parsed = parseJsonObject(line, product);
    if (!parsed.ok) return parsed;
    const fields = gatherFields(parsed.value, this.#dictionary);
    const record = recordOfFields(fields, 'http');
    if (record.status === undefined && record.method === undefined && record.target === undefined) {
      // Istio's agent logs its own start in JSON too (`level`, `msg`).
      if (Object.hasOwn(parsed.value, 'level') && !fields.has('status')) return ok(undefined);
      return refuse(
        product,
        '',
        'The record has neither response code nor request under a key that is known.',
        'Name the keys of your json_format in `fields`.',
      );
    }
    if (record.method === undefined && record.target === undefined && (record.status ?? 0) === 0)
      record.recordType = 'tcp';
    return ok(record);
  }

  /** Reads cluster, response-code details and flags, which are Envoy's own. */
  #interpret(record: AccessRecord): void {
    const cluster = record.upstreamCluster === undefined ? {} : readCluster(record.upstreamCluster);
    // A gateway's cluster says outbound; where it stands is the operator's word.
    if (cluster.direction !== undefined && this.#options.direction === undefined)
      record.direction ??= cluster.direction;
    const direction = record.direction ?? this.#options.direction;
    this.#nameTarget(record, cluster, direction);

    const isTcp = record.recordType === 'tcp';
    const details = record.responseDetails ?? (isTcp ? record.upstreamFailure : undefined);
    const { status } = record;
    if (status === 0) delete record.status;
    const isRefused = status !== undefined && (status >= 400 || (status === 0 && isTcp));
    const reason = isRefused ? refusalReason(details, record.responseFlags, status) : undefined;
    if (reason !== undefined) {
      record.reason = reason;
      record.outcome = 'failure';
    }
    const words = details === undefined || details === 'via_upstream' ? record.upstreamFailure : details;
    if (words !== undefined && (isRefused || status === 0)) record.reasonDetail ??= words;
  }

  #nameTarget(
    record: AccessRecord,
    cluster: ReturnType<typeof readCluster>,
    direction: AccessRecord['direction'],
  ): void {
    if (record.targetService !== undefined) return;
    if (direction === 'inbound' && this.#options.service !== undefined) return;
    let { service, namespace } = cluster;
    // `local_app` before a sidecar's own service is a cluster of Envoy's, not the service.
    if (direction === 'inbound' && cluster.direction === undefined) service = undefined;
    if (service === undefined && record.authority !== undefined)
      ({ service, namespace } = serviceOfHost(record.authority));
    if (service !== undefined) record.targetService = service;
    if (namespace !== undefined) record.targetNamespace ??= namespace;
    if (cluster.host !== undefined) record.authority ??= cluster.host;
  }
}

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

/** `envoy`: access logs of Envoy and Istio, default text and JSON, HTTP and TCP. */
export const envoyFactory: SourceFactory = {
  product,
  variants: formats,
  create(options: unknown): Source {
    const parsed = envoyOptionsSchema.safeParse(options ?? {});
    if (!parsed.success) {
      throw new AppError(
        'TQ_CONFIG_INVALID',
        `The options of source envoy are refused: ${z.prettifyError(parsed.error)}`,
        {
          mend: 'See ingest/sources/envoy/README.md for every option.',
        },
      );
    }
    return new EnvoySource(parsed.data);
  },
  recognise,
};
