import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { guarded } from '../terminal.js';

export function defineScore(program: Command, { terminal }: CliContext): void {
  program
    .command('score')
    .description('{"timestamp","value"} lines on stdin to {"score"} lines on stdout; 0.5 and more is an alarm')
    .action(() =>
      guarded(terminal, async () => {
        const { scoreInput } = await import('../actions/score.js');
        await scoreInput(process.stdin, terminal);
      }),
    );
}
