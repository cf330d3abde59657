import { parseAuthorization } from '../../../../ingest/event/credential-text.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('parseAuthorization', () => {
  it.each([
    ['Bearer abc.def', 'bearer', 'abc.def', undefined],
    ['  bearer   abc ', 'bearer', 'abc', undefined],
    ['DPoP abc', 'dpop', 'abc', undefined],
    ['token ghp_x', 'token', 'ghp_x', undefined],
    ['Token token="abc", nonce="x"', 'token', 'abc', undefined],
    ['ApiKey abc', 'apikey', 'abc', undefined],
    ['abc', '', 'abc', undefined],
    ['Bearer', '', 'Bearer', undefined],
    [`Basic ${base64('ann:p:w')}`, 'basic', 'p:w', 'ann'],
    [`Basic ${base64('sk_live_key:')}`, 'basic', 'sk_live_key', undefined],
    [`Basic ${base64(':pw')}`, 'basic', 'pw', undefined],
    [`Basic ${base64('no colon')}`, 'basic', 'no colon', undefined],
    ['Basic not*base64', 'basic', 'not*base64', undefined],
    [`Basic ${base64(':')}`, 'basic', undefined, undefined],
    [
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20250101/eu-1/s3/aws4_request, SignedHeaders=host, Signature=ab',
      'aws4-hmac-sha256',
      undefined,
      'AKIAIOSFODNN7EXAMPLE',
    ],
    ['Digest username="ann", realm="x", response="abc"', 'digest', undefined, 'ann'],
    ['Signature keyId="k1",signature="abc"', 'signature', undefined, 'k1'],
    ['AWS4-HMAC-SHA256 rubbish', 'aws4-hmac-sha256', undefined, undefined],
    ['', '', undefined, undefined],
    [`Bearer ${'x'.repeat(200_000)}`, '', undefined, undefined],
  ])('%.80s', (header, scheme, secret, user) => {
    const parsed = parseAuthorization(header);
    expect(parsed.scheme).toBe(scheme);
    expect(parsed.secret?.reveal()).toBe(secret);
    expect(parsed.user).toBe(user);
  });
});
