import { splitDocument } from '../../../../../ingest/sources/shared/json-split.js';

const wrappers = ['Records'];

describe('splitDocument', () => {
  it.each<[string, string, string[]]>([
    ['a list', '[{"a":1}, {"b":[2,{"c":"]"}]}]', ['{"a":1}', '{"b":[2,{"c":"]"}]}']],
    ['a wrapper', '{"x":{"Records":[9]},"Records":[{"a":1},{"b":2}],"z":1}', ['{"a":1}', '{"b":2}']],
    ['NDJSON', '{"a":1}\n{"b":2}\r\n\n{"c":3}', ['{"a":1}', '{"b":2}', '{"c":3}']],
    ['NDJSON of wrappers', '{"Records":[{"a":1}]}\n{"Records":[{"b":2}]}', ['{"a":1}', '{"b":2}']],
    ['pretty-printed texts', '{\n  "a": "}\\"{"\n}\n{\n  "b": 2\n}\n', ['{\n  "a": "}\\"{"\n}', '{\n  "b": 2\n}']],
    ['plain lines', 'one\n[WARN] two\n\nthree', ['one', '[WARN] two', 'three']],
    ['a byte order mark', '\ufeff[{"a":1}]', ['{"a":1}']],
    ['an empty list', '{"Records":[]}', []],
    ['nothing', ' \n', []],
    ['an escaped quote at the end', '[{"a":"\\\\"},{"b":1}]', ['{"a":"\\\\"}', '{"b":1}']],
  ])('takes %s apart', (_, document, records) => {
    expect(splitDocument(document, wrappers)).toEqual(records);
  });

  it('keeps the neighbours of a record that breaks off', () => {
    expect(splitDocument('{"a":1}\n{"b":"cut\n{"c":3}\n', wrappers)).toEqual(['{"a":1}', '{"b":"cut', '{"c":3}']);
    expect(splitDocument('{"Records":[{"a":1},{"b":2},{"c":', wrappers)).toEqual(['{"a":1}', '{"b":2}', '{"c":']);
    expect(splitDocument('[{"a":1},{"b', wrappers)).toEqual(['{"a":1}', '{"b']);
  });

  it('stays linear when every record breaks off', () => {
    const document = '{"a":[\n'.repeat(200_000);
    const start = process.cpuUsage();
    const records = splitDocument(document, wrappers);
    expect(records.length).toBeGreaterThan(100_000);
    // Processor time, since the clock goes on while a busy machine does other things; quadratic takes minutes.
    expect(process.cpuUsage(start).user).toBeLessThan(10_000_000);
  });
});
