import type { Command } from 'commander';
import type { BacktestOptions } from '../actions/backtest.js';
import type { CliContext } from '../cli-context.js';
import { quiet, withConfigAndData } from '../cli-context.js';

export function defineBacktest(program: Command, context: CliContext): void {
  withConfigAndData(
    program.command('backtest').description('the detectors of this configuration over stored events; writes nothing'),
  )
    .option('--since <time>', 'findings from then on: 30d, 12h, or an RFC 3339 time', '30d')
    .option('--warm-up <span>', 'events before that which only teach', '28d')
    .option('--today <file>', 'the configuration to compare with')
    .option('--json', 'the result as JSON', false)
    .action((options: BacktestOptions) =>
      context.surrounded(
        options,
        async (surroundings) => {
          const { backtest } = await import('../actions/backtest.js');
          await backtest(options, surroundings, context.terminal);
        },
        quiet,
      ),
    );
}
