import { envoyFactory } from '../../../../ingest/sources/envoy/source.js';
import { nginxFactory } from '../../../../ingest/sources/nginx/source.js';
import { readCases, testContext } from './shared/case-table.js';

describe.each([nginxFactory, envoyFactory])('records of $product', (factory) => {
  it('give the same event for the same record at the same place, and another uid elsewhere', () => {
    const source = factory.create({});
    const raw = readCases(factory.product).find((row) => row.expect !== undefined)?.raw ?? '';
    const first = source.parse(raw, testContext);
    const elsewhere = source.parse(raw, { ...testContext, position: { container: 'file-1', offset: 99 } });
    expect(source.parse(raw, testContext)).toEqual(first);
    expect(first.ok && elsewhere.ok && first.value[0]?.event_uid === elsewhere.value[0]?.event_uid).toBe(false);
  });

  it('tell the algorithm and the key of a JWT that a proxy logs beside its claims', () => {
    const raw = JSON.stringify({
      time_iso8601: '2026-01-05T09:00:00+00:00', request: 'GET /me HTTP/1.1', status: '200', remote_addr: '198.51.100.7',
      jwt_claim_iss: 'https://id.example.com', jwt_claim_jti: 'j-1', jwt_header_alg: 'none', jwt_header_kid: 'k-7',
    }); // prettier-ignore
    const read = factory.create({}).parse(raw, testContext);
    expect(read.ok && [read.value[0]?.token?.algorithm, read.value[0]?.token?.key_id]).toEqual(['none', 'k-7']);
  });

  it.each([
    [{ format: 'csv' }],
    [{ fields: { a: 'no such meaning' } }],
    [{ trusted_proxies: ['10.0.0.0/99'] }],
    [{ unknown: 1 }],
    ['text'],
  ])('need options that are known: %j is refused with a mend', (options) => {
    expect(() => factory.create(options)).toThrow(expect.objectContaining({ code: 'TQ_CONFIG_INVALID' }) as Error);
  });
});
