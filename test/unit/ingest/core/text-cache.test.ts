import { TextCache } from '../../../../ingest/core/text-cache.js';

function offerTwice<V>(cache: TextCache<V>, text: string, value: V): void {
  cache.set(text, value);
  cache.set(text, value);
}

describe('TextCache', () => {
  it('keeps a value from the second sight of its text on', () => {
    const cache = new TextCache<number>(4, 64);
    cache.set('a', 1);
    expect(cache.get('a')).toBeUndefined();
    cache.set('a', 2);
    expect(cache.get('a')).toBe(2);
    cache.set('a', 3);
    expect(cache.get('a')).toBe(3);
  });

  it('says whether a value is due before it has to be made', () => {
    const cache = new TextCache<number>(4, 8);
    expect(cache.isDue('text')).toBe(false);
    expect(cache.isDue('text')).toBe(true);
    cache.keep('text', 1);
    expect(cache.get('text')).toBe(1);
    const long = 'x'.repeat(9);
    expect([cache.isDue(long), cache.isDue(long)]).toEqual([false, false]);
  });

  it('gives the value of the very text only, also among texts that its samples cannot tell apart', () => {
    // Differences in the middle of a long text stand between the samples.
    const texts = Array.from({ length: 400 }, (_, n) =>
      ['a'.repeat(40), String(n).padStart(4, '0'), 'b'.repeat(60)].join(''),
    );
    const cache = new TextCache<string>(6, 256);
    let hits = 0;
    for (const text of texts) {
      offerTwice(cache, text, text);
      for (const other of texts) {
        const found = cache.get(other);
        if (found === undefined) continue;
        hits += 1;
        expect(found).toBe(other);
      }
    }
    expect(hits).toBeGreaterThan(0);
  });

  it('holds no more than its size, and nothing that is too long', () => {
    const cache = new TextCache<number>(3, 16);
    const texts = Array.from({ length: 1000 }, (_, n) => `text ${n}`);
    for (const [n, text] of texts.entries()) offerTwice(cache, text, n);
    const held = texts.filter((text) => cache.get(text) !== undefined).length;
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThanOrEqual(8);
    offerTwice(cache, 'x'.repeat(17), 1);
    expect(cache.get('x'.repeat(17))).toBeUndefined();
  });

  it('keeps texts of any characters whole', () => {
    const cache = new TextCache<number>(4, 64);
    for (const [n, text] of ['', 'é', '😀', '\ud800', '\u0000'].entries()) {
      offerTwice(cache, text, n);
      expect(cache.get(text)).toBe(n);
    }
  });
});
