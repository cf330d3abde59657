import { envoyFactory } from '../../../../ingest/sources/envoy/source.js';
import { nginxFactory } from '../../../../ingest/sources/nginx/source.js';
import { eventOf, fpOf } from './source-kit.js';
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

  it('name an opaque token by the claims that the proxy found behind it, and keep its bytes as an alias', () => {
    const source = factory.create({});
    const record = {
      time_iso8601: '2026-01-05T09:00:00+00:00', request: 'GET /me HTTP/1.1', status: '200', remote_addr: '198.51.100.7',
      jwt_claim_iss: 'https://id.example.com', jwt_claim_jti: 'j-1', jwt_claim_sub: 'u-1',
    }; // prettier-ignore
    const behind = eventOf(source, { ...record, authorization: 'Bearer reference-0123456789abcdef' });
    expect(behind.token?.token_uid).toBe(eventOf(source, record).token?.token_uid);
    expect(behind.token?.secret_fp).toBeUndefined();
    expect(behind.token?.aliases).toContainEqual({ kind: 'secret_fp', value: fpOf('reference-0123456789abcdef') });
    expect(behind.principal?.id).toBe('u-1');
  });

  it('take a presigned URL for the key that signed it, and not for a token of its own', () => {
    const signed = (signature: string) => ({
      time_iso8601: '2026-01-05T09:00:00+00:00', status: '200', remote_addr: '198.51.100.7',
      request: `GET /b/o?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260105%2Feu-1%2Fs3%2Faws4_request&X-Amz-Signature=${signature} HTTP/1.1`,
    }); // prettier-ignore
    const source = factory.create({});
    const event = eventOf(source, signed('ab12'.repeat(16)));
    expect([event.token?.identity, event.token?.key_id]).toEqual(['aws', 'AKIAIOSFODNN7EXAMPLE']);
    expect(event.token?.token_uid).toBe(eventOf(source, signed('cd34'.repeat(16))).token?.token_uid);
    expect(event.exposures).toEqual(['token_in_url']);
  });

  it('prove nothing by a certificate that the proxy did not accept', () => {
    const record = {
      time_iso8601: '2026-01-05T09:00:00+00:00', request: 'GET /me HTTP/1.1', status: '200', remote_addr: '198.51.100.7',
      ssl_protocol: 'TLSv1.3', ssl_client_s_dn: 'CN=a',
    }; // prettier-ignore
    const source = factory.create({});
    expect(eventOf(source, { ...record, ssl_client_verify: 'SUCCESS' }).transport).toBe('mtls');
    expect(eventOf(source, { ...record, ssl_client_verify: 'FAILED:certificate has expired' }).transport).toBe('tls');
    expect(eventOf(source, { ssl_client_verify: 'FAILED:self-signed certificate', ...record }).transport).toBe('tls');
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
