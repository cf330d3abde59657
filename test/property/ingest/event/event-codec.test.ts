import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import {
  decodeEvents,
  encodeEvents,
  tokenEventJsonSchema,
  validateEvent,
} from '../../../../ingest/event/event-codec.js';
import type { JsonSchema } from '../../../../ingest/event/schema-compiler.js';
import { tokenEventSchema, type TokenEvent } from '../../../../ingest/event/token-event.js';

const text = (max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('', 'a\nb', '"\\', '\u0000', 'x'.repeat(Math.min(max, 1024))),
  );

const instant = fc
  .integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 })
  .map((ms) => new Date(ms).toISOString())
  .filter((iso) => iso.length === 24);

const patterned: Record<string, fc.Arbitrary<string>> = {
  '^tok_': fc.stringMatching(/^tok_[A-Za-z0-9_-]{22}$/),
  '^fp_': fc.stringMatching(/^fp_[A-Za-z0-9_-]{22}$/),
  '^[a-z]': fc.stringMatching(/^[a-z][a-z0-9_]{0,31}$/),
};

/** Values that follow a schema of ours. */
function following(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.oneOf !== undefined) return fc.oneof(...schema.oneOf.map(following));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'object': {
      const entries = Object.entries(schema.properties ?? {}).map(([key, value]) => [key, following(value)] as const);
      return fc.record(Object.fromEntries(entries), {
        requiredKeys: [...(schema.required ?? [])],
        noNullPrototype: true,
      });
    }
    case 'array':
      return fc.array(following(schema.items ?? {}), { maxLength: Math.min(schema.maxItems ?? 3, 3) });
    case 'string':
      if (schema.format === 'uuid') return fc.uuid();
      if (schema.format === 'date-time') return instant;
      for (const [start, arbitrary] of Object.entries(patterned)) {
        if (schema.pattern?.startsWith(start) === true) return arbitrary;
      }
      return text(schema.maxLength ?? 64).map((value) => value.slice(0, schema.maxLength));
    case 'integer':
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1e12, 1e12) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1e9, max: schema.maximum ?? 1e9, noNaN: true });
    case 'boolean':
    case undefined:
      break;
  }
  throw new Error('a schema word that this test does not know');
}

const schema = tokenEventJsonSchema().$defs?.['TokenEvent'] ?? {};
const events = following(schema) as fc.Arbitrary<TokenEvent>;

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null, undefined, '', -1, 1.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY, true, [], {}, 'x'.repeat(2000),
    'tok_short', '2025-02-30T00:00:00.000Z', '2024-02-29T00:00:00.000Z', '2025-01-01T00:00:00Z',
    '2025-01-01T24:00:00.000Z', '3F2504E0-4F89-81D3-9A0C-0305E82C3301', Array.from({ length: 65 }, () => 'x'),
  ),
  fc.jsonValue({ maxDepth: 2 }),
); // prettier-ignore

interface Change {
  readonly steps: readonly number[];
  readonly how: 'replace' | 'delete' | 'add';
  readonly value: unknown;
}

const changes = fc.record({
  steps: fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }),
  how: fc.constantFrom('replace' as const, 'delete' as const, 'add' as const),
  value: odd,
});

/** Changes the place that the steps lead to, so that events come out bad in one spot. */
function changed(value: unknown, { steps: [step = 0, ...rest], how, value: put }: Change): unknown {
  if (typeof value !== 'object' || value === null) return put;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
    ? [...(value as unknown[])]
    : { ...(value as Record<string, unknown>) };
  const keys = Object.keys(copy);
  const key = keys[step % Math.max(keys.length, 1)];
  const box = copy as Record<string, unknown>;
  if (key === undefined || (how === 'add' && rest.length === 0)) box['extra'] = put;
  else if (rest.length > 0) box[key] = changed(box[key], { steps: rest, how, value: put });
  else if (how === 'delete') Reflect.deleteProperty(box, key);
  else box[key] = put;
  return copy;
}

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const followsPublished = ajv.compile(JSON.parse(JSON.stringify(tokenEventJsonSchema())) as object);

describe('the compiled validator', () => {
  it('takes what follows the schema and gives it back unchanged', () => {
    fc.assert(
      fc.property(events, (event) => {
        const result = validateEvent(event);
        expect(result).toEqual({ ok: true, value: event });
        expect(tokenEventSchema.safeParse(event).success).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('gives the verdict of zod on damaged events', () => {
    let refused = 0;
    fc.assert(
      fc.property(events, fc.array(changes, { minLength: 1, maxLength: 2 }), (event, list) => {
        const damaged = list.reduce<unknown>((value, change) => changed(value, change), event);
        const mine = validateEvent(damaged);
        if (!mine.ok) refused += 1;
        expect(mine.ok).toBe(tokenEventSchema.safeParse(damaged).success);
      }),
      { numRuns: 700 },
    );
    expect(refused).toBeGreaterThan(150);
  });

  it('never refuses less than the published JSON Schema', () => {
    fc.assert(
      fc.property(events, changes, (event, change) => {
        const damaged: unknown = JSON.parse(JSON.stringify(changed(event, change)));
        // The other direction does not hold: maxLength counts characters there and UTF-16 units here.
        if (validateEvent(damaged).ok) expect(followsPublished(damaged)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('gives a verdict on anything at all', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(validateEvent(value).ok).toBe(false);
      }),
    );
  });
});

describe('encode and decode', () => {
  it('give back the same events', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 5 }), (list) => {
        // A copy: what this process wrote itself it would not take apart.
        expect(decodeEvents(Buffer.from(encodeEvents(list)))).toEqual({
          events: JSON.parse(JSON.stringify(list)) as unknown,
          faults: [],
        });
      }),
      { numRuns: 100 },
    );
  });

  it('keep the neighbours of bad lines, and number the bad ones', () => {
    const line = fc.oneof(
      { weight: 2, arbitrary: events.map((event) => JSON.stringify(event)) },
      { weight: 1, arbitrary: fc.constantFrom('{', '{}', '[]', 'null', 'x y', '{"schema_version":2}') },
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const good = lines.filter((one) => one.length > 40);
        const bad = lines.flatMap((one, index) => (one.length > 40 ? [] : [index + 1]));
        const decoded = decodeEvents(Buffer.from(lines.join('\n')));
        expect(decoded.events.map((event) => JSON.stringify(event))).toEqual(good);
        expect(decoded.faults.map((fault) => fault.line)).toEqual(bad);
      }),
      { numRuns: 100 },
    );
  });

  it('never throw on a record of which bytes were changed, and let nothing pass that the schema refuses', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(fc.array(events, { minLength: 1, maxLength: 4 }), fc.array(change, { minLength: 1 }), (list, changed) => {
        const value = Buffer.from(encodeEvents(list));
        for (const [at, byte] of changed) value[at % value.length] = byte;
        for (const event of decodeEvents(value).events) expect(tokenEventSchema.safeParse(event).success).toBe(true);
      }),
      { numRuns: 1000 },
    );
  }); // prettier-ignore

  it('never throw on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeEvents(Buffer.from(bytes)).events).toEqual([]);
        expect(decodeEvents(Buffer.from([0xf5, 1, ...bytes])).events).toEqual([]);
      }),
    );
  });
});
