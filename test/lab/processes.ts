import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const STOP_MS = 8_000;

export interface Launch {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to our own; an undefined one is taken away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
}

/** Starts the programs of a lab and sees to it that none outlives it. What they say goes to `<folder>/<name>.out`. */
export class Processes {
  readonly #folder: string;
  readonly #running: Running[] = [];
  readonly #reap = (): void => {
    for (const { child } of this.#running) signal(child, 'SIGKILL');
  };

  constructor(folder: string) {
    this.#folder = folder;
    process.on('exit', this.#reap);
  }

  /** Resolves when `ready` answers true. @throws Error with the program's own words when it ends or takes too long. */
  async start(launch: Launch, ready: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const said = this.output(launch.name);
    const out = openSync(said, 'a');
    // A group of its own: shell scripts hand on to Java, and one signal has to reach all of it.
    const child = spawn(launch.command, launch.args, {
      cwd: launch.cwd ?? this.#folder,
      env: { ...process.env, ...launch.env },
      stdio: ['ignore', out, out],
      detached: true,
    });
    closeSync(out);
    let ended: string | undefined;
    const exited = new Promise<void>((resolve) => {
      const end = (how: string): void => {
        ended ??= how;
        resolve();
      };
      child.once('error', (error) => end(error.message));
      child.once('exit', (code, by) => end(`ended with ${String(code ?? by)}`));
    });
    this.#running.push({ name: launch.name, child, exited });
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      if (ended !== undefined || Date.now() > deadline) {
        const why = ended ?? `was not ready after ${timeoutMs / 1000} s`;
        throw new Error(`${launch.name} ${why}:\n${readFileSync(said, 'utf8').slice(-4000)}`);
      }
      if (await ready().catch(() => false)) return;
      await delay(100);
    }
  }

  output(name: string): string {
    return join(this.#folder, `${name}.out`);
  }

  /** Stops one program, or all; those that do not obey are killed. */
  async stop(name?: string): Promise<void> {
    const wanted = this.#running.filter((running) => name === undefined || running.name === name);
    await Promise.all(wanted.map(stopOne));
    for (const running of wanted) this.#running.splice(this.#running.indexOf(running), 1);
    if (name === undefined) process.removeListener('exit', this.#reap);
  }
}

async function stopOne({ child, exited }: Running): Promise<void> {
  signal(child, 'SIGTERM');
  const late = setTimeout(() => signal(child, 'SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(late);
  // Whatever is left of the group goes as well.
  signal(child, 'SIGKILL');
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // It is gone, which is what was wanted.
  }
}
