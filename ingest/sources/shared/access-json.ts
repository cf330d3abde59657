import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { ParseError } from '../source.js';
import type { KeyDictionary } from './access-fields.js';
import { gatherFields, recordOfFields, type AccessFields, type AccessRecord } from './access-record.js';
import { type JsonObject, parseJsonObject } from './json-reader.js';
import { mendJson } from './log-escape.js';
import { refuse } from './refuse.js';

/** How a proxy writes JSON of the operator's own keys. */
export interface JsonStyle {
  readonly product: string;
  /** What the product calls the setting that names the keys: `log_format`. */
  readonly setting: string;
  readonly recordType: string;
  /** The product may write `\xNN` and missing values, which JSON does not know. */
  readonly isMended?: boolean;
}

export interface JsonAccess {
  readonly object: JsonObject;
  readonly fields: AccessFields;
  readonly record: AccessRecord;
}

/** Reads a JSON line; whether it tells a request is asked by `requireRequest`. */
export function readJsonAccess(
  line: string,
  style: JsonStyle,
  dictionary: KeyDictionary,
): Result<JsonAccess, ParseError> {
  let parsed = parseJsonObject(line, style.product);
  if (!parsed.ok) {
    const mended = style.isMended === true ? parseJsonObject(mendJson(line), style.product) : parsed;
    if (!mended.ok) return parsed;
    parsed = mended;
  }
  const fields = gatherFields(parsed.value, dictionary);
  return ok({ object: parsed.value, fields, record: recordOfFields(fields, style.recordType) });
}

export const tellsRequest = ({ status, method, target }: AccessRecord): boolean =>
  status !== undefined || method !== undefined || target !== undefined;

/** The record, if it tells what was asked or answered; else a refusal that names the setting. */
export function requireRequest(record: AccessRecord, style: JsonStyle): Result<AccessRecord, ParseError> {
  if (tellsRequest(record)) return ok(record);
  const message = 'The record has neither status nor request under a key that is known.';
  return refuse(style.product, '', message, `Name the keys of your ${style.setting} in \`fields\`.`);
}
