import { z } from 'zod';
import { err, ok, type Result } from '../core/result.js';
import { EventLines } from './event-lines.js';
import { IdentityTexts } from './identity-texts.js';
import { compileSchema, type JsonSchema } from './schema-compiler.js';
import { tokenEventSchema, type TokenEvent } from './token-event.js';

/** The JSON Schema (2020-12) of a TokenEvent. */
export function tokenEventJsonSchema(): JsonSchema {
  return z.toJSONSchema(tokenEventSchema) as JsonSchema;
}

/** What `docs/token-event.schema.json` holds, byte for byte. */
export function tokenEventSchemaText(): string {
  return `${JSON.stringify(tokenEventJsonSchema(), null, 2)}\n`;
}

const check = compileSchema(tokenEventJsonSchema());

/** The value itself when it follows the schema; else place and fault, never quoting the value. */
export function validateEvent(value: unknown): Result<TokenEvent, string> {
  const fault = check(value);
  return fault === null ? ok(value as TokenEvent) : err(`TokenEvent${fault}`);
}

interface Encoded {
  readonly events: readonly TokenEvent[];
  /** Whether all are known to follow the schema. */
  checked: boolean;
}

/** Events whose NDJSON this process made itself and still holds: taking it apart would give equal ones. */
const encoded = new WeakMap<Buffer, Encoded>();

/** NDJSON: one event a line, the last line ended too. Neither the events nor the buffer may change afterwards. */
export function encodeEvents(events: readonly TokenEvent[]): Buffer {
  const [only] = encodeWithin(events, Infinity, Infinity);
  return only?.value ?? Buffer.alloc(0);
}

/** As `encodeEvents`, of events that follow the schema because they were made of some that do. */
export function encodeCheckedEvents(events: readonly TokenEvent[]): Buffer {
  const value = encodeEvents(events);
  const made = encoded.get(value);
  if (made !== undefined) made.checked = true;
  return value;
}

export interface EncodedPart {
  readonly events: readonly TokenEvent[];
  readonly value: Buffer;
}

/** One for all, since encoding is never interrupted; it keeps the size of the largest part. */
const lines = new EventLines();

/** As `encodeEvents`, in as many parts as it takes to keep to the limits; an event alone may be above `bytesMax`. */
export function encodeWithin(events: readonly TokenEvent[], bytesMax: number, eventsMax: number): EncodedPart[] {
  const parts: EncodedPart[] = [];
  let from = 0;
  const cut = (to: number, bytes: number): void => {
    const part = { events: events.slice(from, to), value: lines.take(bytes) };
    encoded.set(part.value, { events: part.events, checked: false });
    parts.push(part);
    from = to;
  };
  lines.take(lines.length);
  for (const [index, event] of events.entries()) {
    const before = lines.length;
    lines.add(event);
    if (index > from && (lines.length > bytesMax || index - from >= eventsMax)) cut(index, before);
  }
  if (from < events.length) cut(events.length, lines.length);
  return parts;
}

export interface DecodeFault {
  /** Number of the line in the record, from 1. */
  readonly line: number;
  /** What is wrong and where; never quotes the line. */
  readonly message: string;
  /** The line as it stood, for the dead letter. */
  readonly text: string;
}

export interface DecodedEvents {
  readonly events: readonly TokenEvent[];
  readonly faults: readonly DecodeFault[];
}

/** Takes a log record apart. A bad line becomes a fault and its neighbours stay; empty lines are nothing. */
export function decodeEvents(value: Buffer): DecodedEvents {
  const known = encoded.get(value);
  if (known !== undefined) {
    known.checked ||= known.events.every((event) => check(event) === null);
    if (known.checked) return { events: known.events, faults: [] };
  }
  const text = value.toString('utf8');
  const events: TokenEvent[] = [];
  const faults: DecodeFault[] = [];
  let line = 0;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    line += 1;
    if (end > start) {
      const one = text.slice(start, end);
      const decoded = decodeLine(one);
      if (decoded.ok) events.push(decoded.value);
      else faults.push({ line, message: decoded.error, text: one });
    }
    start = end + 1;
  }
  return { events, faults };
}

const identities = new IdentityTexts();

function decodeLine(line: string): Result<TokenEvent, string> {
  try {
    const event = identities.parse(line);
    if (event !== undefined && check(event) === null) return ok(event as TokenEvent);
  } catch {
    // Below is said what is wrong with it.
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    // The engine's message quotes the text, so it is not passed on.
    return err('The line is not JSON.');
  }
  return validateEvent(parsed);
}
