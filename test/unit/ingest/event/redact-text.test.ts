import { redactBounded, redactText, redactUrl } from '../../../../ingest/event/credential-text.js';

/** Made up for these tests; the formats are real, the values open nothing. */
const body = 'Zx8Kq2LmW4Rt7Yb1Nc5Vd9Hf3Js6Pg0Aa2Ee';
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
const formats: Record<string, string> = {
  'GitHub personal token': `ghp_${body.slice(0, 36)}`,
  'GitHub server token': `ghs_${body.slice(0, 36)}`,
  'GitHub fine-grained token': `github_pat_11ABCDEFG0_${body}`,
  'GitLab token': `glpat-${body.slice(0, 20)}`,
  'Slack bot token': 'xoxb-2345678901-2345678901234-AbCdEfGhIjKlMnOpQrStUvWx',
  'JSON Web Token': jwt,
  'Stripe key': `sk_live_${body.slice(0, 24)}`,
  'Google API key': `AIza${body.slice(0, 35)}`,
  'Google access token': `ya29.a0Af${body}`,
  'Vault service token': `hvs.CAESI${body}`,
  'Vault batch token': `hvb.AAAAAQ${body}`,
  'old Vault token': 's.Zx8Kq2LmW4Rt7Yb1Nc5Vd9Hf',
  'npm token': `npm_${body.slice(0, 36)}`,
  'AWS secret access key': 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzKEY12345',
  'AWS session token': `IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ${body}`,
};

describe('redactText', () => {
  describe.each(Object.entries(formats))('%s', (_name, secret) => {
    const places: Record<string, string> = {
      alone: secret,
      'in a sentence': `the caller sent ${secret} twice`,
      'in quotes': `{"note":"${secret}"}`,
      'behind Bearer': `Authorization: Bearer ${secret}`,
      'as a query parameter': `/v1/x?access_token=${secret}&page=2`,
      'as a path segment': `/v1/tokens/${encodeURIComponent(secret)}/info`,
      'percent-encoded': `next=${encodeURIComponent(`/cb?token=${secret}`)}`,
      'in base64': Buffer.from(`{"user":"ann","token":"${secret}"}`).toString('base64'),
      'as a URL password': `https://oauth2:${encodeURIComponent(secret)}@git.example/x.git`,
      'as a command-line flag': `deploy --api-token ${secret} --dry-run`,
      'in a cookie': `Cookie: theme=dark; session=${secret}`,
      'as JSON inside JSON': JSON.stringify({ body: JSON.stringify({ client_secret: secret }) }),
    };
    it.each(Object.entries(places))('%s', (_place, text) => {
      const { text: redacted } = redactText(text);
      expect(redacted).toContain('[redacted]');
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
        expect(redacted).not.toContain(form);
        expect(redacted).not.toContain(form.slice(-12));
      }
    });
  });

  it.each([
    ['password=hunter2', 'password=[redacted]'],
    ['password=a,b;c d', 'password=[redacted] d'],
    ['user=ann,password=x,host=db', 'user=ann,password=[redacted],host=db'],
    ['{"password":"x\\"y","a":1}', '{"password":"[redacted]","a":1}'],
    ['"client_secret" : "s"', '"client_secret" : "[redacted]"'],
    ['X-Vault-Token: abcdef', 'X-Vault-Token: abcdef'],
    ['X-Vault-Token: abc123', 'X-Vault-Token: [redacted]'],
    ['Authorization: Basic dTpw', 'Authorization: [redacted]'],
    ['sent Basic dTpw today', 'sent Basic [redacted] today'],
    ['redis://:pw@cache:6379/0', 'redis://:[redacted]@cache:6379/0'],
    ['https://ann:p@ss@host/x', 'https://ann:[redacted]@host/x'],
    ['api_key=3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'api_key=[redacted]'],
    ['a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b', 'a [redacted] b'],
    ['-----BEGIN PRIVATE KEY-----\\nMIIE', '[redacted]'],
    ['password%3Dhunter2', 'password=[redacted]'],
    ['{"x-api-key":["k1","k2"],"n":1}', '{"x-api-key":[redacted],"n":1}'],
    ['<ns:password>a b</ns:password>', '<ns:password>[redacted]</ns:password>'],
    ['curl -u ann:pw1 https://x', 'curl -u ann:[redacted] https://x'],
    ['//ann:pw@host/x', '//ann:[redacted]@host/x'],
    ['secret : x1', 'secret : [redacted]'],
    ['token:abc', 'token:[redacted]'],
    ['https://hooks.slack.com/services/T00000000/B00000000/xxxxxxxxxxxx', 'https://hooks.slack.com/[redacted]'],
    ['Server=db;Password=p@ss;word!;', 'Server=db;Password=[redacted];'],
    [Buffer.from('{"user":"ann","password":"hunter2"}').toString('base64'), '[redacted]'],
    ['Bearer%20abcDEF123456', 'Bearer%20[redacted]'],
  ])('%s', (text, expected) => {
    expect(redactText(text).text).toBe(expected);
  });

  it.each([
    '/v1/orders/3f2504e0-4f89-41d3-9a0c-0305e82c3301/items?page=2',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
    'AKIAIOSFODNN7EXAMPLE',
    'invalid token: expired',
    'Bearer realm="api", error="invalid_token"',
    'error=invalid_token code=404 key=orders',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    'https://example.com/My-Long-Article-Title-2024-About-Things-And-More',
    'spiffe://cluster.local/ns/shop/sa/checkout',
    'arn:aws:sts::123456789012:assumed-role/Deploy/i-0abc123def4567890',
    'credential=AKIAIOSFODNN7EXAMPLE/20250101/eu-1/s3/aws4_request',
    'key=orders',
    '{"token":{"id":1}}',
    '"client_token":"hmac-sha256:5d1f7ad1c0a8"',
    'basic authentication failed',
    '100 % sure, 50%off %zz',
    '',
  ])('leaves alone: %s', (text) => {
    expect(redactText(text)).toEqual({ text, found: false });
  });

  it('is idempotent', () => {
    const once = redactText(`password=${body} Bearer ${jwt}`).text;
    expect(redactText(once)).toEqual({ text: once, found: false });
  });
});

describe('redactUrl', () => {
  it('drops the query, names the parameters and ranks the secrets', () => {
    const url = redactUrl('/v1/x?page=2&client_secret=s1&access_token=abc%2Bdef&code=zzz');
    expect(url.path).toBe('/v1/x');
    expect(url.exposures).toEqual(['token_in_url']);
    expect(url.parameters).toEqual(['access_token', 'client_secret', 'code']);
    expect(url.secrets.map((secret) => secret.reveal())).toEqual(['abc+def', 's1', 'zzz']);
  });

  it('finds known formats under any name and in the path', () => {
    const url = redactUrl(`/bot/${formats['GitHub personal token'] ?? ''}/send?q=${jwt}`);
    expect(url.path).toBe('/bot/[redacted]/send');
    expect(url.secrets.map((secret) => secret.reveal()).sort()).toEqual([jwt, formats['GitHub personal token']].sort());
  });

  it('looks into the target of a redirect, and ranks what it finds there last', () => {
    const url = redactUrl('/cb?next=https%3A%2F%2Fx%2Fy%3Faccess_token%3Dinner&token=outer');
    expect(url.parameters).toEqual(['token', 'access_token']);
    expect(url.secrets.map((secret) => secret.reveal())).toEqual(['outer', 'inner']);
  });

  it('reads the access key id of a presigned URL', () => {
    const url = redactUrl(
      '/b/o?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20250101%2Feu-1%2Fs3%2Faws4_request&X-Amz-Signature=ab12',
    );
    expect(url.accessKeyId).toBe('AKIAIOSFODNN7EXAMPLE');
    expect(url.parameters).toEqual(['X-Amz-Signature']);
  });

  it('reports nothing for an ordinary target', () => {
    expect(redactUrl('/v1/orders?page=2&sort=name')).toEqual({
      path: '/v1/orders',
      exposures: [],
      secrets: [],
      parameters: [],
    });
  });

  it('takes the password out of an absolute URL', () => {
    const url = redactUrl('https://ann:s3cret@host.example/x');
    expect(url.path).toBe('https://ann:[redacted]@host.example/x');
    expect(url.secrets.map((secret) => secret.reveal())).toEqual(['s3cret']);
  });
});

describe('redactBounded', () => {
  it('hides by name and by content and keeps the bounds', () => {
    expect(redactBounded('x-api-key', 'abc')).toEqual({ key: 'x-api-key', value: '[redacted]' });
    expect(redactBounded('note', `saw ${jwt}`)).toEqual({ key: 'note', value: 'saw [redacted]' });
    expect(redactBounded('k'.repeat(500), 'v'.repeat(5000))).toEqual({ key: 'k'.repeat(64), value: 'v'.repeat(1024) });
    expect(redactBounded('nested', { password: 'x', n: 1 })).toEqual({
      key: 'nested',
      value: '{"password":"[redacted]","n":1}',
    });
    expect(redactBounded('gone', undefined)).toEqual({ key: 'gone', value: '' });
  });
});
