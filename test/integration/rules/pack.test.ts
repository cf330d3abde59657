import { packFiles } from '../../../detectors/worker/rules/rule-files.js';
import { runRuleTests, type RuleTestOutcome } from '../../../detectors/worker/rules/rule-tests.js';
import { faultLines } from '../../../ingest/core/read-yaml.js';
import { openTestStore, type TestStore } from '../store/support.js';

const files = packFiles();
const rules = files.flatMap((file) => file.rules);
const tests = rules.flatMap((rule) => rule.tests.map(({ name }) => [rule.id, name] as const));

describe('the shipped rules', () => {
  let opened: TestStore;
  let outcomes: readonly RuleTestOutcome[];

  beforeAll(async () => {
    opened = await openTestStore();
    outcomes = await runRuleTests(opened.store, rules);
  }, 240_000);
  afterAll(() => opened.close());

  it('are all readable', () => {
    expect(
      files.map(({ path, faults }) => (faults.length === 0 ? '' : `${path}\n${faultLines(faults)}`)).join(''),
    ).toBe('');
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  });

  it.each(tests)('%s: %s', (rule, test) => {
    const outcome = outcomes.find((one) => one.rule === rule && one.test === test);
    expect(outcome?.found).toEqual(outcome?.expected);
    expect(outcome?.passed).toBe(true);
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))('%s explains itself and is tested both ways', (_, rule) => {
    expect(rule.false_positives.length).toBeGreaterThan(0);
    expect(rule.next_steps.length).toBeGreaterThan(1);
    expect(rule.references.length).toBeGreaterThan(0);
    expect(rule.techniques.length).toBeGreaterThan(0);
    expect(rule.tests.some(({ alerts }) => alerts.length > 0)).toBe(true);
    expect(rule.tests.some(({ alerts }) => alerts.length === 0)).toBe(true);
  });
});
