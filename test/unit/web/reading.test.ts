import { readingText, samplesText } from '../../../api/web/alerts/reading.js';

describe('a reading in words', () => {
  it('stands against what is usual, or against the limit that the operator set', () => {
    const rate = { unit: 'requests/10s', observed: 107.4, expected: 16, spread: 5 };
    expect(readingText({ ...rate, measure: 'requests' })).toEqual({
      observed: '107 requests/10s',
      against: 'usual',
      usual: '16 requests/10s ± 5',
    });
    expect(readingText({ ...rate, measure: 'limit:drain', expected: 60, spread: 0 })).toEqual({
      observed: '107 requests/10s',
      against: 'limit',
      usual: '60 requests/10s (drain)',
    });
    expect(readingText({ measure: 'failure_share', unit: '1', observed: 0.5, expected: 0.02, spread: null })).toEqual({
      observed: '50 % failing',
      against: 'usual',
      usual: '2 %',
    });
  });

  it('counts samples', () => {
    expect([0, 1, 2, 12_345].map(samplesText)).toEqual(['0 samples', '1 sample', '2 samples', '12.3k samples']);
  });
});
