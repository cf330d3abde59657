import { z } from 'zod';
import { err, ok, type Result } from '../core/result.js';
import { EventLines } from './event-lines.js';
import { EventPacker } from './event-packer.js';
import { EventUnpacker, isPacked } from './event-unpacker.js';
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

/** Events whose record this process made itself and still holds: taking it apart would give equal ones. */
const encoded = new WeakMap<Buffer, Encoded>();

/** The value of a log record, as packed-layout.ts says; empty for no events. Neither events nor buffer may change afterwards. */
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

/** What a record holds: events as packed-layout.ts says, or NDJSON, which others can read too. */
export type RecordFormat = 'packed' | 'json';

interface RecordWriter {
  /** Begins a record; what was not taken is gone. */
  begin(): void;
  add(event: TokenEvent): void;
  /** Bytes of the record as it stands. */
  readonly length: number;
  /** Where the next event begins. */
  readonly mark: number;
  /** The record up to a mark, as a buffer of its own. */
  take(mark: number): Buffer;
}

/** One of each for all, since encoding is never interrupted; they keep the size of the largest part. */
const writers: Readonly<Record<RecordFormat, RecordWriter>> = { packed: new EventPacker(), json: new EventLines() };

/** As `encodeEvents`, in as many parts as it takes to keep to the limits; an event alone may be above `bytesMax`. */
export function encodeWithin(
  events: readonly TokenEvent[],
  bytesMax: number,
  eventsMax: number,
  format: RecordFormat = 'packed',
): EncodedPart[] {
  const writer = writers[format];
  const parts: EncodedPart[] = [];
  let from = 0;
  const cut = (to: number, mark: number): void => {
    const part = { events: events.slice(from, to), value: writer.take(mark) };
    encoded.set(part.value, { events: part.events, checked: false });
    parts.push(part);
    writer.begin();
    from = to;
  };
  writer.begin();
  for (const [index, event] of events.entries()) {
    const before = writer.mark;
    writer.add(event);
    if (index > from && (writer.length > bytesMax || index - from >= eventsMax)) {
      cut(index, before);
      writer.add(event);
    }
  }
  if (from < events.length) cut(events.length, writer.mark);
  return parts;
}

export interface DecodeFault {
  /** Number of the event in the record, or of its line, from 1. */
  readonly line: number;
  /** What is wrong and where; never quotes the event. */
  readonly message: string;
  /** The event as JSON, or the line as it stood, for the dead letter; empty where it cannot be told. */
  readonly text: string;
}

export interface DecodedEvents {
  readonly events: readonly TokenEvent[];
  readonly faults: readonly DecodeFault[];
}

const unpacker = new EventUnpacker();

/**
 * Takes a log record apart: a packed one, or NDJSON as others may write it. A bad event or line becomes a fault and its neighbours
 * stay; empty lines are nothing.
 */
export function decodeEvents(value: Buffer): DecodedEvents {
  const known = encoded.get(value);
  if (known !== undefined) {
    known.checked ||= known.events.every((event) => check(event) === null);
    if (known.checked) return { events: known.events, faults: [] };
  }
  return isPacked(value) ? decodePacked(value) : decodeLines(value.toString('utf8'));
}

function decodePacked(value: Buffer): DecodedEvents {
  const { objects, fault } = unpacker.unpack(value);
  const events: TokenEvent[] = [];
  const faults: DecodeFault[] = [];
  for (const [index, object] of objects.entries()) {
    const valid = validateEvent(object);
    if (valid.ok) events.push(valid.value);
    else faults.push({ line: index + 1, message: valid.error, text: boundedJson(object) });
  }
  if (fault !== null) faults.push({ line: objects.length + 1, message: `The record is damaged. ${fault}`, text: '' });
  return { events, faults };
}

const FAULT_TEXT_MAX = 1 << 20;

/** Bytes of somebody else's can refer to one long text many times. */
function boundedJson(value: unknown): string {
  let left = FAULT_TEXT_MAX;
  try {
    return JSON.stringify(value, (key, part: unknown) => {
      left -= key.length + (typeof part === 'string' ? part.length : 8);
      if (left < 0) throw new RangeError('too long');
      return part;
    });
  } catch {
    return '';
  }
}

function decodeLines(text: string): DecodedEvents {
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

function decodeLine(line: string): Result<TokenEvent, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    // The engine's message quotes the text, so it is not passed on.
    return err('The line is not JSON.');
  }
  return validateEvent(parsed);
}
