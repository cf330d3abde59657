import { readRules } from '../../../../detectors/rules/read-rules.js';
import { ruleLimits } from '../../../../detectors/rules/rule-schema.js';

const rule = (more = '', correlation = '{ type: event_count, group_by: [client_address], timespan: 10m, condition: { gte: 5 } }', events = 'refused: { outcome: failure }'): string => `
id: example
title: Example
description: An example.
severity: low
events: { ${events} }
correlation: ${correlation}
${more}`; // prettier-ignore

/** `path: message` of every fault. */
function faultsOf(text: string): string[] {
  const read = readRules(text);
  return read.ok ? [] : read.error.map(({ path, message }) => `${path}: ${message}`);
}

describe('rules from YAML', () => {
  it('fills in what is not said', () => {
    const read = readRules(rule());
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    expect(read.value).toHaveLength(1);
    expect(read.value[0]).toMatchObject({ version: 1, enabled: true, mode: 'alert', fidelity: 'medium', tests: [] });
    expect(read.value[0]?.correlation).toMatchObject({ timespan: 600 });
  });

  it('tells all faults at once, each with its place', () => {
    const text = `
id: Not An Id
title: ''
description: x
severity: dire
colour: red
events:
  a: { action: fly }
correlation: { type: event_count, group_by: [shoe_size], timespan: 3 weeks, condition: { gte: 5 } }
`;
    const read = readRules(text);
    expect(read.ok).toBe(false);
    const faults = read.ok ? [] : read.error;
    expect(faults.map(({ path }) => path).sort()).toEqual(
      ['', 'correlation.group_by.0', 'correlation.timespan', 'id', 'severity', 'title'].sort(),
    );
    expect(faults.find(({ path }) => path === 'id')?.line).toBe(2);
    expect(faults.every(({ mend }) => mend !== '')).toBe(true);
    expect(faults.find(({ path }) => path === '')?.message).toBe('unknown key colour');
  });

  it.each([
    ['a field that is none', 'a: { shoe_size: 4 }', 'events.a.shoe_size: shoe_size is not a field'],
    ['a modifier that is none', "a: { 'user_agent|base64': x }", 'events.a.user_agent|base64: the modifier base64 is not known'],
    ['a word that the field never has', 'a: { action: fly }', 'events.a.action: action is never fly'],
    ['a number in quotes', "a: { target_status: '200' }", 'events.a.target_status: target_status takes numbers'],
    ['a comparison of texts', "a: { 'user_agent|gte': 3 }", 'events.a.user_agent|gte: user_agent is not a number'],
    ['a pattern that is none', "a: { 'user_agent|re': '(' }", 'events.a.user_agent|re: not a pattern of RE2'],
    ['look-around, which RE2 has not', "a: { 'user_agent|re': '(?=x)' }", 'events.a.user_agent|re: not a pattern of RE2'],
    ['a range that is none', "a: { 'client_address|cidr': 10.0.0.0/99 }", 'events.a.client_address|cidr: 10.0.0.0/99 is no address range'],
    ['what everything has', "a: { 'user_agent|contains': '' }", 'events.a.user_agent|contains: an empty text fits everything'],
    ['no condition', 'a: {}', 'events.a: no condition'],
    ['contradictory bounds', 'a: { target_status|gte: 500, target_status|lt: 500 }', 'events.a.target_status|lt: contradicts another condition on target_status: no event can meet both'],
    ['a number out of its bounds', 'a: { target_status|gt: [500, 400], all: [{ target_status: [200, 400] }] }', 'events.a.all.0.target_status: contradicts another condition on target_status: no event can meet both'],
    ['contradictory conditions', 'a: { outcome: success, all: [{ outcome: failure }] }', 'events.a.all.0.outcome: contradicts another condition on outcome: no event can meet both'],
  ])('refuses %s', (_, events, fault) => {
    expect(faultsOf(rule('', undefined, events))).toEqual([fault]);
  }); // prettier-ignore

  it('knows that a list can hold both, that letters are not told apart, and that a bound may be left', () => {
    const fits = [
      'a: { scopes: read, all: [{ scopes: write }] }',
      'a: { user_agent: Curl, all: [{ user_agent: curl }] }',
      'a: { target_status|gte: 500, target_status|lte: 500, all: [{ target_status: [500, 404] }] }',
    ];
    for (const events of fits) expect(faultsOf(rule('', undefined, events))).toEqual([]);
  });

  it('says where the rule begins that lacks something, and stops after twenty faults of syntax', () => {
    const read = readRules(`${rule()}\n---\nid: second\n`);
    const faults = read.ok ? [] : read.error;
    expect(faults.find(({ path }) => path === 'description')?.line).toBe(rule().split('\n').length + 2);
    expect(faultsOf('a: '.repeat(1000))).toHaveLength(20);
  });

  it.each([
    ['{ gte: 10, lt: 5 }', 'no number meets all of it'],
    ['{ eq: 3, neq: 3 }', 'no number meets all of it'],
    ['{ gt: 4, lte: 4 }', 'no number meets all of it'],
    ['{}', 'no number to compare with'],
    ['{ eq: 0 }', 'what has no events is never looked at'],
  ])('refuses the condition %s', (condition, message) => {
    const correlation = `{ type: event_count, timespan: 10m, condition: ${condition} }`;
    expect(faultsOf(rule('', correlation))).toEqual([`correlation.condition: ${message}`]);
  });

  it('refuses events that nothing counts and names that nothing has', () => {
    const correlation = '{ type: temporal, events: [a, c], timespan: 10m }';
    expect(faultsOf(rule('', correlation, 'a: { outcome: failure }, b: { outcome: success }'))).toEqual([
      "correlation.events.1: c is not one of the rule's events",
      'events.b: nothing counts it',
    ]);
  });

  it('refuses history in which nobody can be known', () => {
    const correlation =
      '{ type: new_terms, group_by: [token_uid], timespan: 1h, history: 1d, learning: 2d, condition: { field: target_service, gte: 1 } }';
    expect(faultsOf(rule('', correlation))).toEqual([
      'correlation.learning: learning is not shorter than history: nobody would ever be known',
    ]);
  });

  it('refuses what is huge', () => {
    expect(faultsOf('#'.repeat(ruleLimits.textMax + 1))).toEqual([`: longer than ${ruleLimits.textMax} characters`]);
    const many = Array.from({ length: ruleLimits.rulesPerFile + 1 }, (_, i) => rule().replace('example', `r${i}`));
    expect(faultsOf(many.join('\n---'))).toEqual([`: 33 rules in one file, at most ${ruleLimits.rulesPerFile}`]);
    const list = Array.from({ length: ruleLimits.valuesMax + 1 }, (_, i) => `u${i}`).join(', ');
    expect(faultsOf(rule('', undefined, `a: { client_id: [${list}] }`))[0]).toContain(
      'a value or a list of 1 to 1000 values',
    );
    const deep = `${'{ not: '.repeat(8)}{ outcome: failure }${' }'.repeat(8)}`;
    expect(faultsOf(rule('', undefined, `a: ${deep}`))[0]).toContain('nested deeper than 6');
  });

  it('refuses YAML that is none, aliases that multiply, and one key twice', () => {
    expect(faultsOf('a: [')[0]).toContain('not YAML');
    expect(faultsOf('a: 1\na: 2')[0]).toContain('not YAML');
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]`;
    expect(faultsOf(bomb)).toEqual([': not readable as YAML']);
    expect(faultsOf('')).toEqual([': no rule']);
  });

  it('refuses events of a test that the store could not hold', () => {
    const tests = `
tests:
  - name: wrong
    events: [{ set: { client_network: 10.0.0.0, action: fly, target_status: many } }]
    alerts: []`;
    expect(faultsOf(rule(tests))).toEqual([
      'tests.0.events.0.set.client_network: client_network cannot be set',
      'tests.0.events.0.set.action: action is never that',
      'tests.0.events.0.set.target_status: not a value of target_status',
    ]);
  });
});
