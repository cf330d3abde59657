import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { HmacSha256 } from '../../../../ingest/core/hmac-sha256.js';

const hex = (text: string): string => Buffer.from(text, 'base64url').toString('hex');

describe('HmacSha256', () => {
  // RFC 4231 §4.2, §4.3, §4.7, §4.8: keys shorter than, and longer than, a block.
  it.each([
    [Buffer.alloc(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      Buffer.from('Jefe'),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      Buffer.alloc(131, 0xaa),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    [
      Buffer.alloc(131, 0xaa),
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
  ])('gives the digest of RFC 4231, case %#', (key, text, digest) => {
    expect(hex(new HmacSha256(key).base64url(text))).toBe(digest);
  });

  it('gives what node:crypto gives, for any key and text, whatever text came before', () => {
    const unit = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constant('\uD800'),
      fc.constant('é'.repeat(3000)),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.array(unit, { maxLength: 4 }), (key, texts) => {
        const hmac = new HmacSha256(key);
        for (const text of texts) {
          expect(hmac.base64url(text)).toBe(createHmac('sha256', key).update(text, 'utf8').digest('base64url'));
        }
      }),
    );
  });
});
