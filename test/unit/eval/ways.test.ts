import { simulateAttacked } from '../../eval/simulate.js';
import { allWays, differences } from '../../eval/ways.js';

describe('ways to run the detectors', () => {
  it('find the same, whole findings alike, in one go, on many partitions and with restarts', async () => {
    const ways = allWays(1000);
    const only = ['guessing', 'forged'];
    const { events } = await simulateAttacked(9, { trials: 1, quietDays: 1, days: 5, only, punctual: true }, ways);
    expect(events).toBeGreaterThan(2000);
    expect(ways[0]!.found.size).toBeGreaterThan(50);
    expect(differences(ways)).toEqual([]);
  });
});
