import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import type { AppError } from '../../../../ingest/core/errors.js';
import { createFingerprinter } from '../../../../ingest/event/fingerprint.js';
import { RawSecret } from '../../../../ingest/event/raw-secret.js';

const key = (fill: number, size = 32): Buffer => Buffer.alloc(size, fill);

describe('createFingerprinter', () => {
  const fp = createFingerprinter([
    { id: 'new', key: key(1) },
    { id: 'old', key: key(2) },
  ]);

  it('gives the first 128 bits of HMAC-SHA-256, the two kinds in domains of their own', () => {
    const hmac = (text: string): string =>
      createHmac('sha256', key(1)).update(text).digest().subarray(0, 16).toString('base64url');
    expect(fp.tokenUid('jwt:a|b')).toBe(`tok_${hmac('token\0jwt:a|b')}`);
    expect(fp.secretFp(new RawSecret('s'))).toBe(`fp_${hmac('secret\0s')}`);
    expect(fp.tokenUid('s').slice(4)).not.toBe(fp.secretFp(new RawSecret('s')).slice(3));
  });

  it('gives the same again from the cache and follows the schema', () => {
    expect(fp.tokenUid('x')).toBe(fp.tokenUid('x'));
    expect(fp.tokenUid('x')).toMatch(/^tok_[A-Za-z0-9_-]{22}$/);
    expect(fp.secretFp(new RawSecret('x'))).toMatch(/^fp_[A-Za-z0-9_-]{22}$/);
  });

  it('keeps the older keys beside the active one', () => {
    expect(fp.keyId).toBe('new');
    expect(fp.previous.map((older) => older.keyId)).toEqual(['old']);
    const alone = createFingerprinter([{ id: 'old', key: key(2) }]);
    expect(fp.previous[0]?.tokenUid('x')).toBe(alone.tokenUid('x'));
    expect(fp.tokenUid('x')).not.toBe(alone.tokenUid('x'));
  });

  it('is not changed by who changes the key buffer later', () => {
    const buffer = key(7);
    const mine = createFingerprinter([{ id: 'k', key: buffer }]);
    const before = mine.tokenUid('first');
    buffer.fill(0);
    expect(createFingerprinter([{ id: 'k', key: key(7) }]).tokenUid('first')).toBe(before);
    expect(mine.tokenUid('second')).toBe(createFingerprinter([{ id: 'k', key: key(7) }]).tokenUid('second'));
  });

  it('shows neither key nor secret when it is printed', () => {
    const shown = inspect(fp, { depth: 9, showHidden: true }) + JSON.stringify(fp);
    expect(shown).not.toContain(key(1).toString('hex'));
    expect(shown).not.toContain('01 01 01');
    const secret = new RawSecret('hunter2');
    expect(`${String(secret)}${JSON.stringify({ secret })}${inspect({ secret }, { showHidden: true })}`).not.toContain(
      'hunter2',
    );
  });

  it.each([
    ['no key', []],
    ['a short key', [{ id: 'a', key: key(1, 31) }]],
    ['an id twice', [{ id: 'a', key: key(1) }, { id: 'a', key: key(2) }]],
    ['a key twice', [{ id: 'a', key: key(1) }, { id: 'b', key: key(1) }]],
  ])('refuses %s', (_what, keys) => {
    expect(() => createFingerprinter(keys)).toThrow(expect.objectContaining({ code: 'TQ_KEY_INVALID' }) as AppError);
  }); // prettier-ignore
});
