import fc from 'fast-check';
import { validateEvent } from '../../../../ingest/event/event-codec.js';
import { envoyFactory } from '../../../../ingest/sources/envoy/source.js';
import { nginxFactory } from '../../../../ingest/sources/nginx/source.js';
import { readCases, testContext } from '../../../unit/ingest/sources/shared/case-table.js';

const sources = [
  ['nginx', nginxFactory],
  ['envoy', envoyFactory],
] as const;

/** Pieces that carry structure in one of the formats, so that mutations meet the scanners' branches. */
const pieces = [
  '"', '" "', '" 200 ', '[', ']', '] "', '\\', '\\"', '\\x22', '\\x', ' - ', ' -', '- ', ',', ', ', ':', '::ffff:', '%', '%40',
  '{', '}', '{"', '":', '[[', '|', 'outbound|', 'unix:', ', client: ', '" was not found in "', '": password mismatch',
  '?access_token=', '&', '=', '\u0000', '\n', '\r\n', '\ud800', '😀', '\u202e', '9'.repeat(40), 'HTTP/1.1', 'null',
  '__proto__', '[02/Jan/2024:03:04:05 +0100] "', '[2024-01-02T03:04:05.678Z] "', ' stdout F ', 'ACCESS ', '-1', '1e999',
]; // prettier-ignore

interface Mutation {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(80)),
  insert: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 12, unit: 'binary' }), fc.constant('')),
});

function mutate(raw: string, mutations: readonly Mutation[]): string {
  let text = raw;
  for (const { at, remove, insert } of mutations) {
    const index = Math.floor(at * text.length);
    text = text.slice(0, index) + insert + text.slice(index + remove);
  }
  return text;
}

describe.each(sources)('%s under mutation', (product, factory) => {
  const source = factory.create({});
  const records = readCases(product).map((row) => row.raw);

  it('never throws, and what it makes is a valid event or a full ParseError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...records), fc.array(mutation, { maxLength: 6 }), (raw, mutations) => {
        const result = source.parse(mutate(raw, mutations), testContext);
        if (result.ok) {
          for (const event of result.value) expect(validateEvent(event)).toMatchObject({ ok: true });
          return;
        }
        expect(result.error.product).toBe(product);
        expect(result.error.message).not.toBe('');
        expect(result.error.mend).not.toBe('');
      }),
      { numRuns: 3000 },
    );
  });

  it('takes any text at all', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (raw) => {
        const result = source.parse(raw, testContext);
        if (result.ok) for (const event of result.value) expect(validateEvent(event)).toMatchObject({ ok: true });
      }),
      { numRuns: 1000 },
    );
  });

  it('takes any JSON under known keys', () => {
    const keys = ['time', 'start_time', 'status', 'method', 'path', 'request', 'authority', 'client', 'user', 'jwt_claims',
      'jwt_iss', 'jwt_aud', 'jwt_exp', 'authorization', 'api_key', 'token_fp', 'downstream_peer_uri_san', 'x_forwarded_for',
      'upstream_cluster', 'response_code_details', 'duration', '__proto__', 'constructor', 'toString']; // prettier-ignore
    const record = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(record, fc.boolean(), (extra, isDated) => {
        const base = isDated ? { start_time: '2024-01-02T03:04:05.678Z', status: 200 } : {};
        const result = source.parse(JSON.stringify({ ...extra, ...base }), testContext);
        if (isDated) expect(result.ok).toBe(true);
        if (result.ok) for (const event of result.value) expect(validateEvent(event)).toMatchObject({ ok: true });
      }),
      { numRuns: 1500 },
    );
    expect(({} as Record<string, unknown>)['status']).toBeUndefined();
  });

  it.each([
    '"',
    '[',
    '\\',
    '\\x41',
    ' - ',
    ', ',
    '" "',
    '{"a":',
    '|',
    '=',
    'a=b ',
    '/',
    '/9',
    '{',
    '%',
    '%25',
    '?a=',
    'user "',
    ', client: ',
    ' ',
  ])('needs time in proportion to the length of hostile repetitions of %j', (piece) => {
    const heads = ['', '203.0.113.7 - ', '203.0.113.7 - - [02/Jan/2024:03:04:05 +0100] "GET /', '[2024-01-02T03:04:05.678Z] "GET /',
        '[2024-01-02T03:04:05.678Z] "GET / HTTP/1.1" 200 - ', '{"time":"', '2024/01/02 03:04:05 [error] 1#1: user "']; // prettier-ignore
    for (const head of heads) {
      const raw = head + piece.repeat(Math.floor(200_000 / piece.length));
      const started = process.cpuUsage();
      source.parse(raw, testContext);
      const { user, system } = process.cpuUsage(started);
      expect(user + system).toBeLessThan(2_000_000);
    }
  });
});
