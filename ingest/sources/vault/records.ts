import type { Result } from '../../core/result.js';
import { ok } from '../../core/result.js';
import { type JsonObject, parseJsonObject, readObject, readText, readValue } from '../shared/json-reader.js';
import { refuse } from '../shared/refuse.js';
import type { ParseError } from '../source.js';

const product = 'vault';

/** A syslog head or the audit device's `prefix` option may stand before the record. */
const maxPrefixChars = 256;

/** The server's own log (hclog text), the start-up banner and its settings: Vault's words, but no audit record. */
const serverLine =
  /^(?:\d{4}-\d\d-\d\d[T ][^[]{8,40}\[(?:TRACE|DEBUG|INFO|WARN|ERROR)\]|==>|WARNING!|\s*[A-Za-z][\w .()/-]{0,60}:(?:\s|$))/;

/** Control characters, or what a decoder writes for bytes that are no UTF-8. */
const unreadable = /[\u0000-\u0008\u000e-\u001f\ufffd]/;

/** The audit record in a raw line or pretty-printed text; undefined for a line of the server's own log. */
export function readRecord(raw: string): Result<JsonObject | undefined, ParseError> {
  const text = raw.trim();
  let start = 0;
  if (!text.startsWith('{')) {
    if (serverLine.test(text.slice(0, 512)) && !text.includes('"request"')) return ok(undefined);
    start = text.slice(0, maxPrefixChars).indexOf('{"');
    if (start < 0) {
      if (text === '' || (!unreadable.test(text) && !text.includes('{') && text.length < 4096)) return ok(undefined);
      return refuse(
        product,
        '',
        'The line holds no JSON object.',
        'Point the source at the audit device, one record a line.',
      );
    }
  }
  const parsed = parseJsonObject(start === 0 ? text : text.slice(start), product);
  if (!parsed.ok) return parsed;
  const record = parsed.value;
  // hclog's JSON form of the server log.
  if (readText(record, '@message') !== undefined && readValue(record, 'request') === undefined) return ok(undefined);
  return ok(record);
}

/** `hmac-sha256:` and 64 hex digits: Vault's salted hash, safe to keep. */
const hashForm = /^hmac-sha256:[0-9a-f]{64}$/;

export const isHash = (text: string): boolean => text.startsWith('hmac-') && hashForm.test(text);

/** What names a token in an `auth` block, a request or a wrap_info; each may be a hash or, on a raw device, plain. */
export interface TokenNames {
  readonly accessor?: string | undefined;
  readonly tokens: readonly string[];
}

function namesOf(accessor?: string, token?: string, other?: string): TokenNames | undefined {
  const tokens: string[] = token === undefined ? [] : [token];
  if (other !== undefined && other !== token) tokens.push(other);
  return accessor === undefined && tokens.length === 0 ? undefined : { accessor, tokens };
}

/** The token that made the request: the auth block, and what the request itself presented. */
export function callerNames(record: JsonObject, login: boolean): TokenNames | undefined {
  const auth = readObject(record, 'auth') ?? {};
  const request = readObject(record, 'request') ?? {};
  // On a login the auth block is the new token's.
  if (login) return namesOf(readText(request, 'client_token_accessor'), readText(request, 'client_token'));
  return namesOf(
    readText(auth, 'accessor') ?? readText(request, 'client_token_accessor'),
    readText(auth, 'client_token'),
    readText(request, 'client_token'),
  );
}

export function authNames(auth: JsonObject | undefined): TokenNames | undefined {
  return auth === undefined ? undefined : namesOf(readText(auth, 'accessor'), readText(auth, 'client_token'));
}

/** The AppRole secret id that was made, else the one that the request names. */
export function secretIdNames(request: JsonObject, response: JsonObject): TokenNames | undefined {
  const made = readObject(response, 'data') ?? {};
  const named = readObject(request, 'data') ?? {};
  return namesOf(
    readText(made, 'secret_id_accessor') ?? readText(named, 'secret_id_accessor'),
    readText(made, 'secret_id') ?? readText(named, 'secret_id'),
  );
}

/** The JWT that Vault as an issuer gave; a provider's token endpoint answers with a body that is hashed whole. */
export function identityTokenNames(response: JsonObject): TokenNames | undefined {
  return namesOf(undefined, readText(readObject(response, 'data') ?? {}, 'token'));
}

/** The token that a revoke or a look-up names in its data; hashed there with the same salt as in `auth`. */
export function dataNames(request: JsonObject): TokenNames | undefined {
  const data = readObject(request, 'data') ?? {};
  return namesOf(readText(data, 'accessor'), readText(data, 'token'));
}
