import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { guarded } from '../terminal.js';

interface ParseFlags {
  readonly source?: string;
  readonly mapping?: string;
  readonly number: boolean;
  readonly instance: string;
  readonly options: string;
}

export function defineParse(program: Command, { terminal }: CliContext): void {
  program
    .command('parse')
    .description('raw records on stdin, one a line, to TokenEvents on stdout; rejects on stderr')
    .option('-s, --source <source>', 'product, or product:variant')
    .option('-m, --mapping <file>', 'mapping of the generic source, in place of --source (docs/mapping.md)')
    .option('--number', 'print {"record": n, "event": {…}}', false)
    .option('--instance <name>', 'which installation of the product speaks', 'stdin')
    .option('--options <json>', 'options of the source', '{}')
    .action((flags: ParseFlags) =>
      guarded(terminal, async () => {
        const [{ namedSource, parseInput }, { systemClock }, { ephemeralFingerprinter }] = await Promise.all([
          import('../actions/parse.js'),
          import('../../../ingest/core/clock.js'),
          import('../fingerprint-keys.js'),
        ]);
        await parseInput(
          { ...namedSource(flags), number: flags.number, instance: flags.instance },
          { terminal, input: process.stdin, clock: systemClock, fingerprinter: ephemeralFingerprinter() },
        );
      }),
    );
}
