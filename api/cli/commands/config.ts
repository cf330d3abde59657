import type { Command } from 'commander';
import type { CliContext, CommonOptions } from '../cli-context.js';
import { withConfig } from '../cli-context.js';
import { guarded } from '../terminal.js';

export function defineConfig(program: Command, { terminal }: CliContext): void {
  const command = program.command('config').description('the configuration');
  const read = async (options: CommonOptions) =>
    (await import('../config-file.js')).readConfig(options.config, terminal.env);
  withConfig(command.command('print').description('as it is in force, secrets removed')).action(
    (options: CommonOptions) =>
      guarded(terminal, async () => {
        const config = await read(options);
        const [{ stringify }, { redactConfig }] = await Promise.all([
          import('yaml'),
          import('../../config/load-config.js'),
        ]);
        terminal.out(stringify(redactConfig(config)));
      }),
  );
  withConfig(command.command('validate').description('list every fault with its mend')).action(
    (options: CommonOptions) =>
      guarded(terminal, async () => {
        await read(options);
        terminal.out('The configuration is good.');
      }),
  );
  withConfig(command.command('test').description('run the tests of detectors.tests with these settings')).action(
    (options: CommonOptions) =>
      guarded(terminal, async () => {
        const config = await read(options);
        (await import('../actions/config-test.js')).configTest(config, terminal);
      }),
  );
}
