import { randomBytes } from 'node:crypto';
import { AppError } from '../../../../ingest/core/errors.js';
import { createFingerprinter } from '../../../../ingest/event/fingerprint.js';
import { generateKeyFileLine, parseKeyFile } from '../../../../ingest/event/key-file.js';

const encoded = (fill: number, size = 32): string => Buffer.alloc(size, fill).toString('base64');

describe('parseKeyFile', () => {
  it('reads keys in their order past comments, empty lines, CRLF and a byte order mark', () => {
    const keys = parseKeyFile(`\uFEFF# ours\r\n\r\nk2 ${encoded(2)}\r\n  k1\t${encoded(1, 48)}  \r\n`);
    expect(keys).toEqual([
      { id: 'k2', key: Buffer.alloc(32, 2) },
      { id: 'k1', key: Buffer.alloc(48, 1) },
    ]);
  });

  it('reads base64url and unpadded base64 too', () => {
    const key = Buffer.alloc(32, 0xfb);
    expect(parseKeyFile(`a ${key.toString('base64url')}`)[0]?.key).toEqual(key);
  });

  const secretWord = 'c2VjcmV0LXdvcmQtdGhhdC1tdXN0LW5vdC1zaG93';
  it.each([
    ['an empty file', '', /holds no key/],
    ['comments alone', '# a\n', /holds no key/],
    ['a key without id', `# c\n${secretWord}`, /line 2: there must be two words/],
    ['a third word', `a ${secretWord} x`, /line 1: there must be two words/],
    ['a key in the place of the id', `${secretWord}+/== k1`, /line 1: the key id/],
    ['what is not base64', `a ${secretWord}!`, /line 1: the key is not base64/],
    ['a short key', `\n\na ${encoded(1, 31)}`, /line 3: the key has 31 bytes/],
    ['an id twice', `a ${encoded(1)}\na ${encoded(2)}`, /line 2: the key id stands/],
    ['a key twice', `a ${encoded(1)}\nb ${encoded(1)}`, /line 2: the same key/],
  ])('refuses %s with line and mend, without quoting it', (_what, text, message) => {
    let thrown: unknown;
    try {
      parseKeyFile(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AppError);
    const error = thrown as AppError;
    expect(error.code).toBe('TQ_KEY_INVALID');
    expect(error.message).toMatch(message);
    expect(error.mend).toBeDefined();
    expect(`${error.message}${error.mend ?? ''}${error.stack ?? ''}`).not.toContain(secretWord);
  });
});

describe('generateKeyFileLine', () => {
  it('makes a line that the parser takes, other each time', () => {
    const lines = [generateKeyFileLine(randomBytes), generateKeyFileLine(randomBytes)];
    const keys = parseKeyFile(lines.join(''));
    expect(keys).toHaveLength(2);
    expect(keys[0]?.key).toHaveLength(32);
    expect(createFingerprinter(keys).previous).toHaveLength(1);
  });
});
