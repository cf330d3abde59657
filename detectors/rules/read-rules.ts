import type { z } from 'zod';
import { readYaml, type FileFault } from '../../ingest/core/read-yaml.js';
import type { Result } from '../../ingest/core/result.js';
import { err, ok } from '../../ingest/core/result.js';
import { contradictionsOf } from './contradictions.js';
import { fields } from './fields.js';
import { checkMatcher } from './matching.js';
import { operators, ruleLimits, ruleSchema, type Correlation, type Measure, type Rule } from './rule-schema.js';
import { eventFaults } from './test-events.js';

const mend = 'See docs/rules.md for the keys and what they take.';

/** Reads the rules of one file, one to a YAML document; all faults of all of them are returned at once. */
export function readRules(text: string): Result<readonly Rule[], readonly FileFault[]> {
  const read = readYaml(text, ruleLimits.textMax);
  if (!read.ok) return read;
  const documents = read.value.filter(({ value }) => value !== null);
  if (documents.length === 0)
    return err([{ path: '', message: 'no rule', mend: 'Write one: `tourniquet rules new`.' }]);
  if (documents.length > ruleLimits.rulesPerFile) {
    const message = `${documents.length} rules in one file, at most ${ruleLimits.rulesPerFile}`;
    return err([{ path: '', message, mend: 'Part it into several files.' }]);
  }
  const rules: Rule[] = [];
  const faults: FileFault[] = [];
  for (const document of documents) {
    const checked = checkRule(document.value);
    if (checked.ok) rules.push(checked.value);
    else {
      for (const { at, message, mend: help } of checked.error) {
        const line = document.lineAt(at);
        faults.push({ path: at.map(String).join('.'), ...(line !== undefined && { line }), message, mend: help });
      }
    }
  }
  const ids = rules.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) faults.push({ path: 'id', message: `${twice} is there twice`, mend: 'Give each its own.' });
  return faults.length > 0 ? err(faults) : ok(rules);
}

interface RuleFault {
  readonly at: readonly PropertyKey[];
  readonly message: string;
  readonly mend: string;
}

/** Checks one rule as YAML gives it. */
function checkRule(value: unknown): Result<Rule, readonly RuleFault[]> {
  const parsed = ruleSchema.safeParse(value ?? {});
  if (!parsed.success) return err(parsed.error.issues.flatMap((issue) => wordsOf(issue, [])));
  const faults = crossChecks(parsed.data);
  return faults.length > 0 ? err(faults) : ok(parsed.data);
}

/** A union tells what each of its branches missed; the reader wants the branch that he meant, else the union's words. */
function wordsOf(issue: z.core.$ZodIssue, before: readonly PropertyKey[]): readonly RuleFault[] {
  const at = [...before, ...issue.path].filter((key) => key !== 'fields');
  if (issue.code === 'unrecognized_keys') {
    return [
      {
        at,
        message: `unknown key ${issue.keys.join(', ')}`,
        mend: 'Remove it, or correct its spelling (docs/rules.md).',
      },
    ];
  }
  return [{ at, message: issue.message, mend }];
}

function crossChecks(rule: Rule): readonly RuleFault[] {
  const names = Object.keys(rule.events);
  const faults: RuleFault[] = [];
  if (names.length === 0 || names.length > ruleLimits.eventsMax) {
    const message = `1 to ${ruleLimits.eventsMax} kinds of events, not ${names.length}`;
    faults.push({ at: ['events'], message, mend: 'Name what the rule counts.' });
  }
  for (const name of names) {
    const matcher = rule.events[name] ?? [];
    const wrong = checkMatcher(matcher);
    for (const { path, ...words } of wrong.length > 0 ? wrong : contradictionsOf(matcher)) {
      faults.push({ at: ['events', name, ...path], ...words });
    }
  }
  faults.push(...checkNames(rule, names), ...checkCorrelation(rule.correlation), ...checkTests(rule));
  return faults;
}

function checkNames({ correlation }: Rule, names: readonly string[]): readonly RuleFault[] {
  const faults: RuleFault[] = [];
  const used = new Set<string>();
  const lists = ['events', 'of', 'without'] as const;
  const look = (part: Partial<Record<(typeof lists)[number], readonly string[]>>, at: readonly PropertyKey[]): void => {
    if (part.events === undefined) for (const name of names) used.add(name);
    for (const key of lists) {
      const listed = part[key] ?? [];
      listed.forEach((name, i) => {
        used.add(name);
        if (!names.includes(name)) {
          const message = `${name} is not one of the rule's events`;
          faults.push({ at: [...at, key, i], message, mend: `Use one of ${names.join(', ')}.` });
        }
        if (listed.indexOf(name) !== i && key === 'events' && correlation.type === 'temporal') {
          faults.push({ at: [...at, key, i], message: `${name} is there twice`, mend: 'Remove one.' });
        }
      });
    }
  };
  look(correlation, ['correlation']);
  also(correlation).forEach((part, i) => look(part, ['correlation', 'also', i]));
  for (const name of names.filter((one) => !used.has(one))) {
    faults.push({
      at: ['events', name],
      message: 'nothing counts it',
      mend: 'Name it in the correlation, or remove it.',
    });
  }
  return faults;
}

/** Further figures that must hold in the same window. */
export const also = (correlation: Correlation): readonly Measure[] => ('also' in correlation ? correlation.also : []);

function checkCorrelation(correlation: Correlation): readonly RuleFault[] {
  const at = ['correlation'];
  const faults: RuleFault[] = [];
  correlation.group_by.forEach((name, i) => {
    if (fields.get(name)?.kind === 'list') {
      const message = `${name} has several values and cannot group`;
      faults.push({ at: [...at, 'group_by', i], message, mend: 'Group by another field.' });
    }
    if (correlation.group_by.indexOf(name) !== i) {
      faults.push({ at: [...at, 'group_by', i], message: `${name} is there twice`, mend: 'Remove one.' });
    }
  });
  if ('condition' in correlation)
    faults.push(...checkCondition(correlation.condition, [...at, 'condition'], correlation));
  also(correlation).forEach((part, i) =>
    faults.push(...checkCondition(part.condition, [...at, 'also', i, 'condition'], part)),
  );
  if (correlation.type === 'new_terms') {
    if (correlation.group_by.length === 0) {
      faults.push({ at, message: 'new_terms needs group_by', mend: 'Say for whom a value must be new.' });
    }
    if (correlation.learning >= correlation.history) {
      const message = 'learning is not shorter than history: nobody would ever be known';
      faults.push({ at: [...at, 'learning'], message, mend: 'Shorten it.' });
    }
    if (correlation.history < correlation.timespan) {
      const message = 'history is shorter than timespan';
      faults.push({ at: [...at, 'history'], message, mend: 'Lengthen it.' });
    }
  }
  return faults;
}

type Condition = Partial<Record<(typeof operators)[number], number>> & { readonly field?: string | readonly string[] };

function checkCondition(
  condition: Condition,
  at: readonly PropertyKey[],
  { type }: { readonly type: string },
): readonly RuleFault[] {
  const faults: RuleFault[] = [];
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity, eq, neq } = condition;
  if (operators.every((operator) => condition[operator] === undefined)) {
    faults.push({ at, message: 'no number to compare with', mend: `Write one of ${operators.join(', ')}.` });
  }
  const fits = (x: number): boolean => x > gt && x >= gte && x < lt && x <= lte && x !== neq;
  const low = Math.max(gt, gte);
  const high = Math.min(lt, lte);
  const none = eq === undefined ? low > high || (low === high && !fits(low)) : !fits(eq);
  if (none) faults.push({ at, message: 'no number meets all of it', mend: 'Correct the comparisons.' });
  if (eq === 0 && (type.endsWith('_count') || type === 'new_terms')) {
    faults.push({ at, message: 'what has no events is never looked at', mend: 'Ask for at least one.' });
  }
  if (['value_sum', 'value_avg', 'value_percentile'].includes(type)) {
    const name = typeof condition.field === 'string' ? condition.field : '';
    if (fields.get(name)?.kind !== 'number') {
      faults.push({ at: [...at, 'field'], message: `${name} is not a number`, mend: 'Name a field that is one.' });
    }
  }
  return faults;
}

const checkTests = ({ tests }: Rule): readonly RuleFault[] =>
  tests.flatMap((test, t) => eventFaults(test).map((fault) => ({ ...fault, at: ['tests', t, ...fault.at] })));
