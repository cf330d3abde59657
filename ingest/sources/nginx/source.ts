import { z } from 'zod';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { AppError } from '../../core/errors.js';
import { isTimeMs } from '../../event/time.js';
import type { TokenEvent } from '../../event/token-event.js';
import { isTimeZone } from '../keycloak/local-time.js';
import type { Recognition, RecordSample } from '../recognition.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { buildAccessEvent, type AccessSettings } from '../shared/access-event.js';
import { accessMeanings, KeyDictionary } from '../shared/access-fields.js';
import { gatherFields, recordOfFields, type AccessRecord } from '../shared/access-record.js';
import { isAddressRange, TrustedRanges } from '../shared/client-address.js';
import { stripContainerPrefix } from '../shared/container-prefix.js';
import { isObject, parseJsonObject, readValue } from '../shared/json-reader.js';
import { refuse } from '../shared/refuse.js';
import { readCombined } from './combined.js';
import { isErrorLine, readErrorLine } from './error-log.js';
import { mendJson } from './escape.js';

const product = 'nginx';
const formats = ['auto', 'combined', 'json', 'error'] as const;

/** Options of one NGINX source; unknown keys are refused. */
export const nginxOptionsSchema = z.strictObject({
  format: z
    .enum(formats)
    .default('auto')
    .describe('`auto` tells combined, JSON and error-log lines apart line by line.'),
  fields: z
    .record(z.string().min(1).max(128), z.enum(accessMeanings))
    .default({})
    .describe('What your own JSON keys (or keys of `key=value` pairs after a combined line) mean.'),
  timezone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'Name a zone: UTC, +02:00 or an IANA name such as Europe/Vienna.')
    .default('UTC')
    .describe('Zone of the error log, whose times carry none.'),
  direction: z.enum(['edge', 'inbound', 'outbound']).default('edge').describe('Where this NGINX stands.'),
  service: z.string().min(1).max(256).optional().describe('The service that this NGINX stands before, if it is one.'),
  caller: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Who calls this NGINX, if its records do not say it: the one proxy before it.'),
  trusted_proxies: z
    .array(z.string().max(64).refine(isAddressRange, 'Write an address or a CIDR range.'))
    .max(256)
    .default([])
    .describe('Your own proxies with public addresses; private ranges are always trusted in X-Forwarded-For.'),
});

type NginxOptions = z.infer<typeof nginxOptionsSchema>;

/** Longer lines are refused: NGINX's own request line and header buffers end at 8 to 64 KiB. */
const LINE_MAX = 262_144;

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

class NginxSource implements Source {
  readonly product = product;
  readonly kind = 'proxy';
  readonly framing = 'line';
  readonly #options: NginxOptions;
  readonly #dictionary: KeyDictionary;
  readonly #settings: AccessSettings;

  constructor(options: NginxOptions) {
    this.#options = options;
    this.#dictionary = new KeyDictionary(options.fields);
    this.#settings = {
      product,
      kind: this.kind,
      trusted: new TrustedRanges(options.trusted_proxies),
      direction: options.direction,
      ...(options.service !== undefined && { service: options.service }),
      ...(options.caller !== undefined && { caller: options.caller }),
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
    const line = stripContainerPrefix(raw);
    const { format } = this.#options;
    if (line.trim() === '') return ok([]);
    if (format === 'error' || (format === 'auto' && isErrorLine(line))) {
      const event = readErrorLine(line, context, { product, timezone: this.#options.timezone });
      return ok(event === undefined ? [] : [event]);
    }
    const isJson = format === 'json' || (format === 'auto' && line.trimStart().startsWith('{'));
    const record = isJson ? this.#readJson(line) : readCombined(line, this.#dictionary);
    if (!record.ok) return record;
    if (!isTimeMs(record.value.timeMs)) {
      return refuse(
        product,
        'time',
        'The record has no time that names a moment with its zone.',
        'Log $time_iso8601 or $msec, and name its key in `fields`.',
      );
    }
    markBadRequest(record.value);
    return ok([buildAccessEvent(record.value, context, this.#settings)]);
  }

  #readJson(line: string): Result<AccessRecord, ParseError> {
    let parsed = parseJsonObject(line, product);
    // Without escape=json NGINX writes \xNN, which JSON does not know.
    if (!parsed.ok) {
      const mended = parseJsonObject(mendJson(line), product);
      if (!mended.ok) return parsed;
      parsed = mended;
    }
    const record = recordOfFields(gatherFields(parsed.value, this.#dictionary), 'json');
    if (record.status === undefined && record.method === undefined && record.target === undefined) {
      return refuse(
        product,
        '',
        'The record has neither status nor request under a key that is known.',
        'Name the keys of your log_format in `fields`.',
      );
    }
    return ok(record);
  }
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

function recognise({ text, json }: RecordSample): Recognition | undefined {
  if (isObject(json)) {
    const found = jsonMarks.filter((name) => readValue(json, name) !== undefined);
    return found.length >= 3
      ? { confidence: 0.9, reason: `the variables ${found.slice(0, 3).join(', ')} of NGINX` }
      : undefined;
  }
  if (isErrorLine(text)) return { confidence: 1, reason: 'date and level of NGINX’s error log' };
  const head = text.slice(0, 4096);
  if (!combinedForm.test(head.slice(0, 600))) return undefined;
  return ingressForm.test(head)
    ? { confidence: 0.9, reason: 'the format of the Kubernetes ingress' }
    : { confidence: 0.6, reason: 'a line of the common or combined log format' };
}

/** `nginx`: access logs (combined, Kubernetes ingress, JSON) and the error log's refusals. */
export const nginxFactory: SourceFactory = {
  product,
  variants: formats,
  create(options: unknown): Source {
    const parsed = nginxOptionsSchema.safeParse(options ?? {});
    if (!parsed.success) {
      throw new AppError(
        'TQ_CONFIG_INVALID',
        `The options of source nginx are refused: ${z.prettifyError(parsed.error)}`,
        {
          mend: 'See ingest/sources/nginx/README.md for every option.',
        },
      );
    }
    return new NginxSource(parsed.data);
  },
  recognise,
};
