import { parseAccessTime, parseClfTime } from '../../../../../ingest/sources/shared/access-time.js';
import { KeyDictionary } from '../../../../../ingest/sources/shared/access-fields.js';
import { stripContainerPrefix } from '../../../../../ingest/sources/shared/container-prefix.js';
import { httpOutcome } from '../../../../../ingest/sources/shared/http-outcome.js';

const at = Date.UTC(2024, 0, 2, 3, 4, 5);

describe('times of access logs', () => {
  it.each([
    ['02/Jan/2024:03:04:05 +0000', at],
    ['02/Jan/2024:08:34:05 +0530', at],
    ['01/Jan/2024:19:04:05 -0800', at],
    ['29/Feb/2024:00:00:00 +0000', Date.UTC(2024, 1, 29)],
    ['29/Feb/2023:00:00:00 +0000', Number.NaN],
    ['32/Jan/2024:03:04:05 +0000', Number.NaN],
    ['02/Foo/2024:03:04:05 +0000', Number.NaN],
    ['02/anF/2024:03:04:05 +0000', Number.NaN],
    ['02/Jan/2024:25:04:05 +0000', Number.NaN],
    ['', Number.NaN],
  ])('reads the CLF time %s', (text, expected) => {
    expect(parseClfTime(text)).toBe(expected);
    expect(parseClfTime(text)).toBe(expected);
  });

  it.each([
    ['2024-01-02T03:04:05Z', at],
    ['2024-01-02T04:04:05.250+01:00', at + 250],
    ['1704164645.250', at + 250],
    [1704164645, at],
    [1704164645250, at + 250],
    ['1704164645250123', at + 250],
    ['2024-01-02T03:04:05', Number.NaN],
    ['soon', Number.NaN],
    [-5, Number.NaN],
  ])('reads %s in whatever unit', (value, expected) => {
    expect(parseAccessTime(value)).toBe(expected);
  });
});

describe('container envelopes', () => {
  const line = '203.0.113.7 - - [x]';
  it.each([
    [`2024-01-02T03:04:05.123456789Z stdout F ${line}`],
    [`2024-01-02T03:04:05.123456789+01:00 stderr F ${line}\r\n`],
    [JSON.stringify({ log: `${line}\n`, stream: 'stdout', time: 'x' })],
    [JSON.stringify({ message: line, kubernetes: { pod: 'p' } })],
    [`2024-01-02T03:04:05.123456789Z stdout F ${JSON.stringify({ log: line })}`],
    [line],
  ])('are taken off %s', (raw) => {
    expect(stripContainerPrefix(raw)).toBe(line);
  });

  it('leaves an access record alone that has a message of its own', () => {
    const record = JSON.stringify({ status: 200, message: 'x' });
    expect(stripContainerPrefix(record)).toBe(record);
  });
});

it.each([
  [200, true, 'success', undefined],
  [304, undefined, 'success', undefined],
  [401, true, 'failure', 'invalid_token'],
  [401, false, 'failure', 'missing_token'],
  [401, undefined, 'failure', undefined],
  [403, true, 'failure', 'access_denied'],
  [418, true, 'failure', 'client_error'],
  [429, true, 'failure', 'rate_limited'],
  [499, true, 'unknown', 'client_error'],
  [503, true, 'failure', 'upstream_error'],
  [0, true, 'unknown', undefined],
  [undefined, true, 'unknown', undefined],
] as const)('status %s with a credential (%s) is %s for %s', (status, hasToken, outcome, reason) => {
  expect(httpOutcome(status, hasToken)).toEqual(reason === undefined ? { outcome } : { outcome, reason });
});

it('looks keys up however they are written, the operator first', () => {
  const dictionary = new KeyDictionary({ status: 'ignore', wer: 'client_address' });
  expect(dictionary.meaningOf('X-Request-Id')?.meaning).toBe('request_id');
  expect(dictionary.meaningOf('x_request_id')?.meaning).toBe('request_id');
  expect(dictionary.meaningOf(':authority')?.meaning).toBe('authority');
  expect(dictionary.meaningOf('status')?.meaning).toBe('ignore');
  expect(dictionary.meaningOf('wer')?.meaning).toBe('client_address');
  expect(dictionary.meaningOf('__proto__')).toBeUndefined();
  expect(dictionary.meaningOf('toString')).toBeUndefined();
});
