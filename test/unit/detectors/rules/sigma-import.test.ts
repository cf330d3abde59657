import { readRules } from '../../../../detectors/rules/read-rules.js';
import { importSigma } from '../../../../detectors/rules/sigma-import.js';

const base = (name: string, detection: string, logsource = '{ product: okta, service: okta }'): string => `
title: Base ${name}
name: ${name}
logsource: ${logsource}
detection: ${detection}`;

const correlation = (more: string): string => `
---
title: Many failures
level: high
tags: [attack.t1110.003, attack.credential-access]
falsepositives: [Scanners]
correlation: ${more}`;

const faultsOf = (text: string): string[] => {
  const imported = importSigma(text);
  return imported.ok ? [] : imported.error.map(({ path, message }) => `${path}: ${message}`);
};

describe('import of Sigma', () => {
  it('takes a correlation with the rules that it refers to', () => {
    const text =
      base('failed', "{ a: { eventType|contains: auth, outcome: failure }, filter_x: { src_ip|cidr: 10.0.0.0/8 }, filter_y: { user: [probe, 'ci-*'] }, condition: a and not 1 of filter_* }") +
      correlation('{ type: value_count, rules: [failed], group-by: [src_ip], timespan: 10m, condition: { field: user, gte: 10 } }'); // prettier-ignore
    const imported = importSigma(text);
    if (!imported.ok) throw new Error(JSON.stringify(imported.error));
    const read = readRules(imported.value);
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    expect(read.value[0]).toMatchObject({
      id: 'many-failures',
      severity: 'high',
      techniques: ['T1110.003'],
      false_positives: ['Scanners'],
      correlation: {
        type: 'value_count',
        events: ['failed'],
        group_by: ['client_address'],
        timespan: 600,
        condition: { field: ['principal_name'], gte: 10 },
      },
    });
    expect(imported.value).toContain('source_product: okta');
    expect(imported.value).toContain('client_address|cidr');
  });

  it('keeps the order of temporal_ordered', () => {
    const text =
      base('second', '{ a: { outcome: success }, condition: a }') +
      '\n---' +
      base('first', '{ a: { outcome: failure }, condition: a }') +
      '\n' +
      correlation('{ type: temporal_ordered, rules: [first, second], group-by: [user], timespan: 1h }');
    const imported = importSigma(text);
    if (!imported.ok) throw new Error(JSON.stringify(imported.error));
    const read = readRules(imported.value);
    expect(read.ok && read.value[0]?.correlation).toMatchObject({ events: ['first', 'second'] });
  });

  it('reads the fields of Okta and GitHub as Sigma’s own rules write them', () => {
    const okta = importSigma(base('started', '{ a: { eventtype: user.session.start, outcome.result: [FAILURE], actor.alternateid: anna }, condition: a }'));
    if (!okta.ok) throw new Error(JSON.stringify(okta.error));
    for (const field of ['record_type: user.session.start', 'outcome:', '- failure', 'principal_name: anna']) expect(okta.value).toContain(field);
    const github = importSigma(base('made', '{ a: { action: [environment.create_actions_secret] }, condition: a }', '{ product: github, service: audit }'));
    if (!github.ok) throw new Error(JSON.stringify(github.error));
    expect(github.value).toMatch(/record_type:\s+- environment\.create_actions_secret/);
  }); // prettier-ignore

  it('tells everything that does not fit', () => {
    const text =
      base('failed', '{ a: { CommandLine: x }, b: [word], condition: a | count() > 5 }', '{ product: windows }') +
      correlation('{ type: value_median, rules: [failed, other], group-by: [Computer], aliases: {}, timespan: 1h, condition: { gte: 5 } }'); // prettier-ignore
    expect(faultsOf(text)).toEqual([
      'correlation 1.type: value_median is not imported',
      'correlation 1.aliases: not imported',
      'failed.logsource: windows is not a source of Tourniquet',
      'failed.a: the field CommandLine has no counterpart',
      'failed.b.0: key words without a field are not imported',
      'failed.condition: | is not understood',
      'correlation 1.rules: the rule other is not in the file',
      'correlation 1.group-by: the field Computer has no counterpart',
    ]);
    expect(faultsOf('just: yaml')).toEqual([': no rule with a detection']);
  });
});
