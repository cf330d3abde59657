import type { Command } from 'commander';
import type { CliContext, CommonOptions } from '../cli-context.js';
import { quiet, withConfigAndData } from '../cli-context.js';
import { guarded } from '../terminal.js';

interface SqlOptions extends CommonOptions {
  readonly format: string;
  readonly api?: string;
  readonly keyFile?: string;
}

export function defineSql(program: Command, context: CliContext): void {
  withConfigAndData(program.command('sql').description('one SELECT over the forensic views (docs/forensics.md)'))
    .argument('[statement]', 'the statement; standard input without it')
    .option('-f, --format <format>', 'table, json, csv or ndjson', 'table')
    .option('--api <url>', 'ask a running Tourniquet instead of opening the store')
    .option('--key-file <file>', 'file with the API key for --api, role analyst')
    .action(async (statement: string | undefined, options: SqlOptions) => {
      const actions = await import('../actions/sql.js');
      const { terminal } = context;
      const { api } = options;
      if (api !== undefined) {
        await guarded(terminal, async () =>
          actions.askApi({ ...options, api }, await actions.readStatement(statement, process.stdin), terminal),
        );
        return;
      }
      await context.surrounded(
        options,
        async (s) => actions.askStore(s, options.format, await actions.readStatement(statement, s.stdin()), terminal),
        quiet,
      );
    });
}
