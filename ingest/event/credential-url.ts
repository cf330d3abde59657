import { boundText } from '../core/text.js';
import { redactText } from './redact-text.js';
import { decodePercent } from './percent.js';
import { RawSecret } from './raw-secret.js';
import { findUserinfo } from './secret-context.js';
import { isHarmlessValue, isSecretParameter, parameterRank } from './secret-names.js';
import { findShapes } from './secret-shapes.js';
import { limits } from './token-event.js';

export interface RedactedUrl {
  /** Redacted, without query and fragment, cut to what an event may hold. */
  readonly path: string;
  readonly exposures: readonly 'token_in_url'[];
  /** What was found, the likeliest to be the request's own credential first. */
  readonly secrets: readonly RawSecret[];
  /** Names of the query parameters that held a secret: the evidence that may be kept. */
  readonly parameters: readonly string[];
  /** AWS access key id of a presigned URL; not a secret. */
  readonly accessKeyId?: string;
}

interface Found {
  readonly rank: number;
  readonly secret: RawSecret;
  readonly parameter?: string;
}

const NONE: readonly never[] = [];
const RANK_OF_PATH = 900;
const RANK_OF_NESTED = 1000;
const PAIRS_MAX = 1000;
/** Where signatures of version 4 and 2 name the key; in any other parameter it is not what signed the request. */
const keyParameter = /^(?:X-Amz-Credential|AWSAccessKeyId)$/i;
const ACCESS_KEY_ID = /^(A(?:KIA|SIA)[A-Z2-7]{12,124})(?:\/|$)/;

/**
 * Takes the target of a request (or an absolute URL, such as a referer) apart: the path to keep, and the secrets that
 * stood in it. Never throws; time is linear.
 */
export function redactUrl(pathAndQuery: string): RedactedUrl {
  const cut = pathAndQuery.search(/[?#;]/);
  const rawPath = cut < 0 ? pathAndQuery : pathAndQuery.slice(0, cut);
  const rest = cut < 0 ? '' : pathAndQuery.slice(cut);
  // A path parameter (`;jsessionid=…`) belongs to the path, but nobody routes by it.
  const { text: redacted, found: inPath } = redactText(rawPath);
  const found: Found[] = inPath ? secretsOfPath(rawPath) : [];
  const accessKeyId = rest === '' ? undefined : secretsOfQuery(rest, found);
  const path = boundText(redacted, limits.longTextMax);
  if (found.length === 0 && !inPath) {
    return {
      path,
      exposures: NONE,
      secrets: NONE,
      parameters: NONE,
      ...(accessKeyId !== undefined && { accessKeyId }),
    };
  }
  found.sort((a, b) => a.rank - b.rank);
  return {
    path,
    exposures: ['token_in_url'],
    secrets: found.map((item) => item.secret),
    parameters: [...new Set(found.flatMap((item) => item.parameter ?? []))],
    ...(accessKeyId !== undefined && { accessKeyId }),
  };
}

function secretsOfPath(path: string): Found[] {
  const decoded = decodePercent(path);
  return [...findShapes(decoded), ...findUserinfo(decoded)].map((span) => ({
    rank: RANK_OF_PATH,
    secret: new RawSecret(decoded.slice(span.start, span.end)),
  }));
}

/** A redirect's target and its own query inside a parameter are looked through too. */
const NESTING_MAX = 2;

function secretsOfQuery(query: string, found: Found[], depth = 0): string | undefined {
  let accessKeyId: string | undefined;
  for (const pair of query.split(/[?#&;]/, PAIRS_MAX)) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? '' : decodePercent(pair.slice(0, equals));
    const value = decodePercent(pair.slice(equals + 1));
    if (value === '') continue;
    if (keyParameter.test(name)) accessKeyId ??= ACCESS_KEY_ID.exec(value)?.[1];
    const parameter = boundText(redactText(name.slice(0, 256)).text, 64);
    if (isSecretParameter(name) && !isHarmlessValue(value)) {
      found.push({ rank: parameterRank(name) + depth * RANK_OF_NESTED, secret: new RawSecret(value), parameter });
      continue;
    }
    const before = found.length;
    const nested = depth < NESTING_MAX ? value.search(/[?#]/) : -1;
    if (nested >= 0) secretsOfQuery(value.slice(nested), found, depth + 1);
    if (found.length > before) continue;
    for (const span of findShapes(value)) {
      found.push({ rank: RANK_OF_PATH, secret: new RawSecret(value.slice(span.start, span.end)), parameter });
    }
  }
  return accessKeyId;
}
