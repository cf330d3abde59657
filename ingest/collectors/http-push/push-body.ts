import { AppError } from '../../core/errors.js';
import { LineSplitter } from '../../pipeline/line-splitter.js';
import { splitRecord, type RawRecord } from '../../pipeline/record-parser.js';
import type { Source } from '../../sources/source.js';
import type { HttpPushConfig } from './config.js';

/**
 * Takes a pushed body apart: a JSON array (elements: objects, or text lines as strings), else one record a line, and
 * a document that the source knows to split.
 *
 * @throws AppError TQ_REQUEST_INVALID when a JSON body is broken as a whole, TQ_TOO_LARGE beyond `records_max`.
 */
export function recordsOfBody(
  body: Buffer,
  contentType: string,
  source: Source,
  limits: HttpPushConfig,
): readonly RawRecord[] {
  const records = contentType.startsWith('application/json')
    ? recordsOfJson(body, source, limits)
    : recordsOfLines(body, source, limits);
  if (records.length > limits.records_max) {
    throw new AppError('TQ_TOO_LARGE', `The body holds more than ${limits.records_max} records.`, {
      mend: 'Send smaller batches.',
    });
  }
  return records;
}

function recordsOfJson(body: Buffer, source: Source, limits: HttpPushConfig): readonly RawRecord[] {
  const text = body.toString('utf8').replace(/^\uFEFF/, '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // Senders often call NDJSON application/json; lines are then judged one by one.
    if (text.trimEnd().includes('\n')) return recordsOfLines(body, source, limits);
    throw new AppError('TQ_REQUEST_INVALID', 'The body is not valid JSON.', {
      mend: 'Send a JSON array, one JSON object, or one record a line as application/x-ndjson.',
      cause,
    });
  }
  if (!Array.isArray(value)) return splitRecord(source, { text, offset: 0 });
  return value.map((item: unknown, offset) => bounded(typeof item === 'string' ? item : textOf(item), offset, limits));
}

/** No source reads what nests deeper; JSON.stringify overflows the stack only far below. */
const depthKept = 256;

/** A JSON value as text. One that nests too deep to be written is cut, so that its source refuses it and not the whole body. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return JSON.stringify(cutBelow(value, depthKept));
  }
}

function cutBelow(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return null;
  if (Array.isArray(value)) return value.map((item: unknown) => cutBelow(item, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cutBelow(item, depth - 1)]));
}

function bounded(text: string, offset: number, limits: HttpPushConfig): RawRecord {
  return { text, offset, truncated: Buffer.byteLength(text) > limits.record_bytes_max };
}

function recordsOfLines(body: Buffer, source: Source, limits: HttpPushConfig): readonly RawRecord[] {
  const max = source.framing === 'document' ? limits.decompressed_bytes_max : limits.record_bytes_max;
  const splitter = new LineSplitter(0, max);
  const lines = [...splitter.push(body), ...splitter.flush()];
  return lines.flatMap((line) => splitRecord(source, line));
}
