import { networkOf } from '../../../../detectors/core/network.js';
import { remember, textHash } from '../../../../detectors/core/hash.js';

describe('networks of addresses', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['client.example.com', 'client.example.com'],
    ['', ''],
  ])('%s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('remembered hashes', () => {
  it('are whole, differ, and the oldest leaves', () => {
    const hashes = new Set(Array.from({ length: 20_000 }, (_, n) => textHash(`10.0.${n >> 8}.${n & 255}`)));
    expect(hashes.size).toBe(20_000);
    for (const hash of hashes) if (!Number.isSafeInteger(hash) || hash < 0) throw new Error(String(hash));
    expect(remember([1, 2], 3, 2)).toEqual([2, 3]);
    expect(remember([1, 2], 1, 2)).toEqual([2, 1]);
    const same = [1, 2];
    expect(remember(same, 2, 2)).toBe(same);
  });
});
