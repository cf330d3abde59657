import { compileRule } from '../../../../detectors/rules/compile.js';
import { readRules } from '../../../../detectors/rules/read-rules.js';
import { ruleFinding } from '../../../../detectors/rules/rule-finding.js';

const detail = {
  evidence: ['e'], last_ms: Date.UTC(2026, 0, 5), one_token: '', one_token_name: '', one_principal: '', one_principal_name: '',
  newest_address: '198.51.100.7', newest_service: '', newest_instance: 'idp',
}; // prettier-ignore

function summaryOf(correlation: string, told: typeof detail = detail): string {
  const read = readRules(`
id: a-rule
title: A rule
description: What it finds.
severity: low
events:
  refused: { outcome: failure }
  served: { outcome: success }
correlation: ${correlation}`);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const compiled = compileRule(read.value[0]!);
  return ruleFinding(compiled, { groups: ['198.51.100.7'], pane: 1000, observed: 30, terms: [] } as never, told)
    .summary;
}

describe('what is said of a window that fired', () => {
  it.each([
    ['{ type: event_count, events: [refused, served], group_by: [client_address], timespan: 10m, condition: { gte: 1 } }', '30 events (refused, served) in 10 min'],
    ['{ type: value_count, events: [refused, served], group_by: [client_address], timespan: 10m, condition: { field: principal_id, gte: 1 } }', '30 accounts in 10 min'],
    ['{ type: value_count, events: [refused, served], group_by: [client_address], timespan: 10m, condition: { field: [target_service, target_route], gte: 1 } }', '30 values of target_service and target_route in 10 min'],
    ['{ type: value_count, events: [refused, served], group_by: [client_address], timespan: 10m, condition: { field: user_agent, gte: 1 } }', '30 values of user_agent in 10 min'],
    ['{ type: temporal, events: [refused, served], group_by: [client_address], timespan: 10m }', '30 steps (refused, served) in 10 min'],
    ['{ type: temporal_ordered, events: [refused, served], group_by: [client_address], timespan: 10m }', '30 steps (refused, then served) in 10 min'],
  ])('%s', (correlation, said) => {
    expect(summaryOf(correlation)).toBe(`A rule: ${said} (client address 198.51.100.7)`);
  }); // prettier-ignore

  it('calls a principal by its name where the store knows one', () => {
    const one = { ...detail, one_principal_name: 'anna@example.com' };
    expect(summaryOf('{ type: event_count, events: [refused, served], group_by: [principal_uid], timespan: 10m, condition: { gte: 1 } }', one))
      .toBe('A rule: 30 events (refused, served) in 10 min (principal anna@example.com)');
  }); // prettier-ignore
});
