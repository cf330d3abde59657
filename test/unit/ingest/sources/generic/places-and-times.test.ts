import { followPointer, isPointer, pointerTokens } from '../../../../../ingest/sources/generic/pointer.js';
import { compileTimeFormat } from '../../../../../ingest/sources/generic/strptime.js';

describe('JSON pointers', () => {
  /** The document and the answers of RFC 6901 §5. */
  const document = {
    foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'c%d': 2, 'e^f': 3, 'g|h': 4, 'i\\j': 5, 'k"l': 6, ' ': 7, 'm~n': 8,
  }; // prettier-ignore

  it.each([
    ['', document], ['/foo', ['bar', 'baz']], ['/foo/0', 'bar'], ['/', 0], ['/a~1b', 1], ['/c%d', 2], ['/e^f', 3], ['/g|h', 4],
    ['/i\\j', 5], ['/k"l', 6], ['/ ', 7], ['/m~0n', 8],
  ])('%s', (pointer, value) => {
    expect(isPointer(pointer)).toBe(true);
    expect(followPointer(document, pointerTokens(pointer), new Map())).toEqual(value);
  }); // prettier-ignore

  it.each(['foo', '/a~', '/a~2', '#/foo', 'a/b'])('%s is none', (text) => {
    expect(isPointer(text)).toBe(false);
  });

  it('go on into JSON that stands in a text, and nowhere that a record has not itself', () => {
    const follow = (root: unknown, pointer: string): unknown => followPointer(root, pointerTokens(pointer), new Map());
    expect(follow({ a: '{"b":[1,{"c":2}]}' }, '/a/b/1/c')).toBe(2);
    expect(follow({ a: 'plain' }, '/a/length')).toBeUndefined();
    expect(follow({ a: [1, 2] }, '/a/length')).toBeUndefined();
    expect(follow({ a: [1, 2] }, '/a/01')).toBeUndefined();
    expect(follow({}, '/constructor/name')).toBeUndefined();
    expect(follow({}, '/__proto__')).toBeUndefined();
    expect(follow(null, '/a')).toBeUndefined();
  });
});

describe('time formats', () => {
  const read = (format: string, text: string, zone = 'UTC'): string | undefined => {
    const reader = compileTimeFormat(format, zone);
    if (typeof reader !== 'function') throw new Error(reader.fault);
    const ms = reader(text);
    return ms === undefined ? undefined : new Date(ms).toISOString();
  };

  it.each([
    ['%Y-%m-%d %H:%M:%S,%f', '2025-06-01 14:03:22,118', 'Europe/Vienna', '2025-06-01T12:03:22.118Z'],
    ['%Y-%m-%d %H:%M:%S', '2025-01-01 14:03:22', 'Europe/Vienna', '2025-01-01T13:03:22.000Z'],
    ['%d/%b/%Y:%H:%M:%S %z', '01/Jun/2025:14:03:22 +0230', 'UTC', '2025-06-01T11:33:22.000Z'],
    ['%b %e %Y %I:%M:%S %p', 'Jun  1 2025 12:03:22 AM', '-01:00', '2025-06-01T01:03:22.000Z'],
    ['%y%j%H%M', '251521403', 'UTC', '2025-06-01T14:03:00.000Z'],
    ['%Y-%m-%dT%H:%M:%S.%f%z', '2025-06-01T14:03:22.1182345Z', 'UTC', '2025-06-01T14:03:22.118Z'],
    ['[%s.%f] 100%%', '[1748779402.5] 100%', 'UTC', '2025-06-01T12:03:22.500Z'],
    ['%Y-%m-%d %H:%M %Z', '2024-02-29 23:59 GMT', 'Europe/Vienna', '2024-02-29T23:59:00.000Z'],
  ])('%s reads %s of %s', (format, text, zone, time) => {
    expect(read(format, text, zone)).toBe(time);
  });

  it.each([
    ['%Y-%m-%d %H:%M', '2025-02-30 10:00'], ['%Y-%m-%d %H:%M', '2025-13-01 10:00'], ['%Y-%m-%d %H:%M', '2025-01-01 24:00'],
    ['%Y-%m-%d %H:%M', '2025-01-01 10:00 '], ['%Y-%m-%d %H:%M', ' 2025-01-01 10:00'], ['%Y-%m-%d %H:%M', '2025-01-01 1:00'],
    ['%Y-%j %H:%M', '2025-366 10:00'], ['%Y-%m-%d %H:%M %z', '2025-01-01 10:00 +99:00'], ['%Y-%b-%d %H:%M', '2025-Foo-01 10:00'], ['%s', ''],
    ['%Y-%m-%d %I:%M %p', '2025-01-01 13:00 PM'], ['%Y-%m-%d %H:%M', '2025-01-0١ 10:00'],
  ])('%s refuses %s', (format, text) => {
    expect(read(format, text)).toBeUndefined();
  }); // prettier-ignore

  it.each(['%Y-%m-%d', '%H:%M', '%Q', '%', '%m-%d %H:%M', '%Y-%m-%d %I:%M'])('%s is no format', (format) => {
    expect(compileTimeFormat(format, 'UTC')).toEqual({ fault: expect.any(String) as string });
  });
});
