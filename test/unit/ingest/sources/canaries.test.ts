import { leaves, samples, withValue } from './issuer-samples.js';
import { contextAt, leaks } from './source-kit.js';

/** Made up; shaped as the makers' documentation shapes theirs. */
const shaped = [
  'ghp_Canary0123456789abcdefABCDEF01234567',
  'hvs.CAESICanaryAbCdEf0123456789AbCdEf0123456789',
  ['xoxb', '1234567890', 'CanaryAbCdEf0123456789'].join('-'),
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Q2FuYXJ5LXNpZ25hdHVyZS0wMTIzNDU2Nzg5',
  'wJalrXUtnFEMI/K7MDENG/bPxRfiCYCanaryKEY1',
];
/** No format gives these away: they may stand only where no parser looks. */
const hidden =
  /password|secretAccessKey|sessionToken|representation|externalId|tokenCode|LoginTo|\bdata\b(?!\/accessor)/;

describe.each(samples)('$name', ({ source, record }) => {
  const paths = leaves(record);

  it.each(shaped)('never lets %s out, whatever field it stands in', (secret) => {
    for (const path of paths) {
      for (const text of [secret, `see ${secret} there`, `https://x.example/cb?access_token=${secret}`]) {
        const result = source.parse(JSON.stringify(withValue(record, path, text)), contextAt());
        if (leaks(result, secret)) throw new Error(`leaked from ${path.join('/')}`);
      }
    }
    expect(paths.length).toBeGreaterThan(4);
  });

  it('never lets a secret without a format out of the fields that hold secrets', () => {
    const secret = 'canary opaque 31337';
    for (const path of paths.filter((path) => hidden.test(path.join('/')))) {
      const result = source.parse(JSON.stringify(withValue(record, path, secret)), contextAt());
      expect([path.join('/'), leaks(result, secret)]).toEqual([path.join('/'), false]);
    }
    expect(leaks(source.parse(JSON.stringify(record), contextAt()), secret)).toBe(false);
  });
});
