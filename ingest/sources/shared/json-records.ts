import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { ParseError } from '../source.js';
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
    if (parts.length > 1) return collect(parts, product, (part) => readJsonRecords(part, product, envelope));
  }
  const parsed = parseJson(raw, product);
  return parsed.ok ? openEnvelope(parsed.value, product, envelope, 0) : parsed;
}

function collect<T>(members: readonly T[], product: string, read: (member: T) => Records): Records {
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

/** As `readJsonRecords`, for a value that is parsed already. */
export function openEnvelope(value: unknown, product: string, envelope: Envelope, depth: number): Records {
  if (depth > maxEnvelopes) {
    return refuse(product, '', 'The record stands in too many envelopes.', 'Send the record as the product writes it.');
  }
  if (Array.isArray(value)) {
    return collect(value as readonly unknown[], product, (member) =>
      openEnvelope(member, product, envelope, depth + 1),
    );
  }
  if (!isObject(value)) {
    return refuse(product, '', 'The record is JSON, but no object.', 'Send one JSON object a record.');
  }
  if (envelope.isRecord(value)) return ok([value]);
  for (const name of envelope.lists) {
    const list = readList(value, name);
    if (list !== undefined) {
      return collect(list, product, (member) => openEnvelope(member, product, envelope, depth + 1));
    }
  }
  for (const name of envelope.inner) {
    const inner = readValue(value, name);
    if (isObject(inner) || Array.isArray(inner)) return openEnvelope(inner, product, envelope, depth + 1);
    if (typeof inner === 'string' && looksLikeJson.test(inner)) {
      const parsed = parseJson(inner, product);
      return parsed.ok ? openEnvelope(parsed.value, product, envelope, depth + 1) : parsed;
    }
  }
  return ok([value]);
}
