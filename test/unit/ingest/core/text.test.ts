import fc from 'fast-check';
import { boundText } from '../../../../ingest/core/text.js';

describe('boundText', () => {
  it('keeps short texts as they are', () => {
    expect(boundText('aß😀', 4)).toBe('aß😀');
    expect(boundText('', 0)).toBe('');
  });

  it('cuts at whole characters and mends lone surrogates', () => {
    expect(boundText('ab😀', 3)).toBe('ab');
    expect(boundText('abc', 2)).toBe('ab');
    expect(boundText('a\ud83dz\ude00', 9)).toBe('a\ufffdz\ufffd');
  });

  it('always gives what survives UTF-8, within the bound', () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 });
    fc.assert(
      fc.property(units, fc.nat(25), (codes, max) => {
        const cut = boundText(String.fromCharCode(...codes), max);
        expect(cut.length).toBeLessThanOrEqual(max);
        expect(Buffer.from(cut, 'utf8').toString('utf8')).toBe(cut);
      }),
    );
  });
});
