import { isIP } from 'node:net';
import type { ParseError } from '../source.js';
import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import type { KeyDictionary } from './access-fields.js';
import { newAccessRecord, readRequestLine, setField, type AccessRecord } from './access-record.js';
import { isClfTimeAt, parseClfTime } from './access-time.js';
import { parseClientAddress } from './client-address.js';
import { refuse } from './refuse.js';
import { unescapeText } from './log-escape.js';

const QUOTE = 0x22;
const SPACE = 0x20;

/** What a product writes differently from NGINX's `combined`. */
export interface CombinedStyle {
  readonly product: string;
  readonly mend: string;
  /** Absent values of the quoted fields stand as a bare `-`. */
  readonly bareDash?: boolean;
  /** Reads what follows the user agent; false leaves it to the reader of `combined`. */
  readonly readTail?: (tail: string, record: AccessRecord) => boolean;
}

const nginxStyle: CombinedStyle = {
  product: 'nginx',
  mend: "Check the log_format: it must begin as NGINX's `combined` does.",
};

/** Index of the quote that closes a text begun before `from`; -1 if there is none. NGINX escapes quotes inside. */
function closingQuote(line: string, from: number): number {
  let at = line.indexOf('"', from);
  while (at > from && line.charCodeAt(at - 1) === 0x5c) {
    let slashes = 1;
    while (at - 1 - slashes >= from && line.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) break;
    at = line.indexOf('"', at + 1);
  }
  return at;
}

/**
 * Where the time's `[` stands. User names may hold brackets and even a time, but no quote (NGINX escapes it), so the
 * bracket that counts is the first one that a quoted request follows.
 */
function timeBracket(line: string): number {
  for (let at = line.indexOf('['); at >= 0; at = line.indexOf('[', at + 1)) {
    if (isClfTimeAt(line, at + 1) && line.charCodeAt(at + 27) === 0x5d && line.charCodeAt(at + 29) === QUOTE) return at;
  }
  return -1;
}

const isPresent = (text: string): boolean => text !== '' && text !== '-';

/** `client:port vhost:port`: some put the virtual host behind the client. A vhost that is an address has no host behind it. */
function readPeerBeforeHost(first: string, second: string, record: AccessRecord): boolean {
  const client = parseClientAddress(first);
  const host = parseClientAddress(second);
  if (client?.port === undefined || host?.port === undefined) return false;
  if (isIP(client.address) === 0 || isIP(host.address) !== 0) return false;
  record.client = client;
  record.authority = second;
  return true;
}

/** `[vhost] client[, client…]` or `"forwarded" client` before the ` - `. */
function readPeers(text: string, record: AccessRecord): void {
  let rest = text;
  if (rest.charCodeAt(0) === QUOTE) {
    const close = closingQuote(rest, 1);
    if (close > 0) {
      const forwarded = unescapeText(rest.slice(1, close));
      if (isPresent(forwarded)) record.forwarded = forwarded;
      rest = rest.slice(close + 1).trim();
    }
  }
  const client = rest.includes(' ') || rest.includes(',') ? undefined : parseClientAddress(rest);
  if (client !== undefined) {
    record.client = client;
    return;
  }
  let list = rest;
  const space = rest.indexOf(' ');
  if (space > 0 && readPeerBeforeHost(rest.slice(0, space), rest.slice(space + 1), record)) return;
  if (space > 0 && rest.charCodeAt(space - 1) !== 0x2c && rest.charCodeAt(space + 1) !== 0x2c) {
    const vhost = rest.slice(0, space);
    list = rest.slice(space + 1).trim();
    if (isPresent(vhost)) record.authority = vhost;
  }
  if (list.includes(',')) record.forwarded ??= list;
  else {
    const only = parseClientAddress(list.slice(list.lastIndexOf(' ') + 1));
    if (only !== undefined) record.client = only;
  }
}

/** The user after ` - `; the Kubernetes ingress once wrote `[real ip] - ` before it. */
function readUser(text: string, record: AccessRecord): void {
  let user = text;
  if (user.charCodeAt(0) === 0x5b) {
    const close = user.indexOf(']');
    const after = close < 0 ? '' : user.slice(close + 1);
    const list = close < 0 ? '' : user.slice(1, close);
    if (after.startsWith(' - ') || after === ' -') {
      const real = parseClientAddress(list);
      if (real !== undefined) record.client = real;
      else if (list.includes(',')) record.forwarded ??= list;
      user = after.slice(3);
    }
  }
  // `$request_id` stands before the user in some formats; as part of the name it would make a user of each request.
  const own = requestIdForm.exec(user);
  if (own !== null) {
    record.requestId = own[1] ?? '';
    user = own[2] ?? '';
  }
  if (isPresent(user)) record.user = unescapeText(user);
}

const requestIdForm = /^([0-9a-f]{32}) (?:- )?(.*)$/;

function readHead(line: string, end: number, record: AccessRecord): void {
  let from = 0;
  if (line.charCodeAt(0) === QUOTE) from = Math.max(0, closingQuote(line, 1));
  const dash = line.indexOf(' - ', from);
  if (dash < 0 || dash >= end) {
    const head = line.slice(0, end).trim();
    const words = head.split(' ', 5);
    // `[vhost] client ident user`, where identd answered.
    const hasIdent = from === 0 && (words.length === 3 || words.length === 4) && !head.includes(',');
    readPeers(hasIdent ? words.slice(0, -2).join(' ') : head, record);
    if (hasIdent) readUser(words[words.length - 1] ?? '', record);
    return;
  }
  const peers = line.slice(0, dash);
  const user = line.slice(dash + 3, end).trim();
  // The dash may be the user's, behind the word of identd.
  const ident = from === 0 && user === '' && !peers.includes(',') ? peers.lastIndexOf(' ') : -1;
  readPeers(ident > 0 ? peers.slice(0, ident) : peers, record);
  readUser(user, record);
}

/** Reads digits at `from`; the index after them is kept in `after`. -1 for none (`-`). */
let after = 0;
function readDigits(line: string, from: number): number {
  let value = 0;
  let at = from;
  for (; at < line.length; at++) {
    const d = line.charCodeAt(at) - 48;
    if (d < 0 || d > 9) break;
    value = value * 10 + d;
  }
  after = at;
  if (at > from) return value;
  if (line.charCodeAt(at) === 0x2d) after = at + 1;
  return -1;
}

const numbersForm = /^(?: \d{1,15}){1,2}(?= ")/;

const ingressTail = /^ (\d{1,15}) (\d{1,9}\.\d{1,6}) \[([^\]]{0,512})\](?: \[([^\]]{0,512})\])? /;

/** What the Kubernetes ingress adds: `length time [upstream] [alternative] addresses lengths times statuses id`. */
function readIngressTail(tail: string, record: AccessRecord): boolean {
  const head = ingressTail.exec(tail);
  if (head === null) return false;
  record.requestBytes = Number(head[1]);
  record.durationMs = Math.round(Number(head[2]) * 1e6) / 1000;
  const upstream = head[4] !== undefined && head[4] !== '' && head[4] !== '-' ? head[4] : (head[3] ?? '');
  if (isPresent(upstream)) {
    record.upstreamCluster = upstream;
    record.targetService = upstream.replace(/-\d{1,5}$/, '');
  }
  // `, ` joins the tries of one request, ` : ` an internal redirect; both belong to the same column.
  const columns = tail
    .slice(head[0].length)
    .trim()
    .replace(/ ?[,:] /g, ',')
    .split(' ', 6);
  const last = (text: string | undefined): string | undefined => text?.slice(text.lastIndexOf(',') + 1);
  const host = last(columns[0]);
  if (host !== undefined && isPresent(host)) record.upstreamHost = host;
  const id = columns[4];
  if (id !== undefined && isPresent(id)) record.requestId = id;
  return true;
}

/** `name=value` and `name="value"` pairs that operators append; what is unknown is passed over. */
function readPairs(tail: string, record: AccessRecord, dictionary: KeyDictionary): void {
  let at = 0;
  for (let pairs = 0; pairs < 64; pairs++) {
    const equals = tail.indexOf('=', at);
    if (equals < 0) return;
    const start = nameStart(tail, at, equals);
    const isQuoted = tail.charCodeAt(equals + 1) === QUOTE;
    const from = isQuoted ? equals + 2 : equals + 1;
    let end = isQuoted ? closingQuote(tail, from) : tail.indexOf(' ', from);
    if (end < 0) end = tail.length;
    const meaning = dictionary.meaningOf(tail.slice(start, equals))?.meaning;
    if (meaning !== undefined) setField(record, meaning, unescapeText(tail.slice(from, end)));
    at = end + 1;
  }
}

/** Where the word begins that ends at `to`, from `from` on; neither a space nor a quote is of it. */
function nameStart(text: string, from: number, to: number): number {
  let start = to;
  for (; start > from; start--) {
    const before = text.charCodeAt(start - 1);
    if (before === SPACE || before === QUOTE) break;
  }
  return start;
}

const forwardedForm = /^[0-9a-fA-F:.,[\] ]+$/;

function readTail(line: string, from: number, record: AccessRecord, dictionary: KeyDictionary): void {
  if (from >= line.length) return;
  let tail = line.slice(from);
  if (tail.startsWith(' "')) {
    const close = closingQuote(tail, 2);
    const text = close < 0 ? '' : tail.slice(2, close);
    if (text === '-' || forwardedForm.test(text)) {
      if (isPresent(text)) record.forwarded ??= text;
      tail = tail.slice(close + 1);
    }
  }
  if (tail.length > 1 && !readIngressTail(tail, record) && tail.includes('=')) readPairs(tail, record, dictionary);
}

/**
 * One line of NGINX's `combined` format, of what its users put before it (virtual host, address lists, quoted
 * X-Forwarded-For), of the Kubernetes ingress format, and with `name=value` pairs or junk after it. Linear in the
 * line's length.
 */
export function readCombined(
  line: string,
  dictionary: KeyDictionary,
  style: CombinedStyle = nginxStyle,
): Result<AccessRecord, ParseError> {
  const { product, mend } = style;
  const bracket = timeBracket(line);
  if (bracket < 0) return refuse(product, 'time_local', 'No `[time] "request"` was found in the line.', mend);
  const record = newAccessRecord('combined');
  record.timeMs = parseClfTime(line.slice(bracket + 1, bracket + 27));
  if (Number.isNaN(record.timeMs)) {
    return refuse(product, 'time_local', 'The time is none that exists.', mend, bracket + 1);
  }
  readHead(line, bracket, record);

  const requestEnd = closingQuote(line, bracket + 30);
  if (requestEnd < 0) return refuse(product, 'request', 'The request has no closing quote.', mend, bracket + 29);
  const request = unescapeText(line.slice(bracket + 30, requestEnd));
  readRequestLine(request, record);
  if (line.charCodeAt(requestEnd + 1) !== SPACE) {
    return refuse(product, 'status', 'The line ends before the status.', mend, requestEnd);
  }
  const status = readDigits(line, requestEnd + 2);
  if (status > 999) return refuse(product, 'status', 'The status has more than three digits.', mend, requestEnd + 2);
  if (status < 0 && after === requestEnd + 2) {
    return refuse(product, 'status', 'The status is no number.', mend, requestEnd + 2);
  }
  if (status >= 0) record.status = status;
  const bytes = readDigits(line, after + 1);
  if (bytes >= 0 && Number.isSafeInteger(bytes)) record.responseBytes = bytes;
  let at = after;
  // A duration or a second size before the referrer.
  if (line.charCodeAt(at) === SPACE && line.charCodeAt(at + 1) !== QUOTE) {
    at += numbersForm.exec(line.slice(at, at + 40))?.[0].length ?? 0;
  }
  for (const field of ['referer', 'userAgent'] as const) {
    if (style.bareDash === true && line.startsWith(' -', at) && line.charCodeAt(at + 2) === SPACE) {
      at += 2;
      continue;
    }
    if (line.charCodeAt(at) !== SPACE || line.charCodeAt(at + 1) !== QUOTE) break;
    const close = closingQuote(line, at + 2);
    const end = close < 0 ? line.length : close;
    const text = line.slice(at + 2, end);
    if (isPresent(text)) record[field] = unescapeText(text);
    at = end + 1;
  }
  if (style.readTail?.(line.slice(at), record) !== true) readTail(line, at, record, dictionary);
  return ok(record);
}
