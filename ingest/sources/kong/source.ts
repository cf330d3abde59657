import { ok } from '../../core/result.js';
import type { Result } from '../../core/result.js';
import { isTimeMs } from '../../event/time.js';
import type { TokenEvent } from '../../event/token-event.js';
import { readCombined, type CombinedStyle } from '../shared/combined-line.js';
import { setField, type AccessRecord } from '../shared/access-record.js';
import { withoutSyslogHeader } from '../shared/syslog-header.js';
import { accessSettings, buildAccessEvent, type AccessSettings } from '../shared/access-event.js';
import { KeyDictionary } from '../shared/access-fields.js';
import { readOptions } from '../shared/audit-source.js';
import { collectRecords, placeOfRecord } from '../shared/collect-each.js';
import { stripContainerPrefix } from '../shared/container-prefix.js';
import { isObject, type JsonObject, readObject, readValue } from '../shared/json-reader.js';
import { readJsonRecords, type Envelope } from '../shared/json-records.js';
import { splitDocument } from '../shared/json-split.js';
import { refuse } from '../shared/refuse.js';
import type { ParseContext, ParseError, Source, SourceFactory } from '../source.js';
import { optionsSchema, type KongOptions } from './options.js';
import { isStream, readKongRecord } from './record.js';

const product = 'kong';
const mend = 'Send what the http-log, file-log, tcp-log or udp-log plugin writes, or Kong’s NGINX access log.';

const accessForm = /\] "[^\n]* kong_request_id: "/;

const isRecord = (object: JsonObject): boolean =>
  (readObject(object, 'request') !== undefined &&
    (readObject(object, 'response') !== undefined || readObject(object, 'latencies') !== undefined)) ||
  isStream(object);

const envelope: Envelope = { lists: ['records', 'entries'], inner: ['message', 'data', 'log'], isRecord };

/** Kong's own `log_format` ends with `kong_request_id: "…"`. */
function readTail(tail: string, record: AccessRecord): boolean {
  const id = /^ kong_request_id: "([^"]{1,128})"/.exec(tail)?.[1];
  if (id !== undefined) setField(record, 'request_id', id);
  return id !== undefined;
}

const style: CombinedStyle = { product, mend, readTail };

function parseText(
  line: string,
  context: ParseContext,
  settings: AccessSettings,
): Result<readonly TokenEvent[], ParseError> {
  const record = readCombined(withoutSyslogHeader(line), new KeyDictionary({ kong_request_id: 'request_id' }), style);
  return record.ok ? ok([buildAccessEvent(record.value, context, settings)]) : record;
}

function parseWith(
  options: KongOptions,
  settings: AccessSettings,
  raw: string,
  context: ParseContext,
): Result<readonly TokenEvent[], ParseError> {
  const line = stripContainerPrefix(raw);
  if (line.trim() === '') return ok([]);
  if (!/^\s*[[{]/.test(line)) return parseText(line, context, settings);
  const records = readJsonRecords(line, product, envelope);
  if (!records.ok) return records;
  return collectRecords(product, records.value, (object, ordinal) => {
    if (!isRecord(object))
      return refuse(product, '/request', 'The record has neither a request with its response nor a session.', mend);
    const record = readKongRecord(object, options);
    if (!isTimeMs(record.timeMs)) return refuse(product, '/started_at', 'started_at is no time.', mend);
    // A batch of http-log is one body: each of its records has a place of its own.
    return ok([buildAccessEvent(record, placeOfRecord(context, ordinal), settings)]);
  });
}

/** `kong`: log plugins of Kong Gateway (http-log, file-log, tcp-log …), single records and batches, and its access log. */
export const kongFactory: SourceFactory = {
  product,
  kinds: ['proxy'],
  variants: [],
  create(given): Source {
    const options = readOptions(product, optionsSchema, given);
    const settings = accessSettings(product, 'proxy', options);
    return {
      product,
      kind: 'proxy',
      framing: 'document',
      parse: (raw, context) => parseWith(options, settings, raw, context),
      split: (document) => ok(splitDocument(document, envelope.lists)),
    };
  },
  recognise({ text, json }) {
    const first: unknown = Array.isArray(json) ? json[0] : json;
    if (json === undefined && accessForm.test(text.slice(0, 8192)))
      return { confidence: 0.9, reason: 'an access log line with Kong’s kong_request_id' };
    if (!isObject(first) || !isRecord(first)) return undefined;
    const hasMark = readObject(first, 'latencies') !== undefined || readValue(first, 'started_at') !== undefined;
    return hasMark
      ? { confidence: 1, reason: 'request or session with latencies, as Kong’s log serializer writes them' }
      : undefined;
  },
};
