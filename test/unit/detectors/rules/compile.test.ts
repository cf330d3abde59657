import { compileRule } from '../../../../detectors/rules/compile.js';
import { fieldNames } from '../../../../detectors/rules/fields.js';
import { readRules } from '../../../../detectors/rules/read-rules.js';
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
    for (const { sql, params } of [compiled.evaluate({ fromPane: 1, toPane: 2 }, 10), compiled.details(fired)]) {
      expect(sql).not.toContain('DROP');
      expect(JSON.stringify(params)).toContain('DROP');
      const named = [...sql.matchAll(/\{(p\d+):/g)].map((match) => match[1]);
      expect(new Set(named)).toEqual(new Set(Object.keys(params)));
    }
  });

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
