import { findNamedValues } from './secret-context.js';
import { findShapes, pushMatches, type Span } from './secret-shapes.js';

const base64Run = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}={0,2}/g;
/** Base64 of text has capitals; UUIDs, hashes, numbers and ordinary paths need no decoding. */
const plainRun = /^(?:[0-9a-f-]+|[a-z/_-]+)$/;
const base64Segment = /(?<![A-Za-z0-9+_-])[A-Za-z0-9+_-]{24,}={0,2}/g;

function isEncodedSecret(run: string): boolean {
  if (plainRun.test(run)) return false;
  const decoded = Buffer.from(run, 'base64').toString('latin1');
  return findShapes(decoded).length > 0 || findNamedValues(decoded).length > 0;
}

/** Runs that are base64 of a text with a known secret format or a named secret in it. */
export function findEncodedSecrets(text: string): Span[] {
  const spans: Span[] = [];
  if (text.length < 24) return spans;
  pushMatches(spans, base64Run, text, isEncodedSecret);
  // Without a `/` both patterns find the same.
  if (text.includes('/')) pushMatches(spans, base64Segment, text, isEncodedSecret);
  return spans;
}
