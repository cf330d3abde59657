import type { Command } from 'commander';
import type { CliContext, CommonOptions } from '../cli-context.js';
import { quiet, withConfigAndData } from '../cli-context.js';

export function defineMigrate(program: Command, context: CliContext): void {
  withConfigAndData(program.command('migrate').description('bring the tables up to date, or show where they stand'))
    .option('--status', 'show only', false)
    .action((options: CommonOptions & { status: boolean }) =>
      context.surrounded(
        options,
        async (surroundings) => {
          const { ensureDataDir, openStore } = await import('../open-parts.js');
          ensureDataDir(surroundings.config);
          const store = await openStore(surroundings, { migrate: !options.status });
          for (const m of await store.migrator.status()) {
            const state = m.applied ? 'applied' : 'pending';
            context.terminal.out(`${String(m.number).padStart(4, '0')}  ${state}  ${m.name}`);
          }
        },
        quiet,
      ),
    );
}
