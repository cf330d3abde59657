import { z } from 'zod';
import { ok } from '../../core/result.js';
import { accessOptions, accessSourceFactory, type LineRecord } from '../shared/access-source.js';
import type { KeyDictionary } from '../shared/access-fields.js';
import { gatherFields, recordOfFields } from '../shared/access-record.js';
import { isObject, parseJsonObject } from '../shared/json-reader.js';
import { refuse } from '../shared/refuse.js';
import { mendJson } from '../nginx/escape.js';
import { readCombined, type CombinedStyle } from '../nginx/combined.js';

const product = 'apache';
const formats = ['auto', 'combined', 'json'] as const;

const optionsSchema = z.strictObject({
  format: z.enum(formats).default('auto').describe('`auto` tells combined and JSON lines apart line by line.'),
  ...accessOptions,
});
type ApacheOptions = z.output<typeof optionsSchema>;

const style: CombinedStyle = {
  product,
  mend: 'Check the LogFormat: it must begin as Apache’s `common` does, with or without a virtual host before it.',
};

/** Keys of the JSON LogFormat in Apache’s documentation and examples that no other proxy uses. */
const apacheKeys = /^(?:remoteIP|userAgent|responseTime|logid|remoteHostname)$/;

function readJson(line: string, dictionary: KeyDictionary): LineRecord {
  let parsed = parseJsonObject(line, product);
  // mod_log_config escapes bytes as \xNN, which JSON does not know.
  if (!parsed.ok) {
    const mended = parseJsonObject(mendJson(line), product);
    if (!mended.ok) return parsed;
    parsed = mended;
  }
  const record = recordOfFields(gatherFields(parsed.value, dictionary), 'json');
  if (record.status === undefined && record.method === undefined && record.target === undefined) {
    const message = 'The record has neither status nor request under a key that is known.';
    return refuse(product, '', message, 'Name the keys of your LogFormat in `fields`.');
  }
  return ok(record);
}

/** 408 and 400 of a connection that sent nothing, or nothing that is HTTP. */
function read(line: string, options: ApacheOptions, dictionary: KeyDictionary): LineRecord {
  const isJson = options.format === 'json' || (options.format === 'auto' && line.trimStart().startsWith('{'));
  const record = isJson ? readJson(line, dictionary) : readCombined(line, dictionary, style);
  if (record.ok && record.value?.method === undefined && record.value?.target === undefined) {
    const status = record.value?.status ?? 0;
    if (record.value !== undefined && (status === 400 || status === 408 || status === 414)) {
      record.value.outcome = 'failure';
      record.value.reason = 'invalid_request';
    }
  }
  return record;
}

const combinedForm = /^\S+ \S+ .{1,256} \[\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}\] "/;

/** `apache`: access logs (common, combined, with a virtual host, JSON). */
export const apacheFactory = accessSourceFactory<ApacheOptions>({
  product,
  variants: formats,
  options: optionsSchema,
  read,
  timeMend: 'Log %t, or %{%Y-%m-%dT%H:%M:%S%z}t in JSON, and name its key in `fields`.',
  recognise({ text, json }) {
    if (isObject(json)) {
      const keys = Object.keys(json).filter((key) => apacheKeys.test(key));
      return keys.length >= 2 ? { confidence: 0.5, reason: 'the JSON keys that Apache’s examples use' } : undefined;
    }
    return combinedForm.test(text.slice(0, 600))
      ? { confidence: 0.6, reason: 'a line of the common or combined log format' }
      : undefined;
  },
});
