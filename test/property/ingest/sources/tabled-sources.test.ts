import fc from 'fast-check';
import { validateEvent } from '../../../../ingest/event/event-codec.js';
import type { Source } from '../../../../ingest/sources/source.js';
import { leaves, withValue } from '../../../unit/ingest/sources/issuer-samples.js';
import { readCases, tabledFactories, testContext } from '../../../unit/ingest/sources/shared/case-table.js';

/** Never a throw, never a half-made event: a schema's event or a refusal with its place and mend. */
function holds(source: Source, raw: string): void {
  const result = source.parse(raw, testContext);
  if (result.ok) {
    for (const event of result.value) expect(validateEvent(event)).toMatchObject({ ok: true });
  } else {
    expect(result.error.product).toBe(source.product);
    expect(result.error.message).not.toBe('');
    expect(result.error.mend).not.toBe('');
  }
  if (source.split !== undefined) expect(source.split(raw).ok).toBe(true);
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    undefined, null, '', '-', 'null', 'unknown', -1, 0, 1e308, 1e-9, '1e999', '-0', [], {}, [null], [[]], '0000-00-00T00:00:00Z',
    '9999-12-31T23:59:59.9999999Z', '2025-05-31T10:11:12+99:99', '::ffff:1.2.3.4', '[', ']', 'x'.repeat(70_000), '\ud800',
    JSON.parse('{"__proto__":{"type":"x"},"constructor":{"prototype":1}}'), [[[[[[]]]]]], true, '{"a":', '[{', '9'.repeat(40),
  ),
); // prettier-ignore

const pieces = fc.constantFrom(
  '"', '" "', '" 200 ', '[', ']', '] "', '\\', '\\"', '\\x22', ' - ', ',', ', ', ':', '::ffff:', '%', '{', '}', '{"', '":', '|', ';',
  '/', '\u0000', '\n', '\r\n', '\ud800', '😀', '9'.repeat(40), 'HTTP/1.1', 'null', '__proto__', '-1', '1e999', '<BADREQ>', '+', '?token=',
); // prettier-ignore

const jsonOf = (raw: string): unknown => {
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return undefined;
  }
};

describe.each(tabledFactories.map((factory) => [factory.product, factory] as const))('%s', (product, factory) => {
  const records = readCases(product).map((row) => ({ source: factory.create(row.options ?? {}), raw: row.raw }));
  const documents = records
    .map(({ source, raw }) => ({ source, json: jsonOf(raw) }))
    .filter(({ json }) => typeof json === 'object' && json !== null)
    .map(({ source, json }) => ({ source, json, paths: leaves(json).filter((path) => path.length > 0) }))
    .filter(({ paths }) => paths.length > 0);

  it('bears any value in any member of a JSON record', () => {
    if (documents.length === 0) {
      expect(records.length).toBeGreaterThan(0);
      return;
    }
    const change = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), hostile);
    fc.assert(
      fc.property(
        fc.constantFrom(...documents),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (document, changes) => {
          let changed: unknown = document.json;
          for (const [at, value] of changes) {
            try {
              changed = withValue(changed, document.paths[Math.floor(at * document.paths.length)]!, value);
            } catch {
              // An earlier change took away what this one would go into.
            }
          }
          holds(document.source, JSON.stringify(changed));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('bears being cut, doubled, and mixed with other bytes', () => {
    const place = fc.double({ min: 0, max: 1, noNaN: true });
    const noise = fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 8 }), fc.constant(''));
    const edit = fc.tuple(place, fc.oneof(fc.constant(0), fc.nat(4), fc.nat(80)), noise);
    fc.assert(
      fc.property(
        fc.constantFrom(...records),
        fc.array(edit, { minLength: 1, maxLength: 5 }),
        ({ source, raw }, edits) => {
          let text = raw;
          for (const [at, remove, insert] of edits) {
            const index = Math.floor(at * text.length);
            text = text.slice(0, index) + insert + text.slice(index + remove);
          }
          holds(source, text);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('bears nesting and size in time that grows with the length', () => {
    const { source, raw } = records[0]!;
    const cut = raw.slice(0, Math.floor(raw.length / 2));
    for (const hostileText of [
      '['.repeat(100_000), '{"a":'.repeat(60_000), `${'['.repeat(5_000)}${']'.repeat(5_000)}`, `"${'\\"'.repeat(100_000)}`,
      ...['"', ' ', '" "', '[', '\\', ' - ', '/', '|', '=', 'a=b ', '{', '%25', ',', ':', '9'].map((piece) => cut + piece.repeat(Math.floor(150_000 / piece.length))),
    ]) {
      const started = process.cpuUsage();
      holds(source, hostileText);
      const { user, system } = process.cpuUsage(started);
      expect(user + system).toBeLessThan(2_500_000);
    } // prettier-ignore
  });
});
