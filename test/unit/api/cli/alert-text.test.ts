import { groupFindings } from '../../../../api/alerts/grouping.js';
import { defaultPolicy } from '../../../../api/alerts/policy.js';
import { printable } from '../../../../api/alerts/wording.js';
import { alertText } from '../../../../api/cli/alert-text.js';
import type { Finding } from '../../../../detectors/core/finding.js';
import { finding } from '../../../support/alert-fixtures.js';

const textOf = (one: Finding): string => {
  const [alert] = groupFindings([one], [], defaultPolicy, '2026-01-05T12:00:00.000Z').changed;
  return alert === undefined ? '' : alertText(alert);
};

describe('alertText', () => {
  it('says which, what against what, since when, from where, touching what', () => {
    const text = textOf(finding(1));
    for (const part of [
      'MEDIUM',
      'ci-deploy',
      'deployer',
      '300 requests/min against 12 ± 3 requests/min',
      '203.0.113.7',
      'orders',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('shows a share in per cent', () => {
    const { score } = finding(1);
    const text = textOf(
      finding(1, { score: { ...score, measure: 'failure_share', unit: '1', observed: 1, expected: 0, spread: 0.05 } }),
    );
    expect(text).toContain('100 % failure share against 0 ± 5 % expected');
  });

  it('lets no hostile name rewrite the terminal', () => {
    const text = textOf(finding(1, { principal_name: 'x\u001b[2J\u202egnp\r\nALERT' }));
    expect(text).not.toMatch(/\u001b|\u202e|\r/);
    expect(printable('a\nb')).not.toContain('\n');
  });
});
