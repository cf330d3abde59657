import { Command } from 'commander';
import { createCliContext, type CliContext } from '../../api/cli/cli-context.js';

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one verb of the command line in this process: its definition, options and action, on a terminal of its own. */
export async function runVerb(
  define: (program: Command, context: CliContext) => void,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CliRun> {
  let code = 0;
  let stdout = '';
  let stderr = '';
  const context = createCliContext({
    out: (text) => (stdout += `${text}\n`),
    err: (text) => (stderr += `${text}\n`),
    env,
    interactive: false,
    setExitCode: (given) => (code = given),
  });
  const program = new Command('tourniquet').exitOverride();
  define(program, context);
  await program.parseAsync(args, { from: 'user' });
  return { code, stdout, stderr };
}
