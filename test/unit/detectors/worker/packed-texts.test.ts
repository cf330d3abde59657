import fc from 'fast-check';
import { KeyFilter } from '../../../../detectors/worker/key-filter.js';
import { PackedTexts } from '../../../../detectors/worker/packed-texts.js';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.nat(70_000).map((length) => 'x'.repeat(length)),
);
const step = fc.oneof(
  text.map((put) => ({ put })),
  fc.nat(50).map((drop) => ({ drop })),
);

describe('packed texts', () => {
  it('come back as they went in, however many went between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const texts = new PackedTexts();
        const kept: [slot: number, text: string][] = [];
        for (const one of steps) {
          if ('put' in one) {
            const slot = texts.put(one.put);
            expect(slot === null).toBe(Buffer.byteLength(one.put) + 4 > 65_536);
            if (slot !== null) kept.push([slot, one.put]);
          } else {
            const [dropped] = kept.splice(one.drop, 1);
            if (dropped !== undefined) texts.drop(dropped[0]);
          }
        }
        for (const [slot, wanted] of kept) expect(texts.get(slot)).toBe(wanted);
        for (const [slot] of kept) texts.drop(slot);
        expect(texts.bytes).toBe(0);
      }),
    );
  });

  it('take the place of others that left, whatever size those had', () => {
    const texts = new PackedTexts();
    const put = (length: number): (number | null)[] =>
      Array.from({ length: 5000 }, (_, n) => texts.put('x'.repeat(length + (n % 10))));
    const first = put(900);
    const { bytes } = texts;
    expect(bytes).toBeLessThan(5000 * 1100);
    for (const slot of first) if (slot !== null) texts.drop(slot);
    for (let round = 0; round < 5; round += 1) {
      const next = put(700 + round * 40);
      expect(texts.bytes).toBeLessThanOrEqual(bytes);
      expect(Math.max(...next.map((slot) => (slot ?? Infinity) * 64))).toBeLessThan(bytes + 2 ** 20);
      for (const slot of next) if (slot !== null) texts.drop(slot);
    }
  });
});

describe('a filter of keys', () => {
  it('misses none, and takes few others for known', () => {
    const filter = new KeyFilter();
    expect(filter.mayHave('key 0')).toBe(false);
    const known = Array.from({ length: 200_000 }, (_, n) => `key ${n}`);
    for (const key of known) filter.add(key);
    expect(known.every((key) => filter.mayHave(key))).toBe(true);
    const taken = Array.from({ length: 100_000 }, (_, n) => `other ${n}`).filter((key) => filter.mayHave(key)).length;
    expect(taken).toBeLessThan(200);
  });
});
