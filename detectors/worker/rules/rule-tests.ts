import { deterministicUuid } from '../../../ingest/event/event-uid.js';
import type { Store, TableRow } from '../../../ingest/store/store.js';
import { compileRule } from '../../rules/compile.js';
import type { Rule, RuleTest } from '../../rules/rule-schema.js';
import { lastSecond, reachOf, testRows } from '../../rules/test-events.js';
import { paneOf } from '../../rules/window-plan.js';
import { evaluateRule } from './evaluate-rule.js';

export interface RuleTestOutcome {
  readonly rule: string;
  readonly test: string;
  readonly passed: boolean;
  /** Entities of the findings, in order of the alphabet. */
  readonly expected: readonly string[];
  readonly found: readonly string[];
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** The first test begins then; each has a stretch of event time to itself. */
const FIRST_MS = Date.UTC(2020, 0, 1);
const ROWS_MAX = 10_000;
/** They lie months apart, and a block holds few months. */
const TESTS_PER_BLOCK = 15;

/**
 * Runs the tests that rules carry on a store that holds nothing else: all events go in together, each test in a time of
 * its own, and each rule is asked about its own times.
 *
 * @throws what the store throws.
 */
export async function runRuleTests(
  store: Pick<Store, 'querier' | 'writer'>,
  rules: readonly Rule[],
): Promise<readonly RuleTestOutcome[]> {
  let nextMs = FIRST_MS;
  const placed = rules.flatMap((rule) =>
    rule.tests.map((test) => {
      const reachMs = reachOf(rule, test) * 1000;
      // Within the day, so that the day's repetition of a lasting episode does not depend on the test's place.
      const startMs = Math.ceil((nextMs + reachMs) / DAY_MS) * DAY_MS + HOUR_MS;
      nextMs = startMs + reachMs;
      return { rule, test, startMs };
    }),
  );
  await storeEvents(store, placed);
  const outcomes: RuleTestOutcome[] = [];
  for (const { rule, test, startMs } of placed) {
    const compiled = compileRule(rule);
    const endMs = startMs + lastSecond(test) * 1000;
    const range = { fromPane: paneOf(compiled.plan, startMs), toPane: paneOf(compiled.plan, endMs) };
    const evaluation = await evaluateRule(store.querier, compiled, range);
    const found = evaluation.found.map(({ finding }) => finding.entity_uid).sort();
    const expected = [...test.alerts].sort();
    const passed = found.length === expected.length && found.every((one, i) => one === expected[i]);
    outcomes.push({ rule: rule.id, test: test.name, passed, expected, found });
  }
  return outcomes;
}

interface Placed {
  readonly rule: Rule;
  readonly test: RuleTest;
  readonly startMs: number;
}

async function storeEvents({ writer }: Pick<Store, 'writer'>, placed: readonly Placed[]): Promise<void> {
  let block: TableRow[] = [];
  let blocks = 0;
  let tests = 0;
  const flush = async (): Promise<void> => {
    blocks += 1;
    const token = deterministicUuid('rule tests', String(blocks), String(block[0]?.['event_uid']));
    await writer.insertRows('token_events', block, token);
    block = [];
  };
  for (const { rule, test, startMs } of placed) {
    block.push(...testRows(rule, test, startMs));
    tests += 1;
    if (block.length >= ROWS_MAX || tests % TESTS_PER_BLOCK === 0) await flush();
  }
  if (block.length > 0) await flush();
}
