import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { guarded } from '../terminal.js';

interface ParseFlags {
  readonly source: string;
  readonly number: boolean;
  readonly instance: string;
  readonly options: string;
}

export function defineParse(program: Command, { terminal }: CliContext): void {
  program
    .command('parse')
    .description('raw records on stdin, one a line, to TokenEvents on stdout; rejects on stderr')
    .requiredOption('-s, --source <source>', 'product, or product:variant')
    .option('--number', 'print {"record": n, "event": {…}}', false)
    .option('--instance <name>', 'which installation of the product speaks', 'stdin')
    .option('--options <json>', 'options of the source', '{}')
    .action((flags: ParseFlags) =>
      guarded(terminal, async () => {
        const [{ parseInput, sourceOptions }, { systemClock }, { ephemeralFingerprinter }] = await Promise.all([
          import('../actions/parse.js'),
          import('../../../ingest/core/clock.js'),
          import('../fingerprint-keys.js'),
        ]);
        await parseInput(
          { ...flags, options: sourceOptions(flags.options) },
          { terminal, input: process.stdin, clock: systemClock, fingerprinter: ephemeralFingerprinter() },
        );
      }),
    );
}
