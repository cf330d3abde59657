import type { Finding } from '../../../detectors/core/finding.js';
import { detectorsOptionsSchema } from '../../../detectors/registry.js';
import { simulateAttacked } from '../../eval/simulate.js';
import { allWays, Beating, differences } from '../../eval/ways.js';
import { START_MS } from '../../eval/world.js';

const DAY_MS = 86_400_000;

describe('ways to run the detectors', () => {
  it('find the same, whole findings alike, in one go, on many partitions and with restarts', async () => {
    // Days too few for the shipped settings of silence.
    const options = detectorsOptionsSchema.parse({ silence: { periods_min: 2 } });
    const ways = allWays(1000, options);
    const only = ['forged'];
    const judges = [new Beating(ways, START_MS + 3.5 * DAY_MS)];
    const { events } = await simulateAttacked(9, { trials: 1, quietDays: 1, days: 5, only, punctual: true }, judges);
    expect(events).toBeGreaterThan(1500);
    const found = [...ways[0]!.found.values()].map((text) => JSON.parse(text) as Finding);
    expect(found.length).toBeGreaterThan(20);
    const silences = found.filter(({ detector }) => detector === 'silence');
    expect(silences.map(({ score }) => score.measure).sort()).toEqual(['source_silent', 'token_silent']);
    expect(differences(ways)).toEqual([]);
  });
});
