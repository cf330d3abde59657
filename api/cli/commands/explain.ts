import type { Command } from 'commander';
import type { ExplainOptions } from '../actions/explain.js';
import type { CliContext } from '../cli-context.js';
import { quiet, withConfigAndData } from '../cli-context.js';

export function defineExplain(program: Command, context: CliContext): void {
  withConfigAndData(
    program.command('explain').description('one event through every stage and detector, with the numbers'),
  )
    .argument('<id>', 'event_uid, alert_uid or token_uid')
    .option('--days <n>', 'how far back events of the token and its principal are replayed', '30')
    .option('--json', 'as JSON', false)
    .action((id: string, options: ExplainOptions) =>
      context.surrounded(
        options,
        async (surroundings) => {
          const { explainId } = await import('../actions/explain.js');
          await explainId(id, options, surroundings, context.terminal);
        },
        quiet,
      ),
    );
}
