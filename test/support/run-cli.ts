import { spawn, type ChildProcess } from 'node:child_process';

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const main = 'dist/api/cli/main.js';

/** Runs the built command line as a person would; `npm run build` comes before the tests. */
export function startCli(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [main, ...args], {
    env: { ...process.env, TOURNIQUET_API_PORT: '0', KAFKA_BROKERS: '', CLICKHOUSE_URL: '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** `up` once its API answers at an address of its own; rejects with what it said if it ends before. */
export async function startUp(config: string): Promise<{ readonly child: ChildProcess; readonly address: string }> {
  const child = startCli(['up', '--config', config]);
  let said = '';
  const address = await new Promise<string>((resolve, reject) => {
    child.once('close', () => reject(new Error(said)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /"address":"(http:[^"]+)"/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  child.removeAllListeners('close');
  return { child, address };
}

export async function runCli(args: readonly string[], input = '', env: Record<string, string> = {}): Promise<CliRun> {
  const child = startCli(args, env);
  const out: string[] = [];
  const err: string[] = [];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => out.push(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => err.push(text));
  child.stdin?.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout: out.join(''), stderr: err.join('') };
}
