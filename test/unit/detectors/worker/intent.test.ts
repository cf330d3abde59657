import { blockToken, decodeIntent, encodeIntent } from '../../../../detectors/worker/intent.js';

describe('intent', () => {
  it('survives the commit metadata, also for offsets beyond 2^53', () => {
    const through = 9_007_199_254_740_993n;
    expect(decodeIntent(encodeIntent({ through }))).toEqual({ through });
  });

  it.each(['', '{}', '{"v":2,"through":"5"}', '{"v":1,"through":5}', '{"v":1,"through":"-5"}', 'x'])(
    'reads %j as no intent',
    (text) => {
      expect(decodeIntent(text)).toBeNull();
    },
  );

  it('names the block by its place', () => {
    expect(blockToken('events', 3, 10n, 25n)).toBe('events:3:10-25');
  });
});
