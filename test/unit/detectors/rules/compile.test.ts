import { compileRule } from '../../../../detectors/rules/compile.js';
import { fieldNames } from '../../../../detectors/rules/fields.js';
import { readRules } from '../../../../detectors/rules/read-rules.js';
import { surveyOf } from '../../../../detectors/rules/survey.js';
import { planWindow, windowAt } from '../../../../detectors/rules/window-plan.js';

const hostile = "x'); DROP TABLE token_events; --{p0:String}\\";

function compile(events: string, correlation: string) {
  const text = `{ id: example, title: Example, description: x, severity: low, events: ${events}, correlation: ${correlation} }`;
  const read = readRules(text);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const [rule] = read.value;
  if (rule === undefined) throw new Error('no rule');
  return compileRule(rule);
}

describe('statements of rules', () => {
  it('hold no text of a rule but in parameters', () => {
    const quoted = JSON.stringify(hostile);
    const compiled = compile(
      `{ a: { client_id: ${quoted}, 'user_agent|contains': ${quoted}, 'target_path|re': 'x.*DROP', scopes: ${quoted}, 'attributes.realm': ${quoted} } }`,
      '{ type: value_count, group_by: [principal_uid], timespan: 10m, condition: { field: client_address, gte: 3 } }',
    );
    const fired = [{ groups: [hostile], pane: 100_000, observed: 3, events: 3, terms: [hostile] }];
    for (const { sql, params } of [
      compiled.evaluate({ fromPane: 1, toPane: 2 }, 10),
      compiled.evaluate({ fromPane: 1, toPane: 2 }, 10, [[hostile]]),
      compiled.details(fired),
      surveyOf([{ surveyed: compiled, fromMs: 1, toMs: 2 }], 10, 1),
    ]) {
      expect(sql).not.toContain('DROP');
      expect(JSON.stringify(params)).toContain('DROP');
      const named = [...sql.matchAll(/\{(p\d+):/g)].map((match) => match[1]);
      expect(new Set(named)).toEqual(new Set(Object.keys(params)));
    }
  });

  it.each([
    ['{ type: event_count, events: [a], timespan: 5m, condition: { gt: 3.5, lt: 9 } }', ['a 4']],
    ['{ type: event_count, events: [a, b], timespan: 5m, condition: { lte: 9 } }', ['a|b 1']],
    ['{ type: value_count, events: [a], timespan: 5m, condition: { field: client_asn, gte: 40 } }', ['a client_asn 40', 'a client_asn 16 values']],
    ['{ type: value_count, events: [a], timespan: 5m, condition: { field: client_asn, gte: 3 } }', ['a client_asn 3 values']],
    ['{ type: value_count, events: [a], timespan: 5m, condition: { field: client_asn, gte: 1 } }', ['a client_asn 1']],
    ['{ type: value_count, events: [a], timespan: 5m, condition: { field: client_asn, gte: 100000 } }', ['a client_asn 90000', 'a client_asn 16 values']],
    ['{ type: events_per_value, events: [a], timespan: 5m, condition: { field: client_asn, lte: 2 } }', ['a client_asn 1']],
    ['{ type: events_per_value, events: [a], timespan: 5m, condition: { field: client_asn, gte: 5 } }', ['a client_asn 5']],
    ['{ type: ratio, events: [a], of: [a, b], timespan: 5m, condition: { gte: 0.5 } }', ['a 1']],
    ['{ type: ratio, events: [a], of: [a, b], timespan: 5m, condition: { lte: 0.5 } }', ['a|b 1']],
    ['{ type: value_sum, events: [a, b], timespan: 5m, condition: { field: duration_ms, gte: 5 } }', ['a|b 1']],
    ['{ type: value_avg, events: [a], timespan: 5m, condition: { field: duration_ms, gte: 5 } }', ['a duration_ms 1']],
    ['{ type: temporal_ordered, events: [a, b, a], timespan: 5m }', ['a 1', 'b 1']],
    ['{ type: new_terms, events: [a], group_by: [token_uid], timespan: 1h, condition: { field: target_route, gte: 4 } }', ['a target_route 4 values']],
    ['{ type: event_count, events: [a], timespan: 5m, condition: { gte: 30 }, also: [{ type: ratio, events: [a], of: [a, b], condition: { gte: 0.5 } }, { type: value_count, events: [a], condition: { field: client_address, gte: 12 } }] }', ['a 30', 'a client_address 12 values']],
  ])('%s needs %j', (correlation, expected) => {
    const second = /[[ ]b[\],]/.test(correlation) ? ', b: { outcome: success }' : '';
    const { needs } = compile(`{ a: { outcome: failure }${second} }`, correlation);
    const words = needs.map(({ events, told, distinct, least }) => {
      const names = events.map((one) => (JSON.stringify(one).includes('failure') ? 'a' : 'b'));
      const fields = told.map(({ name }) => name);
      return [names.sort().join('|'), ...fields, least, ...(distinct === true ? ['values'] : [])].join(' ');
    });
    expect(words).toEqual(expected);
  }); // prettier-ignore

  it('give people literals that cannot end early', () => {
    const compiled = compile(
      '{ a: { outcome: failure } }',
      '{ type: event_count, group_by: [client_id], timespan: 10m, condition: { gte: 3 } }',
    );
    const text = compiled.reproduce({ groups: [hostile], pane: 100_000, observed: 3, events: 3, terms: [] });
    const outside = text.replace(/'(?:[^'\\]|\\.)*'/gs, '');
    expect(outside).not.toContain('DROP');
    expect(outside).not.toContain("'");
  });

  it('name no column that is not in the closed list', () => {
    expect(fieldNames.every((name) => /^[a-z_]+$/.test(name))).toBe(true);
    expect(new Set(fieldNames).size).toBe(fieldNames.length);
  });

  it.each([60, 90, 300, 600, 900, 3600, 86_400, 604_800])('cover every stretch of %d s by some window', (timespanS) => {
    const plan = planWindow(timespanS);
    const paneMs = plan.paneS * 1000;
    // A stretch lies in the window that ends with the pane of its last event.
    for (const startMs of [0, 1, paneMs - 1, paneMs, 7 * paneMs + 123]) {
      const endMs = startMs + timespanS * 1000;
      const window = windowAt(plan, Math.floor(endMs / paneMs));
      expect(window.fromMs).toBeLessThanOrEqual(startMs);
      expect(window.toMs).toBeGreaterThan(endMs);
      expect(window.toMs - window.fromMs).toBe(plan.lengthMs);
    }
    expect(plan.lengthMs).toBeLessThanOrEqual(timespanS * 1000 * 1.2);
    expect(plan.panesBefore).toBeLessThanOrEqual(60);
  });
});
