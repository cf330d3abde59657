import type { Command } from 'commander';
import type { CliContext, CommonOptions } from '../cli-context.js';
import { quiet, withConfigAndData } from '../cli-context.js';

export function defineDemo(program: Command, context: CliContext): void {
  withConfigAndData(
    program.command('demo').description('replay sample traffic with planted attacks, then serve the API'),
  )
    .option('--days <n>', 'days of traffic', '6')
    .option('--tokens <n>', 'token holders', '150')
    .action((options: CommonOptions & { days: string; tokens: string }) =>
      context.surrounded(
        { data: './.tourniquet/demo', ...options },
        async (surroundings, telemetry) => {
          const { runDemo } = await import('../actions/demo.js');
          const size = { days: Number(options.days), tokens: Number(options.tokens) };
          await runDemo(size, surroundings, telemetry, context.terminal);
        },
        quiet,
      ),
    );
}
