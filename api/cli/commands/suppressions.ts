import type { Command } from 'commander';
import type { AddOptions } from '../actions/suppressions.js';
import type { ApiOptions } from '../api-client.js';
import type { CliContext } from '../cli-context.js';
import { withApi } from '../cli-context.js';
import { guarded } from '../terminal.js';

/** `tourniquet suppressions`: what findings raise nothing, through a running API. */
export function defineSuppressions(program: Command, { terminal }: CliContext): void {
  const suppressions = program.command('suppressions').description('findings that are known and shall raise nothing');
  const actions = () => import('../actions/suppressions.js');
  withApi(suppressions.command('add').description('findings that fit all that is named are stored as suppressed'))
    .requiredOption('--reason <text>', 'shown with each finding that it takes')
    .requiredOption('--until <time>', 'RFC 3339; event time, at most 90 days from now')
    .option('--from <time>', 'RFC 3339; now unless told')
    .option('--detector <id>', 'of this detector')
    .option('--measure <name>', 'of this measure')
    .option('--token <token_uid>', 'of this token')
    .option('--principal <principal_uid>', 'of this principal')
    .option('--address <ip>', 'from this address or CIDR block')
    .option('--service <name>', 'on this service')
    .option('--severity-max <severity>', 'graver ones are heard', 'high')
    .action((options: AddOptions) =>
      guarded(terminal, async () => (await actions()).suppressionsAdd(options, terminal)),
    );
  withApi(suppressions.command('list').description('those of the configuration, then newest first'))
    .option('--all', 'ended ones too', false)
    .option('--json', 'one JSON object a line', false)
    .action((options: ApiOptions & { all: boolean; json: boolean }) =>
      guarded(terminal, async () => (await actions()).suppressionsList(options, terminal)),
    );
  withApi(suppressions.command('remove').description('findings from now on are heard again'))
    .argument('<uid>', 'as list prints it')
    .action((uid: string, options: ApiOptions) =>
      guarded(terminal, async () => (await actions()).suppressionsRemove(uid, options, terminal)),
    );
}
