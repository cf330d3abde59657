import { RawSecret } from '../../../../ingest/event/raw-secret.js';
import { createFingerprinter, type Fingerprinter } from '../../../../ingest/event/fingerprint.js';
import { tokenEventSchema, type TokenEvent } from '../../../../ingest/event/token-event.js';
import type { ParseContext, ParseError, Source } from '../../../../ingest/sources/source.js';

export const fingerprinter: Fingerprinter = createFingerprinter([{ id: 'k1', key: Buffer.alloc(32, 7) }]);

export const observedMs = Date.UTC(2025, 5, 1);

export function contextAt(offset = 0, instance = 'test-1'): ParseContext {
  return { instance, observedMs, position: { container: 'file-a', offset }, fingerprinter };
}

/** The events of a record that must parse; each is checked against the schema. */
export function eventsOf(source: Source, record: unknown, offset = 0): readonly TokenEvent[] {
  const raw = typeof record === 'string' ? record : JSON.stringify(record);
  const result = source.parse(raw, contextAt(offset));
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`);
  for (const event of result.value) tokenEventSchema.parse(event);
  return result.value;
}

/** The only event of a record. */
export function eventOf(source: Source, record: unknown, offset = 0): TokenEvent {
  const events = eventsOf(source, record, offset);
  expect(events).toHaveLength(1);
  return events[0]!;
}

export function refusalOf(source: Source, record: unknown): ParseError {
  const result = source.parse(typeof record === 'string' ? record : JSON.stringify(record), contextAt());
  if (result.ok) throw new Error(`accepted: ${JSON.stringify(result.value)}`);
  return result.error;
}

export const uidOf = (canonical: string): string => fingerprinter.tokenUid(canonical);
export const fpOf = (secret: string): string => fingerprinter.secretFp(new RawSecret(secret));

export function attribute(event: TokenEvent, key: string): string | undefined {
  return event.attributes?.find((entry) => entry.key === key)?.value;
}

/** Whether a secret stands in what the source made, as it is, percent-encoded, or in base64 at any offset. */
export function leaks(output: unknown, secret: string): boolean {
  const text = JSON.stringify(output);
  const bytes = Buffer.from(secret);
  const forms = [
    secret,
    encodeURIComponent(secret),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
  for (const shift of [1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4)
      .replace(/=+$/, '');
    forms.push(shifted.slice(0, -2));
  }
  return forms.some((form) => text.includes(form));
}
