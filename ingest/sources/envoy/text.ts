import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { ParseError } from '../source.js';
import { newAccessRecord, readRequestLine, type AccessRecord } from '../shared/access-record.js';
import { parseAccessTime } from '../shared/access-time.js';
import { parseClientAddress } from '../shared/client-address.js';
import { refuse } from '../shared/refuse.js';

const MEND = "Use Envoy's default text format or Istio's, or log JSON and name its keys in `fields`.";
const isPresent = (text: string | undefined): text is string => text !== undefined && text !== '' && text !== '-';

/** Longest `[time]` looked at; START_TIME may have up to nine decimals. */
const TIME_MAX = 40;

/** Where the `[` of `[2024-01-02T03:04:05.678Z] "` stands; what is before it was put there by a log shipper. */
function timeBracket(line: string): number {
  for (let at = line.indexOf('['); at >= 0; at = line.indexOf('[', at + 1)) {
    if (line.charCodeAt(at + 5) === 0x2d && line.charCodeAt(at + 11) === 0x54) return at;
  }
  return -1;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** The quote that closes a text that Envoy did not escape: one that a space and a number (or `-`) follow. */
function quoteBeforeNumber(line: string, from: number): number {
  for (let at = line.indexOf('" ', from); at >= 0; at = line.indexOf('" ', at + 1)) {
    const c = line.charCodeAt(at + 2);
    if (isDigit(c)) return at;
  }
  return -1;
}

function number(word: string | undefined): number | undefined {
  if (word === undefined || !/^\d{1,15}$/.test(word)) return undefined;
  return Number(word);
}

/** A word up to the next space; braces and brackets may hold spaces (older Envoy). */
function detailsEnd(line: string, from: number): number {
  const space = line.indexOf(' ', from);
  const brace = line.indexOf('{', from);
  if (brace < 0 || space < 0 || brace > space) return space;
  const close = line.indexOf('}', brace);
  return close < 0 ? space : line.indexOf(' ', close);
}

/**
 * Istio's middle, `details termination "transport failure" `, or the `"mixer" "transport failure" ` of its old
 * versions; returns where the numbers begin, or -1.
 */
function readMiddle(line: string, from: number, record: AccessRecord): number {
  if (isDigit(line.charCodeAt(from))) return from;
  let at = from;
  if (line.charCodeAt(at) !== 0x22) {
    const end = detailsEnd(line, at);
    if (end < 0) return -1;
    const details = line.slice(at, end);
    if (isPresent(details)) record.responseDetails = details;
    at = end + 1;
    const quote = line.indexOf('"', at);
    if (quote < 0) return -1;
    const termination = line.slice(at, quote).trim();
    if (isPresent(termination)) record.upstreamFailure = termination;
    at = quote;
  }
  const close = quoteBeforeNumber(line, at);
  if (close < 0) return -1;
  const inner = line.slice(at + 1, close).split('" "', 3);
  const failure = inner[inner.length - 1];
  if (isPresent(failure)) record.upstreamFailure = failure;
  return close + 2;
}

/** Istio's tail: cluster, upstream's local, downstream's local and remote address, SNI, route name. */
function readTail(tail: string, record: AccessRecord): void {
  const words = tail.trim().split(' ');
  const [cluster, , , remote, sni] = words;
  if (isPresent(cluster)) record.upstreamCluster = cluster;
  if (words.length < 4) return;
  const client = isPresent(remote) ? parseClientAddress(remote) : undefined;
  if (client !== undefined) record.client = client;
  if (isPresent(sni)) {
    record.serverName = sni;
    if (record.authority === undefined && !sni.startsWith('outbound_')) record.authority = sni;
    // A server name was asked for in a TLS hello, so the downstream side was encrypted.
    record.transport ??= 'tls';
  }
  const route = words.slice(5).join(' ');
  if (isPresent(route)) record.routeName = route;
}

/** One line of Envoy's default text format or of Istio's, HTTP or TCP. Linear in the line's length. */
export function readText(line: string): Result<AccessRecord, ParseError> {
  const bracket = timeBracket(line);
  const close = bracket < 0 ? -1 : line.indexOf('] "', bracket);
  if (close < 0 || close - bracket > TIME_MAX) {
    return refuse('envoy', 'START_TIME', 'No `[time] "request"` was found in the line.', MEND);
  }
  const record = newAccessRecord('http_text');
  record.timeMs = parseAccessTime(line.slice(bracket + 1, close));
  // A path may hold quotes but no spaces, so the first quote before a number ends the request.
  const requestEnd = quoteBeforeNumber(line, close + 3);
  if (requestEnd < 0) return refuse('envoy', 'request', 'No status follows the request.', MEND, close + 2);
  const request = line.slice(close + 3, requestEnd);
  if (request.startsWith('- ')) record.recordType = 'tcp';
  else if (!readRequestLine(request, record)) {
    return refuse('envoy', 'request', 'The request is not `METHOD path protocol`.', MEND, close + 2);
  }
  const statusEnd = line.indexOf(' ', requestEnd + 2);
  const flagsEnd = statusEnd < 0 ? -1 : line.indexOf(' ', statusEnd + 1);
  const status = statusEnd < 0 ? undefined : number(line.slice(requestEnd + 2, statusEnd));
  if (flagsEnd < 0 || status === undefined || status > 999) {
    return refuse('envoy', 'RESPONSE_CODE', 'Status and flags were not found.', MEND, requestEnd + 2);
  }
  record.status = status;
  const flags = line.slice(statusEnd + 1, flagsEnd);
  if (isPresent(flags)) record.responseFlags = flags;
  const numbers = readMiddle(line, flagsEnd + 1, record);
  const quoted = numbers < 0 ? -1 : line.indexOf(' "', numbers);
  if (quoted < 0) return refuse('envoy', 'BYTES_RECEIVED', 'Sizes and duration were not found.', MEND, flagsEnd + 1);
  const [received, sent, duration] = line.slice(numbers, quoted).split(' ', 4).map(number);
  if (received !== undefined) record.requestBytes = received;
  if (sent !== undefined) record.responseBytes = sent;
  if (duration !== undefined) record.durationMs = duration;

  // Envoy does not escape quotes. The user agent is the part that may hold some, so ends are read from both sides.
  const last = line.lastIndexOf('"');
  const parts = line.slice(quoted + 2, last).split('" "');
  if (last <= quoted + 1 || parts.length < 5) {
    return refuse('envoy', 'UPSTREAM_HOST', 'The line ends before the upstream host.', MEND, quoted + 1);
  }
  const [forwarded] = parts;
  const [requestId, authority, upstream] = parts.slice(-3);
  const agent = parts.slice(1, -3).join('" "');
  if (isPresent(forwarded)) record.forwarded = forwarded;
  if (isPresent(agent)) record.userAgent = agent;
  if (isPresent(requestId)) record.requestId = requestId;
  if (isPresent(authority)) record.authority = authority;
  if (isPresent(upstream)) record.upstreamHost = upstream;
  readTail(line.slice(last + 1), record);
  return ok(record);
}
