import { z } from 'zod';
import { ok } from '../../core/result.js';
import { readCombined, type CombinedStyle } from '../shared/combined-line.js';
import type { KeyDictionary } from '../shared/access-fields.js';
import { accessOptions, accessSourceFactory, type LineRecord } from '../shared/access-source.js';
import type { AccessRecord } from '../shared/access-record.js';
import { isObject, parseJsonObject, readValue } from '../shared/json-reader.js';
import { refuse } from '../shared/refuse.js';
import { readTraefikJson } from './json.js';

const product = 'traefik';
const formats = ['auto', 'common', 'json'] as const;

const optionsSchema = z.strictObject({
  format: z.enum(formats).default('auto').describe('`auto` tells CLF and JSON lines apart line by line.'),
  ...accessOptions,
});
type TraefikOptions = z.output<typeof optionsSchema>;

const tailForm = /^ (\d{1,19}|-) "([^"]{0,512})" "([^"]{0,1024})" (\d{1,12})ms\s*$/;

/** What Traefik adds to CLF: `count "router" "server URL" 12ms`. */
function readTail(tail: string, record: AccessRecord): boolean {
  const parts = tailForm.exec(tail);
  if (parts === null) return false;
  const [, , router = '', server = '', ms = ''] = parts;
  if (router !== '' && router !== '-') {
    record.routeName = router;
    // Nested routers are written from the root to the leaf.
    record.targetService ??= (router.split(' -> ').at(-1) ?? router).replace(/@[a-z]+$/, '');
  }
  if (server !== '' && server !== '-') record.upstreamHost = server;
  record.durationMs = Number(ms);
  return true;
}

const style: CombinedStyle = {
  product,
  mend: 'Check accessLog: `format` must be common or json.',
  bareDash: true,
  readTail,
};

/** Plug-ins and the server's own log share standard output with the access log. */
const serverLine =
  /^(?:time="|(?:TRACE|DEBUG|INFO|WARN|ERROR): |\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) [A-Z]{3} |\{"level":"[a-z]+",(?!.*"RequestMethod"))/;

function read(line: string, options: TraefikOptions, dictionary: KeyDictionary): LineRecord {
  const isJson = options.format === 'json' || (options.format === 'auto' && line.trimStart().startsWith('{'));
  if (!isJson) {
    return serverLine.test(line.slice(0, 2048)) ? ok(undefined) : readCombined(line, dictionary, style);
  }
  const parsed = parseJsonObject(line, product);
  if (!parsed.ok) return parsed;
  const record = readTraefikJson(parsed.value, dictionary);
  if (record !== undefined) return ok(record);
  if (readValue(parsed.value, 'level') !== undefined && readValue(parsed.value, 'RequestPath') === undefined)
    return ok(undefined);
  const message = 'The record has neither DownstreamStatus nor RequestMethod.';
  return refuse(product, '/DownstreamStatus', message, 'Keep these fields in accessLog.fields.');
}

/** `traefik`: access logs of versions 1 to 3, CLF and JSON. */
export const traefikFactory = accessSourceFactory<TraefikOptions>({
  product,
  variants: formats,
  options: optionsSchema,
  read,
  timeMend: 'Keep StartUTC or time in accessLog.fields.',
  recognise({ text, json }) {
    if (isObject(json)) {
      const marks = [
        'RequestMethod',
        'DownstreamStatus',
        'ClientHost',
        'ClientAddr',
        'RouterName',
        'FrontendName',
        'StartUTC',
      ];
      const found = marks.filter((name) => readValue(json, name) !== undefined);
      return found.length >= 2
        ? { confidence: 1, reason: `the fields ${found.slice(0, 3).join(', ')} of Traefik` }
        : undefined;
    }
    return / \d+ "[^"]{0,512}" "[^"]{0,1024}" \d+ms\s*$/.test(text.slice(-2048)) && text.includes('] "')
      ? { confidence: 0.9, reason: 'the common log format with Traefik’s tail: count, router, server, milliseconds' }
      : undefined;
  },
});
