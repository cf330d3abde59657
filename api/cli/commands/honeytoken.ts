import type { Command } from 'commander';
import type { CreateOptions } from '../actions/honeytoken.js';
import type { ApiOptions } from '../api-client.js';
import type { CliContext } from '../cli-context.js';
import { withApi, withData } from '../cli-context.js';
import { guarded } from '../terminal.js';

/** `tourniquet honeytoken`: decoys, registered through a running API by their fingerprints. */
export function defineHoneytoken(program: Command, { terminal }: CliContext): void {
  const honeytoken = program.command('honeytoken').description('decoy credentials: any use of one is a critical alert');
  const actions = () => import('../actions/honeytoken.js');
  withData(
    withApi(
      honeytoken
        .command('create')
        .description('make a decoy and print it once, or register one from stdin; needs the fingerprint key'),
    ),
  )
    .requiredOption('--name <text>', 'stands in the alert')
    .option('--format <format>', 'aws, github, slack, stripe, jwt or generic', 'generic')
    .option('--planted <place>', 'where it lies to be found', '')
    .option('--note <text>', 'for you', '')
    .option('--issuer <url>', 'jwt: iss', 'https://id.example.com/realms/main')
    .option('--subject <name>', 'jwt: sub', 'svc-backup')
    .option('--stdin', 'register the credential on stdin instead of making one', false)
    .option('--json', 'as JSON', false)
    .action((options: CreateOptions) =>
      guarded(terminal, async () => (await actions()).honeytokenCreate(options, terminal, process.stdin)),
    );
  withApi(honeytoken.command('list').description('registered decoys, newest first'))
    .option('--all', 'removed ones too', false)
    .option('--json', 'one JSON object a line', false)
    .action((options: ApiOptions & { all: boolean; json: boolean }) =>
      guarded(terminal, async () => (await actions()).honeytokenList(options, terminal)),
    );
  withApi(honeytoken.command('remove').description('stop watching a decoy'))
    .argument('<token_uid>', 'as list prints it')
    .action((uid: string, options: ApiOptions) =>
      guarded(terminal, async () => (await actions()).honeytokenRemove(uid, options, terminal)),
    );
}
