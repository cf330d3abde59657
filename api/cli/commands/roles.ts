import type { Command } from 'commander';
import type { Roles } from '../actions/run-roles.js';
import type { CliContext, CommonOptions } from '../cli-context.js';
import { withConfigAndData } from '../cli-context.js';

const roleCommands: readonly (readonly [string, string, Roles])[] = [
  ['up', 'run collectors, worker and API in one process', { collector: true, worker: true, api: true }],
  ['collector', 'run the collectors only', { collector: true, worker: false, api: false }],
  ['worker', 'run the worker only', { collector: false, worker: true, api: false }],
  ['api', 'run the API and the alert deliveries only', { collector: false, worker: false, api: true }],
];

export function defineRoles(program: Command, context: CliContext): void {
  for (const [name, description, roles] of roleCommands) {
    withConfigAndData(program.command(name).description(description)).action((options: CommonOptions) =>
      context.surrounded(options, async (surroundings, telemetry) => {
        const { runRoles } = await import('../actions/run-roles.js');
        await runRoles(roles, surroundings, telemetry, context.terminal);
      }),
    );
  }
}
