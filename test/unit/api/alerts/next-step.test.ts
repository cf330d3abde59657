import { groupFindings } from '../../../../api/alerts/grouping.js';
import { nextStep } from '../../../../api/alerts/next-step.js';
import { defaultPolicy } from '../../../../api/alerts/policy.js';
import type { Finding } from '../../../../detectors/core/finding.js';
import { finding } from '../../../support/alert-fixtures.js';

const nobody = { token_uid: '', token_name: '', principal_uid: '', principal_name: '' };

function stepOf(change: Partial<Finding>): string {
  const { changed } = groupFindings([finding(0, { fidelity: 'high', severity: 'high', ...change })], [], defaultPolicy, '2026-01-05T13:00:00.000Z');
  return nextStep(changed[0]!);
} // prettier-ignore

describe('the next step', () => {
  it('asks the owner where there is one', () => {
    expect(stepOf({})).toContain('Ask deployer whether the traffic from 203.0.113.7 is theirs');
  });

  it.each<[string, Partial<Finding>, string]>([
    ['an address', { ...nobody, detector: 'rule:credential-stuffing', entity_kind: 'client_address', entity_uid: '198.51.100.7' }, 'See whether 198.51.100.7 was let in anywhere'],
    ['an OAuth client', { ...nobody, detector: 'rule:oauth-grant-abuse', entity_kind: 'client', entity_uid: 'mailer' }, 'Ask who runs the client mailer'],
    ['a source that is flooded', { ...nobody, detector: 'rule:token-flood', entity_kind: 'source', entity_uid: 'edge' }, 'Look at the events of the evidence, from 203.0.113.7'],
    ['a source that is silent', { ...nobody, detector: 'silence', severity: 'medium', entity_kind: 'source', entity_uid: 'edge', client_address: '' }, 'See whether edge runs and still writes its log'],
    ['a client that is silent', { detector: 'silence', severity: 'medium' }, 'See whether deployer still runs'],
    ['a decoy', { detector: 'honeytoken', severity: 'critical' }, 'Rotate every real credential beside the place where the decoy was planted'],
  ])('asks no owner of %s', (_name, change, said) => {
    expect(stepOf(change)).toContain(said);
    expect(stepOf(change)).not.toContain('its owner');
  }); // prettier-ignore
});
