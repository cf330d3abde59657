import { shownName } from '../../event/redact-text.js';
import { formatTime, isTimeMs } from '../../event/time.js';
import type { RawRecord, SourceBinding } from '../../pipeline/record-parser.js';
import type { StructuredKeys } from '../../sources/source.js';
import type { CallerRule } from '../peer/caller-rule.js';
import type { AnyValue, ExportLogsRequest, KeyValue, LogRecord } from './otlp-messages.js';

/** A source that takes OTLP log records, and which of them are its own. */
export interface OtlpInput extends SourceBinding, CallerRule {
  readonly name: string;
  /** Resource attribute `service.name`; without one the source takes what no other source names. */
  readonly serviceName?: string;
}

/** Records of one source and instance, in the order of the request. */
export interface OtlpGroup {
  readonly binding: SourceBinding;
  readonly records: RawRecord[];
}

export interface OtlpRecords {
  readonly groups: readonly OtlpGroup[];
  /** Records that no source takes, with the name that their resource gave. */
  readonly strays: readonly { readonly service: string; readonly record: RawRecord }[];
}

const depthMax = 32;
const nameMax = 256;

/** Sorts log records to the sources by their resource: `tourniquet.source`, then `service.name`, then the only one. */
export function recordsOf(
  request: ExportLogsRequest,
  inputs: readonly OtlpInput[],
  recordBytesMax: number,
): OtlpRecords {
  const groups = new Map<string, OtlpGroup>();
  const strays: { service: string; record: RawRecord }[] = [];
  let offset = 0;
  for (const resourceLogs of request.resourceLogs ?? []) {
    const resource = attributesOf(resourceLogs.resource?.attributes);
    const service = textOf(resource['service.name']) ?? '';
    for (const scopeLogs of resourceLogs.scopeLogs ?? []) {
      for (const log of scopeLogs.logRecords ?? []) {
        const input = chooseInput(resource, log, service, inputs);
        const text = rawText(log, input?.source.structured);
        const record = { text, offset, truncated: Buffer.byteLength(text) > recordBytesMax };
        offset += 1;
        if (input === undefined) {
          strays.push({ service: shownName(service, nameMax), record });
          continue;
        }
        const instance = textOf(resource['tourniquet.instance']) ?? textOf(resource['service.instance.id']);
        // The sender chose it, so it may hold anything.
        const binding = {
          source: input.source,
          instance: instance === undefined ? input.instance : shownName(instance, nameMax),
        };
        const key = JSON.stringify([input.name, binding.instance]);
        let group = groups.get(key);
        if (group === undefined) groups.set(key, (group = { binding, records: [] }));
        group.records.push(record);
      }
    }
  }
  return { groups: [...groups.values()], strays };
}

function chooseInput(
  resource: Readonly<Record<string, unknown>>,
  log: LogRecord,
  service: string,
  inputs: readonly OtlpInput[],
): OtlpInput | undefined {
  const wanted =
    textOf(resource['tourniquet.source']) ??
    textOf(plain(log.attributes?.find((attribute) => attribute.key === 'tourniquet.source')?.value, 0));
  if (wanted !== undefined) return inputs.find((input) => input.name === wanted);
  const named = inputs.find((input) => input.serviceName !== undefined && input.serviceName === service);
  if (named !== undefined) return named;
  const [only, ...others] = inputs.filter((input) => input.serviceName === undefined);
  return others.length === 0 ? only : undefined;
}

/**
 * The record as its product wrote it: a text body as it is, a structured one as JSON, else the attributes. Of a product that fills body and
 * attributes, such as Istio, all that it filled.
 */
function rawText(log: LogRecord, keys: StructuredKeys | undefined): string {
  const body = plain(log.body, 0);
  const attributes = log.attributes ?? [];
  const line = typeof body === 'string' && body !== '' ? body : undefined;
  const object = Array.isArray(body) || typeof body !== 'object' ? undefined : (body ?? undefined);
  if (keys === undefined || (line !== undefined && attributes.length === 0)) {
    if (line !== undefined) return line;
    if (typeof body === 'object' && body !== null) return JSON.stringify(body);
    return attributes.length === 0 ? '' : JSON.stringify(attributesOf(attributes));
  }
  const whole: Record<string, unknown> = Object.assign(attributesOf(attributes), object);
  if (Object.keys(whole).length === 0) return line ?? '';
  if (line !== undefined) whole[keys.line] = line;
  const trace = traceOf(log.traceId);
  const time = Math.floor(Number(log.timeUnixNano ?? '0') / 1e6);
  if (trace !== undefined) whole[keys.trace] ??= trace;
  if (time > 0 && isTimeMs(time)) whole[keys.time] ??= formatTime(time);
  return JSON.stringify(whole);
}

/** 16 bytes; all zero is none. */
function traceOf(id: Uint8Array | undefined): string | undefined {
  return id?.length === 16 && id.some((byte) => byte !== 0) ? Buffer.from(id).toString('hex') : undefined;
}

function attributesOf(list: readonly KeyValue[] | undefined, depth = 0): Record<string, unknown> {
  // Without a prototype: a key named __proto__ is a key like any other.
  const object = Object.create(null) as Record<string, unknown>;
  for (const { key, value } of list ?? []) object[key ?? ''] = plain(value, depth + 1);
  return object;
}

function plain(value: AnyValue | undefined, depth: number): unknown {
  if (value === undefined || depth > depthMax) return null;
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) return safeInteger(value.intValue);
  if (value.doubleValue !== undefined) return value.doubleValue;
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue).toString('utf8');
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map((item) => plain(item, depth + 1));
  if (value.kvlistValue !== undefined) return attributesOf(value.kvlistValue.values, depth);
  return null;
}

function safeInteger(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
