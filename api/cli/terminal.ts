import { describeError } from '../../ingest/core/errors.js';

/** What a command may do to the outside: write lines, read the environment, end with a code. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True if a person watches: progress bars and colours make sense. */
  readonly interactive: boolean;
  setExitCode(code: number): void;
}

/** What a shell sees of a program that SIGPIPE ended, which Node ignores. */
const PIPE_CLOSED = 141;

export function processTerminal(): Terminal {
  // Whoever read on has what was wanted: `tourniquet explain … | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(PIPE_CLOSED);
  });
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    env: process.env,
    interactive: process.stderr.isTTY,
    setExitCode: (code) => {
      process.exitCode = code;
    },
  };
}

/** Runs a command body; a failure becomes one line on stderr and exit code 1. */
export async function guarded(terminal: Terminal, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    terminal.err(`tourniquet: ${describeError(error)}`);
    terminal.setExitCode(1);
  }
}
