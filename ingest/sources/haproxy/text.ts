import { ok } from '../../core/result.js';
import type { AccessMeaning } from '../shared/access-fields.js';
import { newAccessRecord, readRequestLine, setField, type AccessRecord } from '../shared/access-record.js';
import type { LineRecord } from '../shared/access-source.js';
import { parseClientAddress } from '../shared/client-address.js';
import { refuse } from '../shared/refuse.js';
import { readAcceptTime } from './accept-time.js';
import { unescapeHash } from './escape.js';

const product = 'haproxy';
const mend = 'Use `option httplog`, `httpslog` or `tcplog`, or a JSON log-format whose keys `fields` names.';

export interface TextOptions {
  readonly timezone: string;
  readonly request_captures: readonly AccessMeaning[];
  readonly response_captures: readonly AccessMeaning[];
}

/** Where the accept date's bracket stands; what is before it is a syslog header and the client. */
const dateForm = /^\[\d{2}\/[A-Z][a-z]{2}\/\d{4}:/;

function bracketOf(line: string): number {
  for (let at = line.indexOf('['); at >= 0; at = line.indexOf('[', at + 1)) {
    if (dateForm.test(line.slice(at, at + 13))) return at;
  }
  return -1;
}

const isPresent = (text: string | undefined): text is string =>
  text !== undefined && text !== '' && text !== '-' && text !== '<NOSRV>';

/** `a|b|c` between braces, one for each `capture` of the frontend; the meanings come from the options. */
function readCaptures(text: string, meanings: readonly AccessMeaning[], record: AccessRecord): void {
  const values = text.split('|', 32);
  for (const [index, meaning] of meanings.entries()) {
    const value = values[index];
    setField(record, meaning, unescapeHash(value ?? ''));
  }
}

/** A number with an optional `+` (the request was still running); -1 is none. */
function count(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bare = text.charCodeAt(0) === 0x2b ? text.slice(1) : text;
  return /^\d{1,15}$/.test(bare) ? Number(bare) : undefined;
}

function readBackend(frontend: string, server: string | undefined, record: AccessRecord): void {
  const extra: [string, string][] = [['frontend', frontend.replace(/~$/, '')]];
  if (frontend.endsWith('~')) record.transport ??= 'tls';
  const slash = server?.lastIndexOf('/') ?? -1;
  if (server !== undefined && slash > 0) {
    const backend = server.slice(0, slash);
    record.targetService = backend;
    record.upstreamCluster = backend;
    const host = server.slice(slash + 1);
    if (isPresent(host)) record.upstreamHost = host;
  }
  record.extra = extra;
}

/** `fc_err/ssl_fc_err/ssl_c_err/ssl_c_ca_err/resumed sni/version/cipher`, what httpslog adds. */
function readTls(tail: string, record: AccessRecord): void {
  const parts = /^ (-?\d+)\/([0-9A-Fa-fx-]+)\/(-?\d+)\/(-?\d+)\/([01-]) ([^ /]*)\/([^ /]*)\/([^ ]*)/.exec(
    tail.slice(0, 2048),
  );
  if (parts === null) return;
  const [, , , verifyError = '0', , , sni, version] = parts;
  if (isPresent(version)) record.transport = 'tls';
  if (isPresent(sni)) record.authority ??= sni;
  if (verifyError !== '0' && verifyError !== '-') record.extra?.push(['client_certificate_error', verifyError]);
}

/** From the status on: what `option httplog` writes. `at` is the index of the first word after the timers. */
function readHttp(
  words: readonly string[],
  line: string,
  from: number,
  options: TextOptions,
  record: AccessRecord,
): LineRecord {
  const [, , , status, bytes, , , termination] = words;
  const code = count(status);
  if (code !== undefined && code >= 100 && code <= 999) record.status = code;
  else if (status !== '-1') return refuse(product, 'status', 'The status is no number.', mend, from);
  const sent = count(bytes);
  if (sent !== undefined) record.responseBytes = sent;
  if (isPresent(termination)) record.responseFlags = termination;
  let at = from;
  for (const meanings of [options.request_captures, options.response_captures]) {
    if (line.charCodeAt(at) !== 0x7b) break;
    const close = line.indexOf('}', at);
    if (close < 0) return refuse(product, 'captures', 'A capture block has no closing brace.', mend, at);
    // One block alone holds the request's captures, if the options name any.
    const isOnly = line.charCodeAt(close + 2) !== 0x7b;
    const own = meanings.length === 0 && isOnly ? options.response_captures : meanings;
    readCaptures(line.slice(at + 1, close), own, record);
    at = close + 2;
  }
  if (line.charCodeAt(at) !== 0x22) return refuse(product, 'request', 'The line ends before the request.', mend, at);
  const close = line.indexOf('"', at + 1);
  const request = unescapeHash(line.slice(at + 1, close < 0 ? line.length : close));
  if (request === '<BADREQ>') {
    record.outcome = 'failure';
    record.reason = 'invalid_request';
  } else readRequestLine(request, record);
  if (close > 0) readTls(line.slice(close + 1), record);
  return ok(record);
}

/** What HAProxy says of itself, its servers and its certificates. */
const notice =
  /\bConnect from \S+ to \S+|\b(?:[Pp]roxy|[Ss]erver|[Bb]ackend) \S+ (?:started|stopped|is (?:UP|DOWN|going)|has no server)|\b(?:Health check for|Stopping (?:proxy|frontend|backend|GLOBAL)|Pausing (?:proxy|frontend|backend)) |: \[(?:NOTICE|WARNING|ALERT)\] |<OCSP-UPDATE> /;

/** `Connect from …` and notices carry no result; a failed handshake does. */
function readNotice(record: AccessRecord, frontend: string, rest: string): LineRecord {
  if (!/SSL|TLS|handshake|certificate/i.test(rest.slice(0, 256))) {
    return refuse(product, 'server', 'The line is no httplog, httpslog or tcplog line.', mend);
  }
  record.recordType = 'tls_error';
  record.outcome = 'failure';
  record.reason = /\bSSL client (?:certificate|CA chain)\b/.test(rest.slice(0, 256))
    ? 'invalid_client'
    : 'client_error';
  record.reasonDetail = rest.trim();
  record.extra = [['frontend', frontend.replace(/:$/, '')]];
  return ok(record);
}

/** One line of `option httplog`, `httpslog` or `tcplog`, with or without a syslog header. Linear. */
export function readText(line: string, options: TextOptions): LineRecord {
  const bracket = bracketOf(line);
  if (bracket < 0) {
    if (notice.test(line.slice(0, 1024))) return ok(undefined);
    return refuse(product, 'accept_date', 'No `[accept date]` was found in the line.', mend);
  }
  const close = line.indexOf(']', bracket);
  if (close < 0) return refuse(product, 'accept_date', 'The accept date has no closing bracket.', mend, bracket);
  const record = newAccessRecord('http');
  record.timeMs = readAcceptTime(line.slice(bracket + 1, close), options.timezone);
  const head = line.slice(0, bracket).trimEnd();
  const client = parseClientAddress(head.slice(head.lastIndexOf(' ') + 1));
  if (client !== undefined) record.client = client;

  // frontend backend/server timers …: eight words up to the queues, then captures and request.
  let at = close + 2;
  const words: string[] = [];
  while (words.length < 10 && at < line.length) {
    const end = line.indexOf(' ', at);
    const word = end < 0 ? line.slice(at) : line.slice(at, end);
    if (word.startsWith('{') || word.startsWith('"')) break;
    words.push(word);
    at = end < 0 ? line.length : end + 1;
  }
  const [frontend = '', server, timers] = words;
  // HAProxy's own request for the revocation of a certificate.
  if (frontend === '<OCSP-UPDATE>') return ok(undefined);
  if (server?.includes('/') !== true || timers === undefined || !/^[-+\d]+(?:\/[-+\d]+){2,4}$/.test(timers)) {
    return readNotice(record, frontend, line.slice(close + 2 + frontend.length));
  }
  readBackend(frontend, server, record);
  const times = timers.split('/');
  const total = count(times[times.length - 1]);
  if (total !== undefined) record.durationMs = total;
  if (times.length >= 5) return readHttp(words, line, at, options, record);
  record.recordType = 'tcp';
  const sent = count(words[3]);
  if (sent !== undefined) record.responseBytes = sent;
  if (isPresent(words[4])) record.responseFlags = words[4];
  return ok(record);
}
