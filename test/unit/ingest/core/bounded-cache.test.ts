import { BoundedCache } from '../../../../ingest/core/bounded-cache.js';

describe('BoundedCache', () => {
  it('keeps what is used and forgets what is not', () => {
    const cache = new BoundedCache<number>(10 * 66);
    cache.set('keep', 1);
    for (let n = 0; n < 100; n += 1) {
      expect(cache.get('keep')).toBe(1);
      cache.set(String(n).padStart(2, '0'), n);
      expect(cache.size).toBeLessThanOrEqual(20);
    }
    expect(cache.get('00')).toBeUndefined();
    expect(cache.get('99')).toBe(99);
  });

  it('gives the last value of a key', () => {
    const cache = new BoundedCache<number>(1000);
    cache.set('a', 1);
    cache.set('a', 2);
    expect(cache.get('a')).toBe(2);
    expect(cache.size).toBe(1);
  });

  it('counts what its values cost', () => {
    const cache = new BoundedCache<string>(500, (value) => value.length);
    for (let n = 0; n < 10; n += 1) cache.set(String(n), 'x'.repeat(150));
    expect(cache.size).toBeLessThanOrEqual(4);
    cache.set('a', 'x'.repeat(500));
    expect(cache.get('a')).toBeUndefined();
  });

  it('does not take what is larger than its bound', () => {
    const cache = new BoundedCache<number>(100);
    cache.set('x'.repeat(1000), 1);
    expect(cache.size).toBe(0);
  });
});
