import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { AppError } from '../../../ingest/core/errors.js';
import { silentLogger } from '../../../ingest/core/logger.js';
import { faultLines } from '../../../ingest/core/read-yaml.js';
import { ClickHouseStore } from '../../../ingest/store/clickhouse-store.js';
import { readRules } from '../../../detectors/rules/read-rules.js';
import type { Rule } from '../../../detectors/rules/rule-schema.js';
import { importSigma } from '../../../detectors/rules/sigma-import.js';
import { packFiles, readRuleFile, ruleFilesOf, type RuleFile } from '../../../detectors/worker/rules/rule-files.js';
import { RuleSet } from '../../../detectors/worker/rules/rule-set.js';
import { runRuleTests } from '../../../detectors/worker/rules/rule-tests.js';
import { printable } from '../../alerts/wording.js';
import type { CommonOptions } from '../cli-context.js';
import { readConfig } from '../config-file.js';
import type { Terminal } from '../terminal.js';

const filesOf = (paths: readonly string[]): readonly RuleFile[] =>
  paths.length === 0 ? packFiles() : paths.flatMap(ruleFilesOf).map(readRuleFile);

/** @throws AppError TQ_CONFIG_INVALID with every fault of every file. */
function rulesOf(files: readonly RuleFile[]): readonly Rule[] {
  const faulty = files.filter(({ faults }) => faults.length > 0);
  if (faulty.length === 0) return files.flatMap(({ rules }) => rules);
  const lines = faulty.map(({ path, faults }) => `${basename(path)}:\n${faultLines(faults)}`);
  throw new AppError('TQ_CONFIG_INVALID', `Rules have faults.\n${lines.join('\n')}`);
}

export function rulesList(options: CommonOptions & { json: boolean }, terminal: Terminal): void {
  const { rules } = readConfig(options.config, terminal.env);
  for (const { compiled } of new RuleSet(rules, silentLogger).current()) {
    const { id, title, mode, severity, fidelity, techniques, correlation } = compiled.rule;
    if (options.json) {
      const { type, group_by, timespan } = correlation;
      terminal.out(
        JSON.stringify({ id, title, mode, severity, fidelity, techniques, type, group_by, timespan_s: timespan }),
      );
    } else
      terminal.out(
        printable(`${id.padEnd(28)} ${mode.padEnd(8)} ${severity.padEnd(9)} ${correlation.type.padEnd(17)} ${title}`),
      );
  }
}

export function rulesLint(paths: readonly string[], terminal: Terminal): void {
  const rules = rulesOf(filesOf(paths));
  for (const { id, tests } of rules) {
    const [loud, quiet] = [
      tests.some(({ alerts }) => alerts.length > 0),
      tests.some(({ alerts }) => alerts.length === 0),
    ];
    if (!loud) terminal.err(`${id}: no test in which it must speak`);
    if (!quiet) terminal.err(`${id}: no test in which it must stay quiet`);
  }
  terminal.out(`${rules.length} ${rules.length === 1 ? 'rule' : 'rules'} without faults.`);
}

/** Exit code 1 if a test fails, or there is none. */
export async function rulesTest(paths: readonly string[], terminal: Terminal): Promise<void> {
  const rules = rulesOf(filesOf(paths));
  const directory = await mkdtemp(join(tmpdir(), 'tourniquet-rules-'));
  const store = new ClickHouseStore({ kind: 'embedded', directory });
  try {
    await store.start();
    await store.migrator.up();
    const outcomes = await runRuleTests(store, rules);
    for (const { rule, test, passed, expected, found } of outcomes) {
      terminal.out(printable(`${passed ? 'ok    ' : 'FAILED'} ${rule}: ${test}`));
      if (passed) continue;
      terminal.out(printable(`       expected ${expected.join(', ') || 'no alert'}`));
      terminal.out(printable(`       found    ${found.join(', ') || 'no alert'}`));
    }
    const failed = outcomes.filter(({ passed }) => !passed).length;
    terminal.out(`${outcomes.length} tests of ${rules.length} rules, ${failed} failed.`);
    if (failed > 0 || outcomes.length === 0) terminal.setExitCode(1);
  } finally {
    await store.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

const template = (id: string): string => `id: ${id}
title: Many refusals from one address
description: >
  Say what the rule finds, and why it matters.
severity: low
fidelity: low
mode: observe # alert, once it is known to be quiet
techniques: [T1110]
false_positives:
  - Say what ordinary thing looks like it.
next_steps:
  - Say what to look at first.
events:
  refused:
    is_request: true
    outcome: failure
correlation:
  type: event_count
  group_by: [client_address]
  timespan: 10m
  condition: { gte: 100 }
tests:
  - name: two hundred refusals
    events:
      - { count: 200, every: 2s, set: { outcome: failure, target_status: 403, client_address: 198.51.100.7 } }
    alerts: [198.51.100.7]
  - name: two hundred requests that are served
    events:
      - { count: 200, every: 2s, set: { client_address: 198.51.100.7 } }
    alerts: []
`;

/** @throws AppError TQ_NOT_FOUND for a shipped rule of another name. */
export async function rulesNew(id: string, from: string | undefined, terminal: Terminal): Promise<void> {
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(id)) {
    throw new AppError('TQ_REQUEST_INVALID', 'The id is not one.', {
      mend: 'Use lower-case letters, digits and -, at most 64.',
    });
  }
  if (from === undefined) {
    terminal.out(template(id).trimEnd());
    return;
  }
  const file = packFiles().find(({ rules }) => rules.some((rule) => rule.id === from));
  if (file === undefined) {
    throw new AppError('TQ_NOT_FOUND', 'No shipped rule has that id.', { mend: 'See `tourniquet rules list`.' });
  }
  const documents = (await readFile(file.path, 'utf8')).split(/^---\n/m);
  const own = documents.find((text) => new RegExp(`^id: ${from}$`, 'm').test(text)) ?? '';
  terminal.out(own.replace(/^id: .*$/m, `id: ${id}`).trimEnd());
}

/** @throws AppError TQ_CONFIG_INVALID with everything that does not fit; TQ_FILE_UNREADABLE. */
export async function rulesImport(file: string, terminal: Terminal): Promise<void> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('TQ_FILE_UNREADABLE', `The file ${basename(file)} cannot be read.`, {
      mend: 'Name a readable file.',
      cause,
    });
  }
  const imported = importSigma(text);
  if (!imported.ok) {
    throw new AppError('TQ_CONFIG_INVALID', `${basename(file)} cannot be imported.\n${faultLines(imported.error)}`);
  }
  const read = readRules(imported.value);
  terminal.out(imported.value.trimEnd());
  terminal.err(`${read.ok ? read.value.length : 0} imported; add tests, and try them with \`tourniquet rules test\`.`);
}
