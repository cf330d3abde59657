import { decodeEvents, encodeEvents, encodeWithin, validateEvent } from '../../../../ingest/event/event-codec.js';
import { sharedFacts } from '../../../../ingest/event/event-lines.js';
import { compileSchema, type JsonSchema } from '../../../../ingest/event/schema-compiler.js';
import type { TokenEvent } from '../../../../ingest/event/token-event.js';
import { bareEvent as event } from '../../../support/token-events.js';

describe('validateEvent', () => {
  it.each([
    ['no object', 'secret-text', 'TokenEvent: must be an object'],
    ['a list', [event], 'TokenEvent: must be an object'],
    ['a field missing', { ...event, time: undefined }, 'TokenEvent/time: must be a text'],
    ['a field absent', Object.fromEntries(Object.entries(event).slice(1)), 'TokenEvent/schema_version: is missing'],
    ['another version', { ...event, schema_version: 2 }, 'TokenEvent/schema_version: must be 1'],
    ['an unknown field', { ...event, 'secret-text': 1 }, 'TokenEvent: has a field that the schema does not know'],
    ['a word not in the list', { ...event, action: 'secret-text' }, 'TokenEvent/action: is not one of the allowed values'],
    ['a bad time', { ...event, time: 'secret-text' }, 'TokenEvent/time: must follow date-time'],
    ['a long text', { ...event, session_uid: 'secret-text'.repeat(99) }, 'TokenEvent/session_uid: is longer than 256'],
    ['a bad list item', { ...event, exposures: ['token_in_url', 'secret-text'] }, 'TokenEvent/exposures/1: is not one of the allowed values'],
    ['a bad number', { ...event, client: { address: 'a', port: 70000 } }, 'TokenEvent/client/port: must be within 0 and 65535'],
    ['a fraction', { ...event, client: { address: 'a', port: 1.5 } }, 'TokenEvent/client/port: must be a whole number'],
    [
      'a bad binding',
      { ...event, token: { token_uid: `tok_${'a'.repeat(22)}`, fp_key_id: 'k', identity: 'jwt', kind: 'unknown', binding: { method: 'mtls', jkt: 'x' } } },
      'TokenEvent/token/binding: follows none of the allowed forms',
    ],
  ])('names place and fault of %s, quoting nothing', (_what, value, message) => {
    const result = validateEvent(value);
    expect(result).toEqual({ ok: false, error: message });
    expect(JSON.stringify(result)).not.toContain('secret-text');
  }); // prettier-ignore

  it('remembers no bad value as good', () => {
    expect(validateEvent({ ...event, event_uid: 'x' }).ok).toBe(false);
    expect(validateEvent({ ...event, event_uid: 'x' }).ok).toBe(false);
    expect(validateEvent(event)).toEqual({ ok: true, value: event });
  });
});

describe('encodeEvents and decodeEvents', () => {
  it('write what JSON.stringify writes, also for shared facts', () => {
    const token = (issuer: string): NonNullable<TokenEvent['token']> =>
      sharedFacts({ token_uid: `tok_${'a'.repeat(22)}`, fp_key_id: 'k', identity: 'jwt', kind: 'unknown', issuer });
    const list: TokenEvent[] = [
      event,
      { ...event, token: token('https://id.example.com') },
      { ...event, token: token('https://bücher.example') },
      { ...event, user_agent: 'a"b\\c\n\u007f\ud800 ü', target: { status: 200, duration_ms: 0.25 }, exposures: [] },
      {
        ...event,
        user_agent: 'x'.repeat(1024),
        client: { address: '', geo: {} },
        attributes: [{ key: 'a', value: '😀' }],
      },
    ];
    expect(encodeEvents(list).toString()).toBe(list.map((one) => `${JSON.stringify(one)}\n`).join(''));
    expect(encodeEvents(list)).toEqual(encodeEvents(list));
  });

  it('cut at the limits of bytes and of events, and leave a large event alone', () => {
    const large: TokenEvent = { ...event, user_agent: 'x'.repeat(1000) };
    const size = encodeEvents([event]).length;
    const sizes = (bytesMax: number, eventsMax: number, ...list: TokenEvent[]): number[] =>
      encodeWithin(list, bytesMax, eventsMax).map(({ events, value }) => {
        expect(decodeEvents(Buffer.from(value)).events).toEqual(events);
        return events.length;
      });
    expect(sizes(size * 2, 9, event, event, event, event, event)).toEqual([2, 2, 1]);
    expect(sizes(size * 2 - 1, 9, event, event)).toEqual([1, 1]);
    expect(sizes(Infinity, 2, event, event, event)).toEqual([2, 1]);
    expect(sizes(size, 9, event, large, large, event)).toEqual([1, 1, 1, 1]);
    expect(sizes(size, 9)).toEqual([]);
  });

  it('write and read NDJSON', () => {
    const other: TokenEvent = { ...event, user_agent: 'line\nbreak "quoted" ü 😀' };
    const bytes = encodeEvents([event, other]);
    expect(bytes.toString().split('\n')).toHaveLength(3);
    expect(decodeEvents(Buffer.from(bytes))).toEqual({ events: [event, other], faults: [] });
    // Taken from memory where this process wrote them.
    expect(decodeEvents(bytes)).toEqual({ events: [event, other], faults: [] });
    expect(encodeEvents([])).toHaveLength(0);
    expect(decodeEvents(Buffer.alloc(0))).toEqual({ events: [], faults: [] });
  });

  it('find the fault of an event that this process wrote itself', () => {
    const bad = { ...event, outcome: 'odd' } as unknown as TokenEvent;
    const { events, faults } = decodeEvents(encodeEvents([event, bad]));
    expect(events).toEqual([event]);
    expect(faults).toMatchObject([{ line: 2, text: JSON.stringify(bad) }]);
  });

  it('keep good neighbours and give the bad line for the dead letter without quoting it in the message', () => {
    const good = JSON.stringify(event);
    const bytes = Buffer.from(`${good}\n{"time": secret-text}\n\n${good}\n{"x":1}`);
    const { events, faults } = decodeEvents(bytes);
    expect(events).toEqual([event, event]);
    expect(faults).toEqual([
      { line: 2, message: 'The line is not JSON.', text: '{"time": secret-text}' },
      { line: 5, message: 'TokenEvent: has a field that the schema does not know', text: '{"x":1}' },
    ]);
  });
});

describe('compileSchema', () => {
  it.each<[string, JsonSchema]>([
    ['a word it does not know', { type: 'string', minLength: 3 } as JsonSchema],
    ['no type', {}],
    ['a list without items', { type: 'array' }],
    ['a definition that is not there', { $ref: '#/$defs/Gone' }],
  ])('refuses %s instead of letting it pass unchecked', (_what, schema) => {
    expect(() => compileSchema(schema)).toThrow(/schema/);
  });
});
