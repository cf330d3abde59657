import { decodeEvents, encodeEvents, encodeWithin, validateEvent } from '../../../../ingest/event/event-codec.js';
import { eventLine } from '../../../../ingest/event/event-lines.js';
import { isShared, sharedFacts } from '../../../../ingest/event/shared-facts.js';
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
  it('give back each event, also of shared facts and of texts that need more than a byte', () => {
    const token = (issuer: string): NonNullable<TokenEvent['token']> =>
      sharedFacts({ token_uid: `tok_${'a'.repeat(22)}`, fp_key_id: 'k', identity: 'jwt', kind: 'unknown', issuer });
    const plain = token('https://id.example.com');
    const list: TokenEvent[] = [
      event,
      { ...event, token: plain },
      { ...event, token: token('https://bücher.example') },
      { ...event, token: plain },
      { ...event, user_agent: 'a"b\\c\n\u007f\ud800 ü', target: { status: 200, duration_ms: 0.25 }, exposures: [] },
      { ...event, user_agent: 'ü'.repeat(80), session_uid: 'ü'.repeat(90), user_agent_family: 'é' },
      { ...event, user_agent: '\ud800', session_uid: '\ud800' },
      { ...event, target: { duration_ms: -0, request_bytes: 255, response_bytes: 256, status: 65_535 } },
      { ...event, target: { request_bytes: 65_536, response_bytes: 2 ** 32 - 1 } },
      { ...event, target: { request_bytes: 2 ** 32, response_bytes: Number.MAX_SAFE_INTEGER } },
      {
        ...event,
        user_agent: 'x'.repeat(1024),
        client: { address: '', geo: {} },
        attributes: [{ key: 'a', value: '😀' }],
      },
    ];
    const value = Buffer.from(encodeEvents(list));
    const { events, faults } = decodeEvents(value);
    expect(faults).toMatchObject([{ line: 8, message: 'TokenEvent/target/status: must be within 0 and 999' }]);
    expect(events).toEqual(list.filter((_, at) => at !== 7));
    expect(events.map((one) => JSON.stringify(one))).toEqual(
      list.filter((_, at) => at !== 7).map((one) => JSON.stringify(one)),
    );
    expect(encodeEvents(list)).toEqual(value);
  });

  it('tell what comes again once', () => {
    const alone = encodeEvents([event]).length;
    const more = encodeEvents(Array.from({ length: 101 }, () => event)).length - alone;
    // Time and uid are each event's own: 60 bytes and two tags with lengths.
    expect(more / 100).toBeLessThan(90);
    expect(alone).toBeLessThan(JSON.stringify(event).length + 50);
  });

  it('know as one object what was shared, over records', () => {
    const facts = sharedFacts({ token_uid: `tok_${'b'.repeat(22)}`, fp_key_id: 'k', identity: 'jwt', kind: 'unknown' } as const);
    const value = (): Buffer => Buffer.from(encodeEvents([{ ...event, token: facts }, { ...event, token: facts }]));
    const [first, second, third] = [value(), value()].flatMap((one) => decodeEvents(one).events);
    expect(second?.token).toBe(first?.token);
    expect(third?.token).toBe(first?.token);
    expect(isShared(third?.token ?? {})).toBe(true);
  }); // prettier-ignore

  it('take more texts and shared objects than there are numbers', () => {
    const list = Array.from({ length: 66_000 }, (_, n): TokenEvent => ({ ...event, session_uid: `session ${n}`, user_agent: 'same' }));
    const { events, faults } = decodeEvents(Buffer.from(encodeEvents(list)));
    expect(faults).toEqual([]);
    expect(events).toHaveLength(list.length);
    expect(events.every((one, n) => one.session_uid === `session ${n}` && one.user_agent === 'same')).toBe(true);
  }); // prettier-ignore

  it('cut at the limits of bytes and of events, and leave a large event alone', () => {
    const large: TokenEvent = { ...event, user_agent: 'x'.repeat(1000) };
    const size = encodeEvents([event]).length;
    const two = encodeEvents([event, event]).length;
    const sizes = (bytesMax: number, eventsMax: number, ...list: TokenEvent[]): number[] =>
      encodeWithin(list, bytesMax, eventsMax).map(({ events, value }) => {
        expect(decodeEvents(Buffer.from(value)).events).toEqual(events);
        return events.length;
      });
    expect(sizes(two, 9, event, event, event, event, event)).toEqual([2, 2, 1]);
    expect(sizes(two - 1, 9, event, event)).toEqual([1, 1]);
    expect(sizes(Infinity, 2, event, event, event)).toEqual([2, 1]);
    expect(sizes(size, 9, event, large, large, event)).toEqual([1, 1, 1, 1]);
    expect(sizes(size, 9)).toEqual([]);
  });

  it('write NDJSON where others are to read it, cut the same way', () => {
    const lines = `${JSON.stringify(event)}\n`;
    const values = encodeWithin([event, event, event], lines.length * 2, 9, 'json').map(({ value }) =>
      value.toString(),
    );
    expect(values).toEqual([lines + lines, lines]);
    expect(decodeEvents(Buffer.from(lines + lines)).events).toEqual([event, event]);
  });

  it('take events from memory where this process wrote them, and know no events', () => {
    const list: TokenEvent[] = [event, { ...event, user_agent: 'line\nbreak "quoted" ü 😀' }];
    expect(decodeEvents(encodeEvents(list)).events[1]).toBe(list[1]);
    expect(encodeEvents([])).toHaveLength(0);
    expect(decodeEvents(Buffer.alloc(0))).toEqual({ events: [], faults: [] });
  });

  it('read a line of JSON, as dead letters have it', () => {
    expect(eventLine(event).toString()).toBe(`${JSON.stringify(event)}\n`);
    expect(decodeEvents(eventLine(event))).toEqual({ events: [event], faults: [] });
  });

  it('find the fault of an event that this process wrote itself', () => {
    const bad = { ...event, outcome: 'odd' } as unknown as TokenEvent;
    for (const value of [encodeEvents([event, bad]), Buffer.from(encodeEvents([event, bad]))]) {
      const { events, faults } = decodeEvents(value);
      expect(events).toEqual([event]);
      expect(faults).toMatchObject([{ line: 2, text: JSON.stringify(bad) }]);
    }
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

  describe('read records that are damaged', () => {
    const list = Array.from({ length: 3 }, (_, n): TokenEvent => ({ ...event, session_uid: `s${n}` }));
    const whole = encodeEvents(list);

    it('as far as they are sound, wherever they are cut off', () => {
      for (let size = 1; size < whole.length; size += 1) {
        const { events, faults } = decodeEvents(Buffer.from(whole.subarray(0, size)));
        expect(events).toEqual(list.slice(0, events.length));
        // Cut between two events a record is whole in itself: how many there are is said in its headers.
        if (faults.length > 0)
          expect(faults).toEqual([
            { line: events.length + 1, text: '', message: expect.stringMatching(/^The record is damaged\. It breaks at byte \d+ of \d+\.$/) as string },
          ]);
      }
    }); // prettier-ignore

    it('of another version not at all', () => {
      const value = Buffer.from(whole);
      value[1] = 9;
      const message = 'The record is damaged. Its layout is version 9; this release reads 1.';
      expect(decodeEvents(value)).toEqual({ events: [], faults: [{ line: 1, text: '', message }] });
    });

    it('and let nobody set a prototype, nest without end, or make one long text a thousand of them', () => {
      const packed = (shapes: unknown, rows: readonly number[]): Buffer => {
        const text = Buffer.from(JSON.stringify(shapes));
        const head = Buffer.from([0xf5, 1, 0, 0, 0, 0]);
        head.writeUInt32LE(text.length, 2);
        return Buffer.concat([head, text, Buffer.from(rows)]);
      };
      const untold = { events: [], faults: [{ line: 1, text: '' }] };
      expect(decodeEvents(packed([['a']], [0, 0, 7]))).toMatchObject(untold);
      expect(decodeEvents(packed([['a']], [0, 0, 206, 0, 0]))).toMatchObject(untold);
      expect(decodeEvents(packed([['a']], [1, 0, 212]))).toMatchObject(untold);
      const prototype = decodeEvents(packed([['__proto__']], [0, 0, 205, 0, 0]));
      expect(prototype).toMatchObject({ events: [], faults: [{ line: 1, text: '' }] });
      const nested = decodeEvents(packed([['a']], Array.from({ length: 200_000 }, (_, n) => (n === 0 ? 0 : n % 3 === 2 ? 205 : 0))));
      expect(nested).toMatchObject({ events: [], faults: [{ line: 1, text: '' }] });
      const long = [202, 0, 0, 16, 0, ...Array.from({ length: 1 << 20 }, () => 97)];
      const names = Array.from({ length: 1000 }, (_, n) => `n${n}`);
      const many = decodeEvents(packed([names], [0, 0, ...long, ...Array.from({ length: 999 }, () => 0)]));
      expect(many).toMatchObject({ events: [], faults: [{ line: 1, text: '' }] });
    }); // prettier-ignore
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
