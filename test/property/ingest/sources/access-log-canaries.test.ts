import { envoyFactory } from '../../../../ingest/sources/envoy/source.js';
import { nginxFactory } from '../../../../ingest/sources/nginx/source.js';
import { accessMeanings } from '../../../../ingest/sources/shared/access-fields.js';
import { testContext } from '../../../unit/ingest/sources/shared/case-table.js';

const b64url = (text: string): string => Buffer.from(text).toString('base64url');
const signature = 'c2lnbmF0dXJlLW9mLXRoZS1jYW5hcnktMTIzNDU2Nzg5MA';
const jwt = `${b64url('{"alg":"RS256","typ":"JWT"}')}.${b64url('{"iss":"https://kc.example","jti":"canary","sub":"u"}')}.${signature}`;

/** Each canary, and the part of it that must be found nowhere. */
const canaries: readonly (readonly [string, string, string])[] = [
  ['JWT', jwt, signature],
  ['GitHub token', 'ghp_Zk3vQ9tR7mW2xY5bN8cJ4dL6fH1gP0sAqEuT', 'Zk3vQ9tR7mW2xY5bN8cJ4dL6fH1gP0sAqEuT'],
  ['Vault token', 'hvs.CAESIJ8xQ2vN4mK7pR9tW3yZ5bD6fG8hJ0kL2nP4qS6u', 'CAESIJ8xQ2vN4mK7pR9tW3yZ5bD6fG8hJ0kL2nP4qS6u'],
  [
    'Slack token',
    ['xoxb', '123456789012', '1234567890123', 'AbCdEfGhIjKlMnOpQrStUvWx'].join('-'),
    'AbCdEfGhIjKlMnOpQrStUvWx',
  ],
];

/** Opaque secrets have no shape: they may stand where a credential is expected, and nowhere else can know them. */
const opaque = 'correct-horse-9f8e7d6c5b4a-battery';

function forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  // Base64 of a text inside a longer one depends on where it begins; the middle of each of the three is constant.
  const inner = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  return [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    bytes.toString('base64url'),
    ...inner,
  ];
}

function expectGone(output: unknown, secret: string, where: string): void {
  const text = JSON.stringify(output);
  const found = forms(secret).filter((form) => text.includes(form));
  expect({ where, found }).toEqual({ where, found: [] });
}

const clf = (parts: {
  head?: string;
  user?: string;
  request?: string;
  referer?: string;
  agent?: string;
  tail?: string;
}): string =>
  `${parts.head ?? '203.0.113.7'} - ${parts.user ?? '-'} [02/Jan/2024:03:04:05 +0100] "${parts.request ?? 'GET /a HTTP/1.1'}" ` +
  `401 5 "${parts.referer ?? '-'}" "${parts.agent ?? '-'}"${parts.tail ?? ''}`;

const istio = (p: {
  request?: string;
  details?: string;
  failure?: string;
  forwarded?: string;
  agent?: string;
  id?: string;
  host?: string;
  upstream?: string;
  cluster?: string;
  sni?: string;
  route?: string;
}): string =>
  `[2024-01-02T03:04:05.678Z] "${p.request ?? 'GET /a HTTP/1.1'}" 401 - ${p.details ?? 'via_upstream'} - "${p.failure ?? '-'}" 0 5 7 6 ` +
  `"${p.forwarded ?? '-'}" "${p.agent ?? 'c'}" "${p.id ?? 'i'}" "${p.host ?? 'h'}" "${p.upstream ?? '10.0.0.1:1'}" ` +
  `${p.cluster ?? 'outbound|80||a.b.svc.cluster.local'} 10.0.0.1:1 10.0.0.2:2 10.0.0.3:3 ${p.sni ?? '-'} ${p.route ?? 'default'}`;

describe.each(canaries)('a %s', (_name, canary, secret) => {
  const nginx = nginxFactory.create({});
  const envoy = envoyFactory.create({});

  it.each([canary, encodeURIComponent(canary)])('leaves no trace in any part of an NGINX line (%#)', (text) => {
    const lines: Readonly<Record<string, string>> = {
      vhost: clf({ head: `${text} 203.0.113.7` }),
      client: clf({ head: text }),
      list: clf({ head: `${text}, 10.0.0.1` }),
      forwarded: clf({ head: `"${text}" 10.0.0.1` }),
      realip: clf({ user: `[${text}] - x` }),
      user: clf({ user: text }),
      method: clf({ request: `${text} /a HTTP/1.1` }),
      path: clf({ request: `GET /reset/${text}/x HTTP/1.1` }),
      query: clf({ request: `GET /a?x=1&access_token=${text} HTTP/1.1` }),
      oddQuery: clf({ request: `GET /a?y=${text}#${text} HTTP/1.1` }),
      matrix: clf({ request: `GET /a;jsessionid=${text} HTTP/1.1` }),
      absolute: clf({ request: `GET http://u:${text}@h/a?token=${text} HTTP/1.1` }),
      connect: clf({ request: `CONNECT ${text}:443 HTTP/1.1` }),
      noRequest: clf({ request: text }),
      protocol: clf({ request: `GET /a ${text}` }),
      referer: clf({ referer: `https://x.example/${text}?token=${text}` }),
      refererText: clf({ referer: text }),
      agent: clf({ agent: `app/1 (${text})` }),
      tailForwarded: clf({ tail: ` "${text}"` }),
      tailJunk: clf({ tail: ` ${text}` }),
      ingress: clf({ tail: ` 1 0.1 [${text}-80] [${text}] ${text} 1 0.1 200 ${text}` }),
      errorUser: `2024/01/02 03:04:05 [error] 1#1: *1 user "${text}" was not found in "/x", client: 203.0.113.7, server: ${text}, request: "GET /?token=${text} HTTP/1.1", host: "${text}", referrer: "${text}"`,
      broken: `${text} [02/Jan/2024 "GET ${text}`,
    };
    for (const [where, line] of Object.entries(lines)) expectGone(nginx.parse(line, testContext), secret, where);
  });

  it.each([canary, encodeURIComponent(canary)])('leaves no trace in any part of an Envoy line (%#)', (text) => {
    const lines: Readonly<Record<string, string>> = {
      path: istio({ request: `GET /reset/${text} HTTP/1.1` }),
      query: istio({ request: `GET /a?token=${text} HTTP/1.1` }),
      method: istio({ request: `${text} /a HTTP/1.1` }),
      details: istio({ details: `ext_authz_denied{${text}}` }),
      failure: istio({ failure: text }),
      forwarded: istio({ forwarded: text }),
      agent: istio({ agent: `x" "${text}` }),
      id: istio({ id: text }),
      host: istio({ host: text }),
      upstream: istio({ upstream: text }),
      cluster: istio({ cluster: `outbound|80||${text}.svc` }),
      plainCluster: istio({ cluster: text }),
      sni: istio({ sni: text }),
      route: istio({ route: text }),
      broken: `[2024-01-02T03:04:05.678Z] "GET ${text}`,
    };
    for (const [where, line] of Object.entries(lines)) expectGone(envoy.parse(line, testContext), secret, where);
  });

  it.each([canary, `Bearer ${canary}`, encodeURIComponent(canary)])(
    'leaves no trace under any key of a JSON record (%#)',
    (text) => {
      for (const meaning of accessMeanings) {
        const fields = { start_time: 'time', response_code: 'status', mine: meaning };
        const record = {
          start_time: '2024-01-02T03:04:05.678Z',
          response_code: 401,
          mine: text,
          not_named: text,
          [text]: text,
        };
        for (const factory of [nginxFactory, envoyFactory]) {
          const result = factory.create({ fields }).parse(JSON.stringify(record), testContext);
          expectGone(result, secret, `${factory.product} ${meaning}`);
          if (meaning !== 'time' && meaning !== 'status') expect(result.ok).toBe(true);
        }
      }
      const claims = Object.fromEntries(
        ['iss', 'sub', 'jti', 'sid', 'azp', 'client_id', 'scope', 'aud', 'typ', 'preferred_username', 'other'].map(
          (name) => [name, text],
        ),
      );
      const record = {
        start_time: '2024-01-02T03:04:05.678Z',
        response_code: 401,
        jwt_claims: { ...claims, cnf: { jkt: text, other: text }, list: [text] },
      };
      expectGone(envoyFactory.create({}).parse(JSON.stringify(record), testContext), secret, 'claims');
    },
  );
});

describe('an opaque secret', () => {
  const time = { start_time: '2024-01-02T03:04:05.678Z', response_code: 200 };
  const basic = Buffer.from(`alice:${opaque}`).toString('base64');
  it.each([
    ['authorization, bare', { authorization: opaque }],
    ['authorization, bearer', { authorization: `Bearer ${opaque}` }],
    ['authorization, token', { authorization: `Token token="${opaque}"` }],
    ['authorization, basic', { authorization: `Basic ${basic}` }],
    ['API key', { api_key: opaque }],
    ['hash by mistake', { token_fp: opaque }],
    ['query', { path: `/a?api_key=${opaque}&client_secret=${opaque}&password=${opaque}` }],
    ['referer', { referer: `https://x/?code=${opaque}` }],
    ['a key that nobody named', { x_secret_header: opaque, cookie: `session=${opaque}` }],
  ])('is fingerprinted or dropped: %s', (where, part) => {
    for (const factory of [nginxFactory, envoyFactory]) {
      const result = factory.create({}).parse(JSON.stringify({ ...time, ...part }), testContext);
      expect(result.ok).toBe(true);
      expectGone(result, opaque, where);
      expectGone(result, basic, where);
    }
  });
});
