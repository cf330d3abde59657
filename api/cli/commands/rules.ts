import type { Command } from 'commander';
import type { CliContext, CommonOptions } from '../cli-context.js';
import { withConfig } from '../cli-context.js';
import { guarded } from '../terminal.js';

/** `tourniquet rules`: rules across tokens, written, checked and tested without a running instance. */
export function defineRules(program: Command, { terminal }: CliContext): void {
  const rules = program.command('rules').description('rules across tokens (docs/rules.md)');
  const actions = () => import('../actions/rules.js');
  withConfig(rules.command('list').description('rules that run with this configuration'))
    .option('--json', 'one JSON object a line', false)
    .action((options: CommonOptions & { json: boolean }) =>
      guarded(terminal, async () => (await actions()).rulesList(options, terminal)),
    );
  rules
    .command('lint')
    .description('check files or directories of rules; the shipped ones where none is named')
    .argument('[paths...]')
    .action((paths: string[]) => guarded(terminal, async () => (await actions()).rulesLint(paths, terminal)));
  rules
    .command('test')
    .description('run the tests that rules carry, on the real engine; the shipped ones where no path is named')
    .argument('[paths...]')
    .action((paths: string[]) => guarded(terminal, async () => (await actions()).rulesTest(paths, terminal)));
  rules
    .command('new')
    .description('print a rule to begin with')
    .argument('<id>')
    .option('--from <id>', 'copy a shipped rule')
    .action((id: string, options: { from?: string }) =>
      guarded(terminal, async () => (await actions()).rulesNew(id, options.from, terminal)),
    );
  rules
    .command('import')
    .description('print Sigma correlations, with the rules that they refer to, as rules of Tourniquet')
    .argument('<file>')
    .action((file: string) => guarded(terminal, async () => (await actions()).rulesImport(file, terminal)));
}
