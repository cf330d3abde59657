import fc from 'fast-check';
import { tokenEventSchema } from '../../../../ingest/event/token-event.js';
import type { Source } from '../../../../ingest/sources/source.js';
import { splitDocument } from '../../../../ingest/sources/shared/json-split.js';
import { leaves, samples, withValue } from '../../../unit/ingest/sources/issuer-samples.js';
import { contextAt } from '../../../unit/ingest/sources/source-kit.js';

/** Never a throw, never a half-made event: a schema's event or a refusal with its place and mend. */
function holds(source: Source, raw: string): void {
  const result = source.parse(raw, contextAt());
  if (result.ok) for (const event of result.value) tokenEventSchema.parse(event);
  else {
    expect(result.error.product).toBe(source.product);
    expect(result.error.message).not.toBe('');
    expect(result.error.mend).not.toBe('');
  }
  expect(source.split?.(raw).ok).toBe(true);
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    undefined, null, '', 'null', -1, 1e308, 1e-9, '1e999', [], {}, '0000-00-00T00:00:00Z', '9999-12-31T23:59:59.999999999Z',
    '2025-05-31T10:11:12+99:99', 'hmac-sha256:', '::ffff:1.2.3.4', 'x'.repeat(100_000), '\ud800', { __proto__: null, toString: 1 },
    JSON.parse('{"__proto__":{"type":"x"},"constructor":{"prototype":1}}'), [[[[[[]]]]]], true,
  ),
); // prettier-ignore

describe.each(samples)('$name', ({ source, record }) => {
  const paths = leaves(record);
  const raw = JSON.stringify(record);

  it('bears any value in any of its fields', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...paths), hostile), { minLength: 1, maxLength: 4 }), (changes) => {
        let changed: unknown = record;
        for (const [path, value] of changes) {
          try {
            changed = withValue(changed, path, value);
          } catch {
            // An earlier change took away what this one would go into.
          }
        }
        holds(source, JSON.stringify(changed));
      }),
      { numRuns: 150 },
    );
  });

  it('bears being cut, doubled, and mixed with other bytes', () => {
    const at = fc.nat({ max: raw.length });
    fc.assert(
      fc.property(at, at, fc.string({ unit: 'binary', maxLength: 8 }), (from, to, noise) => {
        holds(source, raw.slice(0, from) + noise + raw.slice(to));
      }),
      { numRuns: 150 },
    );
  });
});

describe('keycloak lines', () => {
  const source = samples[0]!.source;
  const pair = fc.tuple(
    fc.constantFrom('type', 'realmId', 'userId', 'error', 'username', 'token_id', 'scope', 'a.b', ''),
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"', "'", '\\"', ', x=', '="', 'null', "'a', b='c'", '\\\\"'),
    ),
    fc.constantFrom('', '"', "'", '\\"'),
  );

  it('bears any list', () => {
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 12 }), fc.boolean(), (pairs, json) => {
        const list = `type=LOGIN${pairs.map(([key, value, quote]) => `, ${key}=${quote}${value}${quote}`).join('')}`;
        const head = '2025-05-31 10:11:12,345 WARN  [org.keycloak.events] (t) ';
        holds(
          source,
          json
            ? JSON.stringify({ timestamp: '2025-05-31T10:11:12Z', loggerName: 'org.keycloak.events', message: list })
            : head + list,
        );
      }),
      { numRuns: 250 },
    );
  });

  it.each([
    ['quotes', `type="LOGIN", a="${'", "'.repeat(60_000)}"`],
    ['commas', `type=LOGIN, a=${', '.repeat(100_000)}`],
    ['near pairs', `type=LOGIN, a=${', bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb '.repeat(4_000)}`],
    ['backslashes', `type="LOGIN", a="${'\\'.repeat(200_000)}"`],
    ['spaces', `type=LOGIN, a=${' '.repeat(200_000)}`],
  ])('is linear in %s', (_, list) => {
    const start = performance.now();
    holds(source, `2025-05-31 10:11:12,345 WARN  [org.keycloak.events] (t) ${list}`);
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});

describe('deep and large documents', () => {
  it.each(samples)('$name: bears nesting and size', ({ source, record }) => {
    for (const raw of [
      '['.repeat(100_000),
      '{"a":'.repeat(100_000),
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
      JSON.stringify({ ...record, more: 'x'.repeat(2_000_000) }),
      `"${'\\"'.repeat(100_000)}`,
    ]) {
      // prettier-ignore
      const start = performance.now();
      holds(source, raw);
      expect(performance.now() - start).toBeLessThan(3_000);
    }
  });

  it('split gives back what a list was made of', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), { maxLength: 8 }),
        (members) => {
          const texts = members.map((member) => JSON.stringify(member));
          for (const document of [
            JSON.stringify(members),
            JSON.stringify(members, null, 2),
            JSON.stringify({ n: 1, Records: members }),
            texts.join('\n'),
          ]) {
            expect(splitDocument(document, ['Records']).map((text) => JSON.stringify(JSON.parse(text)))).toEqual(
              texts.map((text) => JSON.stringify(JSON.parse(text))),
            );
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
