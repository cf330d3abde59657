import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { ParseError } from '../source.js';
import { collectList } from './collect-each.js';
import { isObject, jsonLimits, type JsonObject, parseJson, readList, readValue } from './json-reader.js';
import { splitDocument } from './json-split.js';
import { refuse } from './refuse.js';

/** How a product's JSON records are wrapped on their way. */
export interface Envelope {
  /** Members whose list holds the records: `{"records": […]}`. */
  readonly lists: readonly string[];
  /** Members that hold one record, as an object or as its JSON text. */
  readonly inner: readonly string[];
  /** Whether an object is a record itself, so that its own members are not taken for envelopes. */
  readonly isRecord: (object: JsonObject) => boolean;
  /** Objects of the product that are no record: digests, control messages. They give nothing. */
  readonly isOther?: (object: JsonObject) => boolean;
  /** Whether the text of an inner member is a notice in plain words, which gives nothing either. */
  readonly isNotice?: (member: string, text: string) => boolean;
}

type Records = Result<readonly JsonObject[], ParseError>;

const maxEnvelopes = 4;
const looksLikeJson = /^\s*[{[]/;

/**
 * The records of a raw text: one object, a list, or either in the product's envelopes. An object that is neither
 * record nor envelope is given back as it is, so that the product's reader names what it lacks.
 */
export function readJsonRecords(raw: string, product: string, envelope: Envelope): Records {
  if (raw.length > jsonLimits.maxLength) {
    // Several records in one piece: taken apart by position, so that only single records are bounded.
    const parts = splitDocument(raw, envelope.lists);
    if (parts.length > 1) return collectList(product, parts, (part) => readJsonRecords(part, product, envelope));
  }
  const parsed = parseJson(raw.trim(), product);
  return parsed.ok ? openEnvelope(parsed.value, product, envelope, 0) : parsed;
}

/** As `readJsonRecords`, for a value that is parsed already. */
export function openEnvelope(value: unknown, product: string, envelope: Envelope, depth: number): Records {
  if (depth > maxEnvelopes) {
    return refuse(product, '', 'The record stands in too many envelopes.', 'Send the record as the product writes it.');
  }
  if (Array.isArray(value)) {
    return collectList(product, value as readonly unknown[], (member) =>
      openEnvelope(member, product, envelope, depth + 1),
    );
  }
  if (typeof value === 'string' && looksLikeJson.test(value)) {
    const parsed = parseJson(value, product);
    return parsed.ok ? openEnvelope(parsed.value, product, envelope, depth + 1) : parsed;
  }
  if (!isObject(value)) {
    return refuse(product, '', 'The record is JSON, but no object.', 'Send one JSON object a record.');
  }
  if (envelope.isOther?.(value) === true) return ok([]);
  if (envelope.isRecord(value)) return ok([value]);
  for (const name of envelope.lists) {
    const list = readList(value, name);
    if (list !== undefined) {
      return collectList(product, list, (member) => openEnvelope(member, product, envelope, depth + 1));
    }
  }
  for (const name of envelope.inner) {
    const inner = readValue(value, name);
    const isOpened =
      isObject(inner) || Array.isArray(inner) || (typeof inner === 'string' && looksLikeJson.test(inner));
    if (isOpened) return openEnvelope(inner, product, envelope, depth + 1);
    if (typeof inner === 'string' && envelope.isNotice?.(name, inner) === true) return ok([]);
  }
  return ok([value]);
}
