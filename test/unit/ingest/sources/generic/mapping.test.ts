import fc from 'fast-check';
import { readMapping } from '../../../../../ingest/sources/generic/read-mapping.js';
import { genericFactory } from '../../../../../ingest/sources/generic/source.js';
import { contextAt } from '../source-kit.js';

const faultsOf = (text: string): readonly (readonly [string, number | undefined, string])[] => {
  const read = readMapping(text);
  return read.ok ? [] : read.error.map(({ path, line, message }) => [path, line, message] as const);
};

describe('a mapping', () => {
  it('is refused with every fault of its shape, the line and a mend', () => {
    const text = [
      'format: xml',
      'kind: proxies',
      'colour: red',
      'timezone: Mars/Olympus',
      'fields:',
      '  time: 7',
      '  colour: /c',
      'only:',
      '  - { in: [a] }',
    ].join('\n');
    const faults = faultsOf(text);
    expect(faults.map(([path, line]) => [path, line])).toEqual(
      expect.arrayContaining([
        ['format', 1],
        ['kind', 2],
        ['timezone', 4],
        ['fields.time', 6],
        ['fields', 6],
        ['only.0.from', 9],
        ['', 1],
      ]),
    );
    expect(faults.some(([, , message]) => message === 'unknown key colour')).toBe(true);
  });

  it('is refused with every thing that does not fit together', () => {
    const text = `
format: text
kind: issuer
patterns: ['(?P<a>x', '(a)+', '(?P<at>.*)', '(?P<b>(?=x))']
records: [nope]
only: [{ from: gone, in: [a] }]
fields:
  action: { from: at, map: { a: use, b: fly } }
  outcome: { const: fine }
  status: { from: at, const: 1 }
  method: { from: at, format: epoch_s }
  path: { from: at, match: '(?P<a>x)(?P<b>y)' }
  request_id: { outer: x }
  jwt_exp: { from: at, format: '%Y %q' }
`;
    const faults = faultsOf(text).map(([path, line]) => `${path}:${line}`);
    expect(faults.sort()).toEqual(
      [
        'patterns.0:4', 'patterns.1:4', 'patterns.3:4', 'records.0:5', 'records.0:5', 'only.0.from:6', 'fields.action.map.b:8',
        'fields.outcome.const:9', 'fields.status:10', 'fields.method.format:11', 'fields.path.match:12', 'fields.request_id.outer:13',
        'fields.jwt_exp.format:14', 'fields:8',
      ].sort(),
    ); // prettier-ignore
  });

  it('says through the factory where it is wrong and how to mend it', () => {
    expect(() => genericFactory.create({ mapping: 'format: json\nfields: { status: status }' })).toThrow(
      expect.objectContaining({
        code: 'TQ_CONFIG_INVALID',
        message: expect.stringMatching(
          /2 fault\(s\):\n {2}fields\.status\.from \(line 2\): it is no JSON pointer\. Write [^\n]*\n {2}fields \(line 2\): time is missing\. Say /,
        ) as string,
      }) as Error,
    );
  });

  it('is refused kindly when it is no YAML, nests without end, or multiplies by aliases', () => {
    const bomb = `a0: &a0 [x, x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n')}`;
    for (const text of ['format: [', `a: ${'['.repeat(50_000)}`, bomb, 'a: 1\na: 2', '- 1', '7', 'x'.repeat(300_000)]) {
      const read = readMapping(text);
      expect(read.ok).toBe(false);
      if (!read.ok) expect(read.error.every((fault) => fault.message !== '' && fault.mend !== '')).toBe(true);
    }
  });

  it('never throws, whatever stands in it', () => {
    const word = fc.constantFrom('format', 'json', 'text', 'fields', 'time', 'from', 'patterns', '(?P<a>.)', '/a', 'map', 'only', '__proto__', 'const', 'match', 'outer', 'header', 'attributes', 'records', '%Y', 'constructor'); // prettier-ignore
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        word,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(word, tie('node'), { maxKeys: 5 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.oneof(fc.string(), tree), (given) => {
        const read = readMapping(given);
        if (!read.ok) expect(read.error.length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a pattern', () => {
  it('cannot hang: what makes backtracking engines explode is read in time that grows with the line', () => {
    for (const pattern of [
      '(?P<t>(?:a+)+)b',
      '(?P<t>(?:a|a)*)b',
      '(?P<t>(?:a|aa)+)b',
      '(?P<t>(?:.*,){10}x)',
      '(?P<t>(?:x{1,99})*)y',
    ]) {
      const mapping = { format: 'text', patterns: [pattern], fields: { time: 't' } };
      const source = genericFactory.create({ mapping });
      const started = performance.now();
      for (const line of ['a'.repeat(60_000), 'x'.repeat(40_000), ','.repeat(60_000), 'a'.repeat(1_000_000)])
        expect(source.parse(line, contextAt()).ok).toBe(false);
      expect(performance.now() - started).toBeLessThan(20_000);
    }
  });

  it.each([
    ['((a{100}){100}){100}'],
    ['(?P<n>x{1000}y{1000})'],
    [`(?P<n>${'a'.repeat(5000)})`],
    ['(a)\\1'],
    ['(?P<n>a)(?P<n>b)'],
  ])('is refused when it is too large or no RE2: %s', (pattern) => {
    const faults = faultsOf(JSON.stringify({ format: 'text', patterns: [pattern], fields: { time: { const: 0 } } }));
    expect(faults.map(([path]) => path)).toContain('patterns.0');
  });
});
