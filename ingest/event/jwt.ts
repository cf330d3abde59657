import { isObject } from '../core/is-object.js';

/** What a token format says of itself; read, never verified, never trusted. */
export interface JwtParts {
  readonly header: Readonly<Record<string, unknown>>;
  /** Absent for an encrypted token (JWE), whose claims cannot be read. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Headers are small; a proxy's own header limit is 8 to 64 KiB. Larger ones are named by their bytes alone. */
const HEADER_CHARS_MAX = 8 * 1024;
const CLAIMS_CHARS_MAX = 64 * 1024;
const TOKEN_CHARS_MAX = 128 * 1024;
/** Base64 of `{` and a second character. */
const JSON_START = /^e[wy]/;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/**
 * Header and claims of a JWS (RFC 7515) or the header of a JWE (RFC 7516) in compact form. The signature is neither
 * decoded nor returned. Undefined for anything else; never throws.
 */
export function decodeJwt(text: string): JwtParts | undefined {
  if (text.length > TOKEN_CHARS_MAX || !JSON_START.test(text)) return undefined;
  const headerEnd = text.indexOf('.');
  if (headerEnd < 0 || headerEnd > HEADER_CHARS_MAX) return undefined;
  const claimsEnd = text.indexOf('.', headerEnd + 1);
  if (claimsEnd < 0) return undefined;
  const header = decodePart(text.slice(0, headerEnd));
  if (header === undefined || typeof header['alg'] !== 'string') return undefined;
  const thirdEnd = text.indexOf('.', claimsEnd + 1);
  if (thirdEnd >= 0) {
    const fourthEnd = text.indexOf('.', thirdEnd + 1);
    const fiveParts = fourthEnd >= 0 && !text.includes('.', fourthEnd + 1);
    return fiveParts && typeof header['enc'] === 'string' ? { header } : undefined;
  }
  if (claimsEnd - headerEnd > CLAIMS_CHARS_MAX) return undefined;
  const claims = decodePart(text.slice(headerEnd + 1, claimsEnd));
  return claims === undefined ? undefined : { header, claims };
}

function decodePart(part: string): Record<string, unknown> | undefined {
  if (!BASE64URL.test(part)) return undefined;
  try {
    // JSON.parse of V8 keeps its own stack, so deep nesting costs memory in proportion to the bounded length only.
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
