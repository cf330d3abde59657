import fc from 'fast-check';
import { parseAuthorization, redactBounded, redactText, redactUrl } from '../../../../ingest/event/credential-text.js';
import { isClean } from '../../../../ingest/event/redact-text.js';
import {
  findFlags,
  findNamedValues,
  findSchemes,
  findUserinfo,
  mayHoldNamedValue,
} from '../../../../ingest/event/secret-context.js';
import { findEncodedSecrets } from '../../../../ingest/event/secret-encoded.js';
import { secretNameStrength } from '../../../../ingest/event/secret-names.js';
import { findRandomRuns, findShapes, mayHoldShape } from '../../../../ingest/event/secret-shapes.js';
import { traitsOf } from '../../../../ingest/event/text-traits.js';

const alphabet = (chars: string, length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...chars.split(/(?:)/u)), minLength: length, maxLength: length });
const base62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Fresh secrets of every known format. */
const secrets = fc.oneof(
  fc
    .tuple(fc.constantFrom('ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'npm_'), alphabet(base62, 36))
    .map((p) => p.join('')),
  alphabet(base62, 60).map((tail) => `github_pat_${tail}`),
  alphabet(base62, 20).map((tail) => `glpat-${tail}`),
  fc.tuple(fc.constantFrom('xoxb-', 'xoxp-', 'xoxa-', 'xoxs-', 'xapp-'), alphabet(base62, 30)).map((p) => p.join('')),
  fc.tuple(fc.constantFrom('sk_live_', 'rk_live_'), alphabet(base62, 24)).map((p) => p.join('')),
  alphabet(`${base62}_-`, 35).map((tail) => `AIza${tail}`),
  alphabet(base62, 40).map((tail) => `ya29.${tail}`),
  fc.tuple(fc.constantFrom('hvs.', 'hvb.', 'hvr.'), alphabet(base62, 24)).map((p) => p.join('')),
  fc
    .tuple(fc.uuid(), alphabet(`${base62}_-`, 86))
    .map(([jti, signature]) => `${part({ alg: 'ES256', kid: 'k' })}.${part({ jti, sub: 'a' })}.${signature}`),
);

/** Secrets without a format, which only their name gives away. */
const plainSecrets = fc.oneof(alphabet(base62, 10), alphabet('0123456789abcdef', 32), alphabet(`${base62}!$*-_.`, 16));

const filler = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom(
    '',
    ' ',
    '/',
    '"',
    '%',
    '%2',
    '=',
    ':',
    '&',
    '\\',
    '{"a":"',
    '?x=1&',
    'eyJ',
    'ghp_',
    'token',
    '://',
    '@',
  ),
);

const forms: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => encodeURIComponent(secret),
  (secret) => secret.replace(/./g, (char) => `%${char.charCodeAt(0).toString(16)}`),
];

const survives = (text: string, secret: string): boolean => {
  const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return text.includes(secret) || decoded.includes(secret);
};

describe('redactText', () => {
  it('lets no secret of a known format through, wherever it stands', () => {
    fc.assert(
      fc.property(filler, secrets, filler, fc.constantFrom(...forms), (before, secret, after, form) => {
        const redacted = redactText(before + form(secret) + after);
        expect(survives(redacted.text, secret)).toBe(false);
        expect(redacted.found).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('lets no value under a secret name through', () => {
    const name = fc.constantFrom(
      'password', 'client_secret', 'access_token', 'api-key', 'X-Api-Key', 'refreshToken', 'db.password', 'aws_secret_access_key',
    ); // prettier-ignore
    const frame = fc.constantFrom(
      (n: string, v: string) => `${n}=${v}`,
      (n: string, v: string) => `{"${n}":"${v}"}`,
      (n: string, v: string) => `{'${n}' : '${v}'}`,
      (n: string, v: string) => JSON.stringify(JSON.stringify({ [n]: v })),
      (n: string, v: string) => `?page=2&${n}=${v}&sort=up`,
      (n: string, v: string) => `run --${n} ${v} --quiet`,
      (n: string, v: string) => encodeURIComponent(`${n}=${v}`),
      (n: string, v: string) => encodeURIComponent(encodeURIComponent(`${n}=${v}`)),
    );
    const separated = fc.constantFrom('', 'seen ', 'a=b; ', '{"x":1} ', 'GET /x?');
    fc.assert(
      fc.property(separated, name, plainSecrets, frame, (before, n, secret, place) => {
        fc.pre(!secret.startsWith('-') && !/^[a-z]+$/.test(secret));
        expect(survives(redactText(before + place(n, secret)).text, secret)).toBe(false);
      }),
      { numRuns: 1500 },
    );
  });

  it('is idempotent and never throws', () => {
    fc.assert(
      fc.property(fc.array(filler, { maxLength: 12 }), (parts) => {
        const once = redactText(parts.join('')).text;
        expect(redactText(once).text).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    'eyJ', 'ghp_', 'token', 'password=', 'a.', '://', '://a', '://a:', '@', '%', '%25', '-----BEGIN ', '"', '\\', 'token:"', 'Basic ',
    'Bearer+', '--token ', 'hvs.', 's.', ':', '= ', 'a', 'A1b', '/A1b', '-----BEGIN PRIVATE KEY', 'password="\\', ',a', 'eyJa.',
    '-----END ', '[redacted]', '[', 'Ab1/', 'password=;a', '--', ' -', 'key=', 'key:[', "sid='", 'token=AKIAIOSFODNN7EXAMPLE/', '<key>', 'token:[', '-u a:', 'key="', 'services/T', '//', '?', '?a=', '#', 'key=1',
    'cookie:', '<password>', 'token={', '\t',
  ])('takes time in proportion to the length: %j', (unit) => {
    const spent = (units: number): number => {
      const text = unit.repeat(units);
      const start = process.cpuUsage();
      redactText(text);
      redactUrl(text);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    };
    // 400,000 characters; anything quadratic would take minutes.
    expect(spent(Math.ceil(400_000 / unit.length))).toBeLessThan(4000);
  }); // prettier-ignore
});

describe('redactUrl', () => {
  it('keeps no secret in the path and finds it', () => {
    fc.assert(
      fc.property(secrets, fc.constantFrom(...forms), fc.boolean(), (secret, form, inQuery) => {
        const url = redactUrl(inQuery ? `/a/b?x=1&y=${form(secret)}` : `/a/${form(secret)}/b?x=1`);
        expect(survives(url.path, secret)).toBe(false);
        expect(url.exposures).toEqual(['token_in_url']);
        expect(url.secrets.map((found) => found.reveal())).toContain(secret);
        expect(JSON.stringify(url)).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws and keeps its bound', () => {
    fc.assert(
      fc.property(fc.array(filler, { maxLength: 60 }), (parts) => {
        expect(redactUrl(parts.join('?&=/')).path.length).toBeLessThanOrEqual(1024);
      }),
    );
  });
});

describe('redactBounded and parseAuthorization', () => {
  it('never throw, keep their bounds and show no secret', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), secrets, (key, value, secret) => {
        const attribute = redactBounded(key, { value, secret });
        expect(attribute.key.length).toBeLessThanOrEqual(64);
        expect(attribute.value.length).toBeLessThanOrEqual(1024);
        expect(attribute.value).not.toContain(secret);
        expect(JSON.stringify(parseAuthorization(`Bearer ${secret}`))).not.toContain(secret);
      }),
    );
  });

  it('parseAuthorization never throws', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('', 'Basic ', 'Bearer ', 'AWS4-HMAC-SHA256 ', 'Digest '),
        fc.string(),
        (scheme, rest) => {
          expect(typeof parseAuthorization(scheme + rest).scheme).toBe('string');
        },
      ),
    );
  });
});

describe('mayHoldShape', () => {
  /** Beginnings of every known format, and the characters that bodies and borders are made of. */
  const begins = fc.constantFrom(
    'ghp_', 'github_pat_', 'glpat-', 'glrt-', 'xoxb-', 'xoxe.', 'xapp-', 'xwfp-', 'sk_live_', 'pk_test_', 'whsec_', 'AIza',
    'ya29.', 'GOCSPX-', 'hvs.', 's.', 'b.', 'npm_', 'pypi-', 'dop_v1_', 'sk-', 'SG.', 'shpat_', 'dp.pt.',
    'services/T12345678/B1', 'FwoGZXIvYXdz', 'IQoJb3JpZ2lu', 'AQoEXAMPLE', 'AQoDYXdz', 'eyJ', 'eyAi', 'ewog', 'ew0K',
    '-----BEGIN PRIVATE KEY', '-----BEGIN RSA PRIVATE KEY',
  ); // prettier-ignore
  const body = fc.oneof(alphabet(base62, 40), alphabet(`${base62}_-./+=`, 30), alphabet('ab1./', 12));
  const anyPart = fc.oneof(
    begins,
    body,
    filler,
    fc.tuple(begins, body, body).map((parts) => parts.join('')),
  );

  it('says no only where the search finds nothing, at any length of body', () => {
    let held = 0;
    fc.assert(
      fc.property(fc.array(anyPart, { minLength: 1, maxLength: 4 }), fc.nat(60), (parts, cut) => {
        for (const text of [parts.join(''), parts.join('').slice(0, cut)]) {
          if (findShapes(text).length === 0) continue;
          held += 1;
          expect({ text, may: mayHoldShape(text, traitsOf(text)) }).toEqual({ text, may: true });
        }
      }),
      { numRuns: 3000 },
    );
    expect(held).toBeGreaterThan(300);
  });
});

describe('the cheap looks', () => {
  const searches = [
    findShapes, findNamedValues, findSchemes, findFlags, findUserinfo, findEncodedSecrets, findRandomRuns,
  ]; // prettier-ignore
  const words = fc.constantFrom(
    'token', 'client_secret', 'pass', 'sid', 'code', 'user', 'arn:aws:iam::123456789012:role/ci', 'https://', 'u:pw@h', '//', '@',
    'Mozilla/5.0 (X11; Linux)', 'bearer', 'Basic', '--password', '-u', 'hunter2', '%20', '%3D', '+', '=', ': ', ':', '>', '<', '"', '&', '?', ' ',
    '.', '-', '_', '/', 's.', 'b.', 'xapp-', 'services/T12345678/B1', 'AQoDYXdz', 'eyJ', 'ey.', 'ghp_', 'dp.pt.', '-----BEGIN PRIVATE KEY', '\u212a', '\ud83d', 'é',
    '0123456789abcdef', 'abcd1234', 'AbCd1234EfGh5678', 'c2VjcmV0', '9'.repeat(30), 'a'.repeat(30),
  ); // prettier-ignore
  const texts = fc.array(fc.oneof(words, words, words, filler, secrets, plainSecrets), { maxLength: 8 });

  it('call a text clean only where not one of the searches finds anything', () => {
    let clean = 0;
    let found = 0;
    fc.assert(
      fc.property(texts, fc.nat(120), (parts, cut) => {
        for (const text of [parts.join(''), parts.join('').slice(0, cut)]) {
          const spans = searches.flatMap((search) => search(text));
          // Digits and hexadecimal alone are ids, whatever they are as long as.
          const isId = text.length <= 64 && /^[0-9a-f:.-]*$/.test(text);
          if (spans.length > 0) found += 1;
          if (!isClean(text)) continue;
          clean += 1;
          if (!isId) expect({ text, spans }).toEqual({ text, spans: [] });
          expect(redactText(text)).toEqual({ text, found: false });
        }
      }),
      { numRuns: 2500 },
    );
    expect(clean).toBeGreaterThan(200);
    expect(found).toBeGreaterThan(200);
  });

  it('find a name wherever the search for named values finds a value', () => {
    let held = 0;
    const names = fc.constantFrom(
      'token',
      'client_secret',
      'X-Api-Key',
      'sid',
      'PASSWORD',
      'set-cookie',
      'a.jwt',
      'user',
    );
    const marks = fc.constantFrom('=', ': ', '":"', "' : '", '>', ':', '\\":\\"', '=\u00a0');
    fc.assert(
      fc.property(
        texts,
        names,
        marks,
        fc.oneof(words, plainSecrets, secrets),
        texts,
        (before, name, mark, value, after) => {
          const text = [...before, name, mark, value, ...after].join('');
          if (findNamedValues(text).length === 0) return;
          held += 1;
          expect({ text, may: mayHoldNamedValue(text) }).toEqual({ text, may: true });
        },
      ),
      { numRuns: 2000 },
    );
    expect(held).toBeGreaterThan(200);
  });

  it('take time in proportion to the text', () => {
    const text = 'x-'.repeat(100_000) + '_:'.repeat(100_000);
    const from = performance.now();
    expect(mayHoldNamedValue(text)).toBe(false);
    // Some 50 ms; a walk back to the beginning for each colon would take a minute.
    expect(performance.now() - from).toBeLessThan(5000);
  });

  it('tell the strength of a name as the whole name does', () => {
    expect(secretNameStrength('to\u212aen')).toBe('strong');
    expect(secretNameStrength(`token${'-'.repeat(200)}`)).toBe('strong');
    expect(secretNameStrength('X-Vault-Token')).toBe('strong');
    expect(secretNameStrength('s.i.d')).toBe('weak');
    expect(secretNameStrength('user')).toBe('none');
    expect(secretNameStrength('')).toBe('none');
  });
});
