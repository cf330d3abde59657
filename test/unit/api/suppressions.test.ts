import { suppressionEntry, type Suppression } from '../../../api/schemas/suppressions.js';
import { matcherOf } from '../../../api/suppressions/matching.js';
import type { Finding } from '../../../detectors/core/finding.js';
import { finding, TOKEN } from '../../support/alert-fixtures.js';

const none: Suppression = {
  suppression_uid: 'config:x', detector: '', measure: '', token_uid: '', principal_uid: '', address: '', service: '',
  severity_max: 'high', from: null, until: null, reason: 'known', created_at: null, created_by: 'configuration',
}; // prettier-ignore
const takes = (change: Partial<Suppression>, of: Partial<Finding> = {}): boolean =>
  matcherOf({ ...none, ...change })(finding(0, of));

describe('what a suppression takes', () => {
  it.each([
    [{ detector: 'rate' }, {}, true],
    [{ detector: 'novelty' }, {}, false],
    [{ detector: 'rate', measure: 'requests' }, {}, true],
    [{ detector: 'rate', measure: 'failures' }, {}, false],
    [{ token_uid: TOKEN }, {}, true],
    [{ token_uid: TOKEN, service: 'billing' }, {}, false],
    [{ principal_uid: 'https://idp.example|deployer' }, {}, true],
    [{ address: '203.0.113.7' }, {}, true],
    [{ address: '203.0.113.0/29' }, {}, true],
    [{ address: '203.0.113.8/29' }, {}, false],
    [{ address: '2001:db8::/32' }, { client_address: '2001:db8:1::5' }, true],
    [{ address: '2001:db8::/32' }, { client_address: '203.0.113.7' }, false],
    [{ address: '203.0.113.0/24' }, { client_address: 'unix:' }, false],
    [{ address: '203.0.113.0/24' }, { client_address: '' }, false],
    [{ detector: 'rate' }, { severity: 'critical' }, false],
    [{ detector: 'rate', severity_max: 'critical' }, { severity: 'critical' }, true],
    [{ detector: 'rate', severity_max: 'low' }, {}, false],
  ] as [Partial<Suppression>, Partial<Finding>, boolean][])('%j of %j: %s', (suppression, of, expected) => {
    expect(takes(suppression, of)).toBe(expected);
  });

  it('holds from its begin up to, not with, its end, by event time', () => {
    const at = finding(0).time;
    expect(takes({ detector: 'rate', from: at })).toBe(true);
    expect(takes({ detector: 'rate', until: at })).toBe(false);
    expect(takes({ detector: 'rate', from: finding(1).time })).toBe(false);
    expect(takes({ detector: 'rate', until: finding(1).time })).toBe(true);
  });
});

describe('an entry of the configuration', () => {
  it('needs a name, a reason and something that it names', () => {
    const entry = { name: 'scanner', reason: 'the yearly scan', address: '198.51.100.0/24' };
    expect(suppressionEntry.parse(entry)).toMatchObject({ severity_max: 'high', detector: '' });
    for (const change of [{ address: '' }, { reason: '' }, { name: 'No Name' }, { address: '10.0.0.0/8/8' }, { from: 'soon' }]) {
      expect(suppressionEntry.safeParse({ ...entry, ...change }).success).toBe(false);
    }
  });
}); // prettier-ignore
