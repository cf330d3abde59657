import type { Command } from 'commander';
import { createHash, randomBytes } from 'node:crypto';
import { generateKeyFileLine } from '../../../ingest/event/key-file.js';
import type { CliContext } from '../cli-context.js';

export function defineKeygen(program: Command, { terminal }: CliContext): void {
  program
    .command('keygen')
    .description('print a line for the fingerprint key file, or an API key with its hash')
    .option('--api', 'an API key', false)
    .action((options: { api: boolean }) => {
      if (!options.api) {
        terminal.out(generateKeyFileLine(randomBytes).trimEnd());
        return;
      }
      const key = `tq_${randomBytes(32).toString('base64url')}`;
      terminal.out(`key     ${key}`);
      terminal.out(`sha256  ${createHash('sha256').update(key).digest('hex')}`);
    });
}
