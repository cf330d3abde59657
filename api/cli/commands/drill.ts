import type { Command } from 'commander';
import type { DrillOptions } from '../actions/drill.js';
import type { CliContext } from '../cli-context.js';
import { withApi, withData } from '../cli-context.js';
import { guarded } from '../terminal.js';

/** `tourniquet drill`: three marked attacks through the real collectors of a running instance, and how long each took. */
export function defineDrill(program: Command, { terminal }: CliContext): void {
  withData(withApi(program.command('drill').description('send marked attacks and time detection and delivery')))
    .option('--source <name>', 'source of product nginx, instance tourniquet-drill, input http', 'drill')
    .option('--push-url <url>', 'address that takes pushes, where it is not the API')
    .option('--push-key-file <file>', 'file with the API key of the source; else TOURNIQUET_PUSH_KEY')
    .option('--within <seconds>', 'how long to wait for detection and delivery', '60')
    .option('--json', 'the report as JSON', false)
    .action((options: DrillOptions) =>
      guarded(terminal, async () => (await import('../actions/drill.js')).drillCommand(options, terminal)),
    );
}
