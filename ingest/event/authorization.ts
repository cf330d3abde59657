import { RawSecret } from './raw-secret.js';

export interface Authorization {
  /** Lower case; '' when the header is a bare credential. */
  readonly scheme: string;
  readonly secret?: RawSecret;
  /** Basic and Digest: the user name; AWS4-HMAC-SHA256: the access key id; HTTP signatures: the key id. */
  readonly user?: string;
}

const HEADER_CHARS_MAX = 128 * 1024;
/** RFC 9110 §11.4: a scheme is a token, then spaces. */
const SCHEME = /^([A-Za-z][A-Za-z0-9-]{0,63})[ \t]+/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** Takes an Authorization header (RFC 9110 §11.6.2) apart. Never throws; what is not understood has no `secret`. */
export function parseAuthorization(header: string): Authorization {
  const text = header.trim();
  if (text === '' || text.length > HEADER_CHARS_MAX) return { scheme: '' };
  const match = SCHEME.exec(text);
  if (match === null) return { scheme: '', secret: new RawSecret(text) };
  const scheme = (match[1] ?? '').toLowerCase();
  const rest = text.slice(match[0].length).trim();
  switch (scheme) {
    case 'basic':
      return parseBasic(rest);
    case 'aws4-hmac-sha256':
    case 'aws4-ecdsa-p256-sha256':
      return withUser(scheme, /Credential=([A-Za-z0-9]{1,128})\//.exec(rest)?.[1]);
    case 'digest':
      return withUser(scheme, /username="([^"]{1,256})"/.exec(rest)?.[1]);
    case 'signature':
      return withUser(scheme, /keyId="([^"]{1,256})"/i.exec(rest)?.[1]);
    default:
      return parseOther(scheme, rest);
  }
}

/** `Token token="…"` is Rails' way; the others present the bare credential. */
function parseOther(scheme: string, rest: string): Authorization {
  const quoted =
    scheme === 'token' || scheme === 'apikey' ? /^(?:token|key)="?([^",]{1,4096})"?/i.exec(rest)?.[1] : undefined;
  const credential = quoted ?? rest;
  return credential === '' ? { scheme } : { scheme, secret: new RawSecret(credential) };
}

function parseBasic(encoded: string): Authorization {
  if (!BASE64.test(encoded))
    return encoded === '' ? { scheme: 'basic' } : { scheme: 'basic', secret: new RawSecret(encoded) };
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) return { scheme: 'basic', secret: new RawSecret(pair) };
  const password = pair.slice(colon + 1);
  const user = pair.slice(0, colon);
  // Stripe and others take the key as the user name with an empty password: then the name is the secret.
  if (password === '') return user === '' ? { scheme: 'basic' } : { scheme: 'basic', secret: new RawSecret(user) };
  return { scheme: 'basic', secret: new RawSecret(password), ...(user !== '' && { user }) };
}

function withUser(scheme: string, user: string | undefined): Authorization {
  return user === undefined ? { scheme } : { scheme, user };
}
