import type { Command } from 'commander';
import type { ExplainOptions } from '../actions/explain.js';
import type { CliContext, SurroundedBody } from '../cli-context.js';
import { quiet, withConfigAndData } from '../cli-context.js';
import { guarded } from '../terminal.js';

export function defineExplain(program: Command, context: CliContext): void {
  withConfigAndData(
    program.command('explain').description('one event through every stage and detector, with the numbers'),
  )
    .argument('<id>', 'event_uid, alert_uid or token_uid')
    .option('--url <url>', 'ask the API of a running instance instead of the store')
    .option('--api-key-file <file>', 'file with an API key; else TOURNIQUET_API_KEY')
    .option('--days <n>', 'how far back events of the token and its principal are replayed', '30')
    .option('--json', 'as JSON', false)
    .action(async (id: string, options: ExplainOptions) => {
      const load = () => import('../actions/explain.js');
      if (options.url !== undefined) {
        await guarded(context.terminal, async () => (await load()).explainFromApi(id, options, context.terminal));
        return;
      }
      const body: SurroundedBody = async (surroundings) =>
        (await load()).explainFromStore(id, options, surroundings, context.terminal);
      await context.surrounded(options, body, quiet);
    });
}
