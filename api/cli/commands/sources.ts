import type { Command } from 'commander';
import type { StatsOptions } from '../actions/sources.js';
import type { CliContext } from '../cli-context.js';
import { withApi } from '../cli-context.js';
import { guarded } from '../terminal.js';

export function defineSources(program: Command, { terminal }: CliContext): void {
  const sources = program.command('sources').description('what can be read, and how much of it is understood');
  const actions = () => import('../actions/sources.js');
  sources
    .command('list')
    .description('every source with its kinds, formats, inputs and documentation')
    .option('--json', 'one JSON object a line', false)
    .action((options: { json: boolean }) =>
      guarded(terminal, async () => (await actions()).sourcesList(options, terminal)),
    );
  withApi(
    sources
      .command('stats')
      .description('record types, token identity and clocks of what was read, through a running API'),
  )
    .option('--from <time>', 'of observed time, RFC 3339; default: a day before the end')
    .option('--to <time>', 'default: now')
    .option('--json', 'as the API gives it', false)
    .action((options: StatsOptions) =>
      guarded(terminal, async () => (await actions()).sourcesStats(options, terminal)),
    );
}
