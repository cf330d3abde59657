import {
  asNumber,
  digText,
  jsonLimits,
  parseJson,
  parseJsonObject,
  readBoolean,
  readCount,
  readText,
  readTexts,
  readValue,
} from '../../../../../ingest/sources/shared/json-reader.js';

describe('parseJson', () => {
  it('refuses what is too long, too deep, cut off or no object, and never quotes the record', () => {
    const secret = 'hunter2-hunter2';
    for (const raw of [
      `"${secret.repeat(80_000)}"`,
      `${'['.repeat(jsonLimits.maxDepth + 1)}${'1,'.repeat(40)}1${']'.repeat(jsonLimits.maxDepth + 1)}`,
      `{"a":"${secret}`,
      `["${secret}"]`,
      secret,
    ]) {
      const result = parseJsonObject(raw, 'demo');
      expect(result).toMatchObject({ ok: false, error: { product: 'demo' } });
      expect(JSON.stringify(result)).not.toContain('hunter2');
    }
  });

  it('does not count brackets inside strings', () => {
    const text = JSON.stringify({ a: '[{"\\'.repeat(200) });
    expect(parseJson(text, 'demo')).toMatchObject({ ok: true });
  });

  it('takes the deepest record that is allowed', () => {
    const text = '['.repeat(jsonLimits.maxDepth) + ']'.repeat(jsonLimits.maxDepth);
    expect(parseJson(text, 'demo')).toMatchObject({ ok: true });
  });
});

describe('readers', () => {
  const parsed = parseJsonObject(
    '{"__proto__":{"x":1},"n":"42","f":1.5,"neg":-1,"t":"true","e":"","nul":null,"l":["a",1,null,{}],"o":{"p":{"q":"deep"}}}',
    'demo',
  );
  const object = parsed.ok ? parsed.value : {};

  it('see own members only', () => {
    expect(readValue(object, 'toString')).toBeUndefined();
    expect(readValue(object, 'constructor')).toBeUndefined();
    expect(readValue(object, '__proto__')).toEqual({ x: 1 });
    expect(readValue({}, '__proto__')).toBeUndefined();
  });

  it('convert kindly, but do not guess', () => {
    expect(readCount(object, 'n')).toBe(42);
    expect(readCount(object, 'f')).toBeUndefined();
    expect(readCount(object, 'neg')).toBeUndefined();
    expect(readBoolean(object, 't')).toBe(true);
    expect(readText(object, 'e')).toBeUndefined();
    expect(readText(object, 'nul')).toBeUndefined();
    expect(readTexts(object, 'l')).toEqual(['a', '1']);
    expect(readTexts(object, 'n')).toEqual(['42']);
    expect(digText(object, 'o', 'p', 'q')).toBe('deep');
    expect(digText(object, 'o', 'x', 'q')).toBeUndefined();
    expect([asNumber('1e3'), asNumber('0x10'), asNumber(''), asNumber('1 '), asNumber('1e999')]).toEqual([
      1000,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
