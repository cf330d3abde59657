import { findNamedValues } from './secret-context.js';
import { findShapes, type Span } from './secret-shapes.js';

const base64Run = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}={0,2}/g;
/** Base64 of text has capitals; UUIDs, hashes, numbers and ordinary paths need no decoding. */
const plainRun = /^(?:[0-9a-f-]+|[a-z/_-]+)$/;
const base64Segment = /(?<![A-Za-z0-9+_-])[A-Za-z0-9+_-]{24,}={0,2}/g;

/** Runs that are base64 of a text with a known secret format or a named secret in it. */
export function findEncodedSecrets(text: string): Span[] {
  const spans: Span[] = [];
  if (text.length < 24) return spans;
  for (const pattern of [base64Run, base64Segment]) {
    for (const match of text.matchAll(pattern)) {
      if (plainRun.test(match[0])) continue;
      const decoded = Buffer.from(match[0], 'base64').toString('latin1');
      if (findShapes(decoded).length > 0 || findNamedValues(decoded).length > 0)
        spans.push({ start: match.index, end: match.index + match[0].length });
    }
  }
  return spans;
}
