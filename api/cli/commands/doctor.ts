import type { Command } from 'commander';
import type { CliContext, CommonOptions } from '../cli-context.js';
import { withConfigAndData } from '../cli-context.js';
import { guarded } from '../terminal.js';

export function defineDoctor(program: Command, { terminal }: CliContext): void {
  withConfigAndData(
    program.command('doctor').description('check configuration, keys, disk, log, store and clock; say the mend'),
  ).action((options: CommonOptions) =>
    guarded(terminal, async () => (await import('../actions/doctor.js')).examine(options, terminal)),
  );
}
