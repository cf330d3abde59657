import type { Finding } from '../../../detectors/core/finding.js';
import { severities } from '../../../detectors/core/detector.js';
import { MINUTE_MS, runScenario, scenarioNames } from '../../support/scenario.js';

describe('scenarios', () => {
  it.each(scenarioNames)('%s', (name) => {
    const { found: all, expected, startMs } = runScenario(name);
    // What got graver within its window is the same finding once more.
    const windowOf = ({ entity_kind, detector, score }: Finding): string =>
      `${entity_kind} ${detector} ${score.measure} ${score.windowStartMs}`;
    const gravestOf = (finding: Finding) =>
      all
        .filter((one) => windowOf(one) === windowOf(finding))
        .map(({ severity }) => severity)
        .reduce((a, b) => (severities.indexOf(b) > severities.indexOf(a) ? b : a));
    const found = all.filter((one, n) => all.findIndex((other) => windowOf(other) === windowOf(one)) === n);
    expect(
      found.map(({ detector, score, token_name: token }) => ({ detector, measure: score.measure, token })),
    ).toEqual(
      expected.map(({ detector, measure, token }) => ({
        detector,
        measure,
        // A source has no token.
        token: token === '' ? '' : `${name}/${token}`,
      })),
    );
    expected.forEach((wanted, n) => {
      const finding = found[n]!;
      const minute = (Date.parse(finding.time) - startMs) / MINUTE_MS;
      expect(minute).toBeGreaterThanOrEqual(wanted.from_minute);
      expect(minute).toBeLessThanOrEqual(wanted.to_minute);
      expect(finding.score.expected).toBeGreaterThanOrEqual(wanted.expected[0]);
      expect(finding.score.expected).toBeLessThanOrEqual(wanted.expected[1]);
      expect(finding.score.observed < finding.score.expected).toBe(wanted.below);
      if (wanted.severity !== undefined) expect(gravestOf(finding)).toBe(wanted.severity);
      expect(finding.evidence.length).toBeGreaterThanOrEqual(wanted.evidence_min);
    });
  });
});
