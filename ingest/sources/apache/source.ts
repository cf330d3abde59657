import { z } from 'zod';
import { type JsonStyle, readJsonAccess, requireRequest } from '../shared/access-json.js';
import { accessOptions, accessSourceFactory, type LineRecord } from '../shared/access-source.js';
import type { KeyDictionary } from '../shared/access-fields.js';
import { isObject } from '../shared/json-reader.js';
import { readCombined, type CombinedStyle } from '../shared/combined-line.js';
import { withoutSyslogHeader } from '../shared/syslog-header.js';

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

const json: JsonStyle = { product, setting: 'LogFormat', recordType: 'json', isMended: true };

function readJson(line: string, dictionary: KeyDictionary): LineRecord {
  const read = readJsonAccess(line, json, dictionary);
  return read.ok ? requireRequest(read.value.record, json) : read;
}

/** 408 and 400 of a connection that sent nothing, or nothing that is HTTP. */
function read(whole: string, options: ApacheOptions, dictionary: KeyDictionary): LineRecord {
  const line = withoutSyslogHeader(whole);
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

const apachePrograms = /^(?:httpd|apache2?)$/;

/** `apache`: access logs (common, combined, with a virtual host, JSON). */
export const apacheFactory = accessSourceFactory<ApacheOptions>({
  product,
  variants: formats,
  options: optionsSchema,
  read,
  timeMend: 'Log %t, or %{%Y-%m-%dT%H:%M:%S%z}t in JSON, and name its key in `fields`.',
  recognise({ text, json, program }) {
    if (isObject(json)) {
      const keys = Object.keys(json).filter((key) => apacheKeys.test(key));
      return keys.length >= 2 ? { confidence: 0.5, reason: 'the JSON keys that Apache’s examples use' } : undefined;
    }
    if (!combinedForm.test(text.slice(0, 600))) return undefined;
    return program !== undefined && apachePrograms.test(program)
      ? { confidence: 0.9, reason: `an access log line behind a syslog header of ${program}` }
      : { confidence: 0.6, reason: 'a line of the common or combined log format' };
  },
});
