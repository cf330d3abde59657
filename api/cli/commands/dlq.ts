import type { Command } from 'commander';
import type { CliContext, CommonOptions } from '../cli-context.js';
import { quiet, withConfigAndData } from '../cli-context.js';

export function defineDlq(program: Command, context: CliContext): void {
  const { terminal } = context;
  const dlq = program.command('dlq').description('dead letters: records that could not be taken');
  const actions = () => import('../actions/dlq.js');
  withConfigAndData(dlq.command('list').description('one line each'))
    .option('--limit <n>', 'how many', '100')
    .action((options: CommonOptions & { limit: string }) =>
      context.surrounded(options, async (s) => (await actions()).dlqList(s, terminal, Number(options.limit)), quiet),
    );
  withConfigAndData(dlq.command('show').description('one dead letter whole'))
    .argument('<position>', 'PARTITION:OFFSET as list prints it')
    .action((position: string, options: CommonOptions) =>
      context.surrounded(options, async (s) => (await actions()).dlqShow(s, terminal, position), quiet),
    );
  withConfigAndData(dlq.command('replay').description('parse dead letters again and append what is good now')).action(
    (options: CommonOptions) =>
      context.surrounded(options, async (s) => (await actions()).dlqReplay(s, terminal), quiet),
  );
}
