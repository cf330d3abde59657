import { z } from 'zod';
import { accessMeanings, type KeyDictionary } from '../shared/access-fields.js';
import { type JsonStyle, readJsonAccess, requireRequest } from '../shared/access-json.js';
import { accessOptions, accessSourceFactory, timezoneOption, type LineRecord } from '../shared/access-source.js';
import { isObject, readText as readMember } from '../shared/json-reader.js';
import { readAcceptTime } from './accept-time.js';
import { readText } from './text.js';

const product = 'haproxy';
const formats = ['auto', 'text', 'json'] as const;

const optionsSchema = z.strictObject({
  format: z.enum(formats).default('auto').describe('`auto` tells text and JSON lines apart line by line.'),
  timezone: timezoneOption,
  request_captures: z
    .array(z.enum(accessMeanings))
    .max(32)
    .default([])
    .describe('What each `capture request header` means, in order.'),
  response_captures: z
    .array(z.enum(accessMeanings))
    .max(32)
    .default([])
    .describe('What each `capture response header` means, in order.'),
  ...accessOptions,
});
type HaproxyOptions = z.output<typeof optionsSchema>;

const json: JsonStyle = { product, setting: 'log-format', recordType: 'json' };

function readJson(line: string, options: HaproxyOptions, dictionary: KeyDictionary): LineRecord {
  // A syslog header may stand before the object.
  const read = readJsonAccess(line.slice(line.indexOf('{')), json, dictionary);
  if (!read.ok) return read;
  const { object, record } = read.value;
  if (Number.isNaN(record.timeMs)) {
    for (const key of ['accept_date', 'request_date', 'time', 'timestamp', 'date'] as const) {
      const text = readMember(object, key);
      if (text !== undefined && Number.isNaN(record.timeMs)) record.timeMs = readAcceptTime(text, options.timezone);
    }
  }
  return requireRequest(record, json);
}

const jsonAfterHeader = /^(?:[^{]{0,200} )?\{"/;

function read(line: string, options: HaproxyOptions, dictionary: KeyDictionary): LineRecord {
  const isJson = options.format === 'json' || (options.format === 'auto' && jsonAfterHeader.test(line.slice(0, 256)));
  return isJson ? readJson(line, options, dictionary) : readText(line, options);
}

const textForm = /\[\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2}\.\d{3}\] \S+ \S+\/\S+ [-+\d]+(?:\/[-+\d]+){2,4} /;

/** `frontend/bind: SSL handshake failure`. */
const errorForm = /\[\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2}\.\d{3}\] [^\s/]+\/[^\s:]+: [A-Z]/;

/** `haproxy`: httplog, httpslog, tcplog and JSON log-formats, with or without a syslog header. */
export const haproxyFactory = accessSourceFactory<HaproxyOptions>({
  product,
  variants: formats,
  options: optionsSchema,
  read,
  // Timers are in milliseconds.
  keys: { request_time: 'duration_ms', response_time: 'duration_ms' },
  timeMend: 'Log %[accept_date(ms)], %t or %Ts in JSON, and set `timezone` where the log carries no zone.',
  recognise({ text, json }) {
    if (isObject(json)) {
      const marks = ['frontend_name', 'backend_name', 'termination_state', 'accept_date', 'actconn', 'feconn'];
      const found = marks.filter((name) => readMember(json, name) !== undefined);
      return found.length >= 2
        ? { confidence: 0.9, reason: `the keys ${found.slice(0, 3).join(', ')} of HAProxy` }
        : undefined;
    }
    const head = text.slice(0, 2048);
    if (textForm.test(head))
      return { confidence: 1, reason: 'accept date, frontend, backend/server and timers of HAProxy' };
    return errorForm.test(head)
      ? { confidence: 0.9, reason: 'accept date, frontend/bind and an error of HAProxy' }
      : undefined;
  },
});
