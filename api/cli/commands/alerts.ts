import type { Command } from 'commander';
import type { ApiOptions } from '../api-client.js';
import type { CliContext, CommonOptions } from '../cli-context.js';
import { withApi, withConfig } from '../cli-context.js';
import { guarded } from '../terminal.js';

interface ListOptions extends ApiOptions {
  readonly state?: string;
  readonly severityMin?: string;
  readonly limit: string;
  readonly json: boolean;
  readonly check: boolean;
}

interface DecisionOptions extends ApiOptions {
  readonly reason: string;
  readonly until?: string;
}

interface DeliveryOptions extends ApiOptions {
  readonly state?: string;
  readonly destination?: string;
  readonly limit: string;
  readonly json: boolean;
}

const decisions = [
  ['acknowledge', 'somebody works on it'],
  ['resolve', 'the episode is over'],
  ['reopen', 'back to open from acknowledged or suppressed'],
] as const;

/** `tourniquet alerts`: all but `test` speak to a running API. */
export function defineAlerts(program: Command, { terminal }: CliContext): void {
  const alerts = program.command('alerts').description('alerts and their deliveries, through a running API');
  const actions = () => import('../actions/alerts.js');
  withApi(alerts.command('list').description('one line each, latest finding first'))
    .option('--state <state>', 'open, acknowledged, resolved or suppressed')
    .option('--severity-min <severity>', 'info, low, medium, high or critical')
    .option('--limit <n>', 'how many', '50')
    .option('--json', 'one JSON object a line', false)
    .option('--check', 'exit with 2 if there is any', false)
    .action((options: ListOptions) => guarded(terminal, async () => (await actions()).alertsList(options, terminal)));
  withApi(alerts.command('show').description('one alert with reading, evidence, history and next step'))
    .argument('<uid>', 'as list prints it')
    .option('--json', 'as the API gives it', false)
    .action((uid: string, options: ApiOptions & { json: boolean }) =>
      guarded(terminal, async () => (await actions()).alertsShow(uid, options, terminal)),
    );
  for (const [verb, description] of decisions) {
    withApi(alerts.command(verb).description(description))
      .argument('<uid...>', 'alerts')
      .requiredOption('--reason <text>', 'kept in the history and told to the destinations')
      .action((uids: string[], options: DecisionOptions) =>
        guarded(terminal, async () => (await actions()).alertsDecide(verb, uids, options, terminal)),
      );
  }
  withApi(alerts.command('suppress').description('findings of the entity join the alert in silence'))
    .argument('<uid...>', 'alerts')
    .requiredOption('--reason <text>', 'kept in the history and told to the destinations')
    .option('--until <time>', 'RFC 3339; default 24 hours from now, at most 90 days')
    .action((uids: string[], options: DecisionOptions) =>
      guarded(terminal, async () => (await actions()).alertsDecide('suppress', uids, options, terminal)),
    );
  withConfig(alerts.command('test').description('send a marked sample and print what the destination answers'))
    .argument('<destination>', 'name of a destination in the configuration')
    .action((name: string, options: CommonOptions) =>
      guarded(terminal, async () => (await actions()).alertsTest(name, options, terminal)),
    );
  withApi(alerts.command('deliveries').description('messages owed, delivered and dead, newest first'))
    .option('--state <state>', 'pending, delivered or dead')
    .option('--destination <name>')
    .option('--limit <n>', 'how many', '50')
    .option('--json', 'one JSON object a line', false)
    .action((options: DeliveryOptions) =>
      guarded(terminal, async () => (await actions()).deliveriesList(options, terminal)),
    );
  withApi(alerts.command('retry').description('send dead deliveries again, under the same ids'))
    .argument('[uid...]', 'deliveries, as `alerts deliveries` prints them')
    .option('--all-dead', 'every dead delivery', false)
    .option('--destination <name>', 'with --all-dead: of this destination')
    .action((uids: string[], options: ApiOptions & { allDead: boolean; destination?: string }) =>
      guarded(terminal, async () => (await actions()).deliveriesRetry(uids, options, terminal)),
    );
}
