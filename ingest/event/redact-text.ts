import { boundText } from '../core/text.js';
import { TextCache } from '../core/text-cache.js';
import { decodePercent } from './percent.js';
import { findFlags, findNamedValues, findSchemes, findUserinfo, mayHoldNamedValue } from './secret-context.js';
import { isHarmlessValue, secretNameStrength } from './secret-names.js';
import { findEncodedSecrets } from './secret-encoded.js';
import { findRandomRuns, findShapes, mayHoldShape, type Span } from './secret-shapes.js';
import { traits, traitsOf, type TextTraits } from './text-traits.js';
import { limits } from './token-event.js';

const REDACTED = '[redacted]';

export interface RedactedText {
  readonly text: string;
  /** True if a secret of a known format or under a secret's name stood there: evidence, not mere suspicion. */
  readonly found: boolean;
}

/** Texts that came through unchanged, so that nothing secret is kept; paths and agents repeat endlessly. */
const cleanTexts = new TextCache<true>(12, 512);
/** Looking at a shorter text is as quick as looking it up. */
const REMEMBERED_MIN = 40;

/**
 * Replaces the secrets in a free text by `[redacted]`: known token formats, values under a secret's name, credentials
 * behind `Bearer` and `Basic`, passwords in URLs, and runs as mixed as random keys; also percent-encoded and base64.
 * Time is linear in the length of the text; never throws.
 */
export function redactText(text: string): RedactedText {
  return isClean(text) ? { text, found: false } : searchText(text);
}

/** True for nearly all texts that `redactText` would give back as they are; false says nothing. */
export function isClean(text: string): boolean {
  const isLong = text.length > REMEMBERED_MIN;
  if (isLong && cleanTexts.get(text) === true) return true;
  const seen = traitsOf(text);
  return traits.isPlainId(seen) || !mayHoldSecret(text, seen) || (!isLong && cleanTexts.get(text) === true);
}

function searchText(text: string): RedactedText {
  const first = redactOnce(text);
  let { text: shown, found } = first;
  let view = shown;
  // Twice, since a referer inside a query parameter is encoded twice.
  for (let round = 0; round < 2 && view.includes('%'); round += 1) {
    const decoded = decodePercent(view);
    if (decoded === view) break;
    const inner = redactOnce(decoded);
    if (inner.text !== decoded) shown = inner.text;
    found ||= inner.found;
    view = inner.text;
  }
  if (shown === text && !found) cleanTexts.set(text, true);
  return { text: shown, found };
}

const ENCODED_CHARS_MIN = 24;

/** Whether any of the searches could find something: false for the words and names that most texts are. */
function mayHoldSecret(text: string, seen: TextTraits): boolean {
  return (
    traits.hasSpace(seen) ||
    traits.hasSlashAndAt(seen) ||
    traits.longestMixedRun(seen) >= ENCODED_CHARS_MIN ||
    traits.hasEscape(seen) ||
    mayHoldShape(text, seen) ||
    (traits.hasSeparator(seen) && mayHoldNamedValue(text))
  );
}

function redactOnce(text: string): RedactedText {
  const seen = traitsOf(text);
  const hasEncoded = traits.longestMixedRun(seen) >= ENCODED_CHARS_MIN;
  const spans: Span[] = [];
  if (mayHoldShape(text, seen)) append(spans, findShapes(text));
  if (traits.hasSeparator(seen) && mayHoldNamedValue(text)) append(spans, findNamedValues(text));
  if (traits.hasSpace(seen) || (traits.hasEscape(seen) && (text.includes('%20') || text.includes('+')))) {
    append(spans, findSchemes(text));
    if (text.includes('-')) append(spans, findFlags(text));
  }
  if (traits.hasSlashAndAt(seen)) append(spans, findUserinfo(text));
  if (hasEncoded) append(spans, findEncodedSecrets(text));
  const found = spans.length > 0;
  if (hasEncoded) append(spans, findRandomRuns(text));
  return { text: spans.length === 0 ? text : replaceSpans(text, spans), found };
}

/** Spreading a long list into push would overflow the stack. */
function append(spans: Span[], more: readonly Span[]): void {
  for (const span of more) spans.push(span);
}

function replaceSpans(text: string, spans: Span[]): string {
  spans.sort((a, b) => a.start - b.start);
  let out = '';
  let kept = 0;
  for (const span of spans) {
    if (span.end <= kept) continue;
    // Overlapping spans are one hole, touching ones too.
    if (span.start > kept || kept === 0) out += text.slice(kept, span.start) + REDACTED;
    kept = span.end;
  }
  return out + text.slice(kept);
}

/** An attribute that may be kept: key and value cut to their bounds, the value redacted by its name and its content. */
export function redactBounded(key: string, value: unknown): { readonly key: string; readonly value: string } {
  const text = typeof value === 'string' ? value : stringify(value);
  const hide = secretNameStrength(key) === 'strong' && text !== '' && !isHarmlessValue(text);
  return {
    key: boundText(redactText(key.slice(0, 256)).text, 64),
    value: hide ? REDACTED : boundText(redactText(text.slice(0, INSPECTED_MAX)).text, limits.longTextMax),
  };
}

const INSPECTED_MAX = 16 * 1024;

/**
 * A name to be shown (issuer, subject, client id) cut to its bound. Only a secret of a known format is taken out of
 * it: `apikey:7` may well be a subject, and names must stay apart.
 */
export function shownName(text: string, max: number): string {
  const inspected = text.length > INSPECTED_MAX ? text.slice(0, INSPECTED_MAX) : text;
  if (isClean(inspected)) return boundText(text, max);
  if (redactText(inspected).found && (findShapes(inspected).length > 0 || findUserinfo(inspected).length > 0)) {
    return boundText(redactText(inspected).text, max);
  }
  return boundText(text, max);
}

/**
 * A name that others chose and that leads somewhere (object key, file, cursor), fit to be written down. Runs that are
 * merely random stay, or the place could not be found by it.
 */
export function shownPlace(text: string): string {
  const { text: shown, found } = redactText(text);
  return found ? shown : text;
}

/** A line of our own log: whatever it quotes, no secret of a known format leaves in it. */
export function shownLogLine(line: string): string {
  return findShapes(line).length === 0 ? line : redactText(line).text;
}

/** JSON.stringify gives undefined for undefined, functions and symbols, though its type does not say so. */
function stringify(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text ?? '';
}
