import { statSync } from 'node:fs';
import { describeError } from '../../../ingest/core/errors.js';
import type { Logger } from '../../../ingest/core/logger.js';
import { faultLines } from '../../../ingest/core/read-yaml.js';
import { deterministicUuid } from '../../../ingest/event/event-uid.js';
import { compileRule, type CompiledRule } from '../../rules/compile.js';
import type { Rule } from '../../rules/rule-schema.js';
import { packFiles, readRuleFile, ruleFilesOf, type RuleFile } from './rule-files.js';

export interface RuleSetOptions {
  /** Whether the shipped rules are used. */
  readonly pack: boolean;
  /** Files of the operator; a rule with the id of a shipped one takes its place. */
  readonly directory?: string | undefined;
  /** Ids of rules that are not run. */
  readonly disabled: readonly string[];
  /** Ids of rules that make signals only, whatever their file says. */
  readonly observe: readonly string[];
}

export interface ActiveRule {
  readonly compiled: CompiledRule;
  /** Names the rule and what it counts: who changes that asks for an evaluation anew. */
  readonly key: string;
}

/** The rules that run now: shipped ones and those of a directory, which is read again when its files change. */
export class RuleSet {
  #options: RuleSetOptions;
  readonly #logger: Logger;
  readonly #pack: readonly RuleFile[];
  #seen = '';
  #active: readonly ActiveRule[] = [];
  /** The last good rules of each file, so that a slip of the pen switches nothing off. */
  #good = new Map<string, readonly Rule[]>();

  constructor(options: RuleSetOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#pack = options.pack ? packFiles() : [];
    this.#read([]);
  }

  /** Enabled rules, in order of their ids. Reads files again that changed; faults are logged, and what was good stays. */
  current(): readonly ActiveRule[] {
    const { directory } = this.#options;
    if (directory === undefined) return this.#active;
    try {
      const paths = ruleFilesOf(directory);
      const seen = paths.map((path) => `${path} ${statSync(path).mtimeMs} ${statSync(path).size}`).join('\n');
      if (seen !== this.#seen) {
        this.#read(paths.map((path) => readRuleFile(path)));
        this.#seen = seen;
      }
    } catch (error) {
      this.#logger.warn({ reason: describeError(error) }, 'rules could not be read again; those before stay');
    }
    return this.#active;
  }

  #read(files: readonly RuleFile[]): void {
    const good = new Map<string, readonly Rule[]>();
    for (const { path, rules, faults } of files) {
      if (faults.length > 0)
        this.#logger.warn({ faults: faultLines(faults) }, 'a file of rules has faults; its last good state stays');
      good.set(path, faults.length > 0 ? (this.#good.get(path) ?? []) : rules);
    }
    this.#good = good;
    this.#activate();
  }

  /** Other switches, from the next pass on. */
  configure({ disabled, observe }: Pick<RuleSetOptions, 'disabled' | 'observe'>): void {
    this.#options = { ...this.#options, disabled, observe };
    this.#activate();
  }

  #activate(): void {
    const byId = new Map<string, Rule>();
    for (const rule of [...this.#pack.flatMap(({ rules }) => rules), ...[...this.#good.values()].flat()])
      byId.set(rule.id, rule);
    this.#active = activeRules([...byId.values()], this.#options);
  }
}

function activeRules(rules: readonly Rule[], { disabled, observe }: RuleSetOptions): readonly ActiveRule[] {
  return rules
    .filter(({ id, enabled }) => enabled && !disabled.includes(id))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((rule) => {
      const compiled = compileRule(observe.includes(rule.id) ? { ...rule, mode: 'observe' } : rule);
      const counted = JSON.stringify([rule.events, rule.correlation]);
      return { compiled, key: `${rule.id}:${deterministicUuid('rule', counted)}` };
    });
}
