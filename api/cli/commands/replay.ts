import type { Command } from 'commander';
import type { CliContext, CommonOptions } from '../cli-context.js';
import { quiet, withConfigAndData } from '../cli-context.js';

export function defineReplay(program: Command, context: CliContext): void {
  withConfigAndData(
    program.command('replay').description('read files through the whole pipeline, merged by event time'),
  )
    .argument('<files...>', '[SOURCE:]FILE, plain, .gz, .zst or .xz')
    .option('--json', 'alerts and summary as NDJSON', false)
    .action((files: string[], options: CommonOptions & { json: boolean }) =>
      context.surrounded(
        options,
        async (surroundings) => {
          const { replayAndReport } = await import('../actions/replay.js');
          await replayAndReport({ files, json: options.json }, surroundings, context.terminal);
        },
        quiet,
      ),
    );
}
