import type { Result } from '../../core/result.js';
import { err, ok } from '../../core/result.js';
import { readIsoTime, saneTime } from '../shared/facts.js';
import {
  digText,
  isObject,
  type JsonObject,
  parseJson,
  readNumber,
  readObject,
  readText,
  readValue,
} from '../shared/json-reader.js';
import { refuse } from '../shared/refuse.js';
import type { ParseError } from '../source.js';
import { readKeyValues } from './key-values.js';
import { readLocalTime } from '../shared/local-time.js';

/** One Keycloak event in whatever form it came: its time and its fields by Keycloak's own names. */
export interface KeycloakRecord {
  readonly timeMs: number;
  readonly values: ReadonlyMap<string, string>;
  /** The id that Keycloak gave the event, where it gave one. */
  readonly id?: string;
}

type Records = Result<readonly KeycloakRecord[], ParseError>;

const product = 'keycloak';
const maxLineChars = 256 * 1024;
/** More than the head of any log line needs; the search for the logger never runs into hostile values. */
const headChars = 512;
const maxListLength = 10_000;

/** `org.keycloak.events` and what `%c{…}` patterns and short-name layouts make of it. */
const eventsLogger = /^(?:o|org)\.k[a-z]{0,15}\.(?:e|ev|events)$/;
const loggerForm = /[[\s]((?:o|org)\.k[a-z]{0,15}\.(?:e|ev|events))[\]\s]/;
const listForm = /(?:^|[\s)\]:-])(\\?"?(?:type|operationType)=)/;

/** Reads one raw record: a log line, a JSON log envelope, an Event or AdminEvent object, or a list of those. */
export function readRecords(raw: string, timezone: string): Records {
  const text = raw.trim();
  const first = text[0];
  if (first !== '{' && first !== '[') return readLine(text, timezone, undefined);
  // A WildFly pattern may begin with the logger or level in brackets; only `[` and JSON's next characters open a list.
  if (first === '[' && !/^\[\s*(?:[{\]"]|$)/.test(text.slice(0, 64))) return readLine(text, timezone, undefined);
  const json = parseJson(text, product);
  if (!json.ok) return json;
  if (!Array.isArray(json.value)) return readMember(json.value, timezone, 0);
  const list = json.value as readonly unknown[];
  if (list.length > maxListLength) {
    return refuse(
      product,
      '',
      `the list has ${list.length} events, more than ${maxListLength}`,
      'Ask for smaller pages.',
    );
  }
  const records: KeycloakRecord[] = [];
  for (const [index, member] of list.entries()) {
    const read = readMember(member, timezone, 0);
    if (!read.ok) return err({ ...read.error, field: `/${index}${read.error.field}` });
    records.push(...read.value);
  }
  return ok(records);
}

/** @param envelopeMs time of the JSON envelope around the message, which then needs none of its own. */
function readLine(text: string, timezone: string, envelopeMs: number | undefined): Records {
  const head = text.slice(0, headChars);
  const logger = loggerForm.exec(head);
  let from = 0;
  if (logger !== null) from = logger.index + logger[0].length - 1;
  else if (envelopeMs === undefined && !/^\\?"?(?:type|operationType)=/.test(head)) return ok([]);
  const list = listForm.exec(text.slice(from, from + headChars));
  if (list === null) {
    if (logger === null) return ok([]);
    return refuse(
      product,
      'message',
      'the line ends before type= or operationType=',
      'Send whole log lines.',
      text.length,
    );
  }
  if (text.length > maxLineChars) {
    return refuse(
      product,
      '',
      `the line has ${text.length} characters, more than ${maxLineChars}`,
      'Send one event a line.',
    );
  }
  const start = from + list.index + list[0].length - (list[1]?.length ?? 0);
  const timeMs = envelopeMs ?? readLocalTime(text.slice(0, start), timezone);
  if (timeMs === undefined) {
    return refuse(
      product,
      'time',
      'the line has no date and time',
      'Use a log format with %d{yyyy-MM-dd HH:mm:ss,SSS}, or JSON logging.',
      0,
    );
  }
  const read = readKeyValues(text.slice(start));
  if ('fault' in read) {
    const where = start + read.fault.position;
    return refuse(product, read.fault.field, 'the key=value list breaks off here', 'Send whole log lines.', where);
  }
  return ok([{ timeMs, values: read.values }]);
}

const timeNames = ['timestamp', '@timestamp', 'time', 'ts', 'instant'] as const;

function timeOf(object: JsonObject): number | undefined {
  for (const name of timeNames) {
    const value = readValue(object, name);
    const ms =
      typeof value === 'string' && value.includes('-') ? readIsoTime(value) : saneTime(readNumber(object, name));
    if (ms !== undefined) return ms;
  }
  return undefined;
}

function loggerOf(object: JsonObject): string | undefined {
  return (
    readText(object, 'loggerName') ??
    readText(object, 'logger') ??
    readText(object, 'logger_name') ??
    readText(object, 'log.logger') ??
    digText(object, 'log', 'logger')
  );
}

function readMember(value: unknown, timezone: string, depth: number): Records {
  if (!isObject(value)) {
    return refuse(product, '', 'the record is no JSON object', 'Send Event objects, AdminEvent objects or log lines.');
  }
  if (readText(value, 'operationType') !== undefined || readText(value, 'type') !== undefined) return readEvent(value);
  const message = readText(value, 'message') ?? readText(value, 'msg');
  if (message === undefined) {
    // Docker's envelope: the line stands in `log`, and the envelope's time is the forwarder's.
    const line = readText(value, 'log');
    if (line !== undefined) return readLine(line.trim(), timezone, undefined);
    return refuse(
      product,
      '',
      'the object has no type, operationType or message',
      'Send Event objects, AdminEvent objects or log lines.',
    );
  }
  const logger = loggerOf(value);
  if (logger !== undefined && !eventsLogger.test(logger)) return ok([]);
  const text = message.trim();
  if (text.startsWith('{') && depth === 0) {
    const inner = parseJson(text, product);
    return inner.ok ? readMember(inner.value, timezone, 1) : err({ ...inner.error, field: '/message' });
  }
  if (!/^\\?"?(?:type|operationType)=/.test(text)) {
    if (logger === undefined) return readLine(text, timezone, undefined);
    return refuse(
      product,
      '/message',
      'the message does not begin with type= or operationType=',
      'Send whole messages.',
    );
  }
  const timeMs = timeOf(value);
  if (timeMs === undefined) {
    return refuse(product, '/timestamp', 'the envelope has no readable time', 'Keep the timestamp of JSON logging.');
  }
  const read = readLine(text, timezone, timeMs);
  return read.ok ? read : err({ ...read.error, field: `/message#${read.error.field}` });
}

const eventFields = [
  'type', 'operationType', 'realmId', 'realmName', 'clientId', 'userId', 'sessionId', 'ipAddress', 'resourceType',
  'resourcePath', 'error',
] as const; // prettier-ignore

/** Event and AdminEvent as the Admin API returns them; the administrator's own facts stand in authDetails. */
function readEvent(event: JsonObject): Records {
  const timeMs = timeOf(event);
  if (timeMs === undefined) {
    return refuse(product, '/time', 'the event has no readable time', 'Keep `time`, milliseconds since 1970.');
  }
  const values = new Map<string, string>();
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== 'null' && !values.has(name)) values.set(name, value);
  };
  for (const name of eventFields) put(name, readText(event, name));
  const auth = readObject(event, 'authDetails') ?? {};
  for (const name of ['clientId', 'userId', 'ipAddress'] as const) put(name, readText(auth, name));
  put('authRealmId', readText(auth, 'realmId'));
  put('authRealmName', readText(auth, 'realmName'));
  const details = readObject(event, 'details');
  if (details !== undefined) {
    for (const name of Object.keys(details)) {
      if (values.size >= 128) break;
      put(name.slice(0, 64), readText(details, name));
    }
  }
  const id = readText(event, 'id');
  return ok([{ timeMs, values, ...(id === undefined ? {} : { id }) }]);
}
