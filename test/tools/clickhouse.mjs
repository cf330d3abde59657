// The engine behind ClickHouse's HTTP interface in a process of its own, for tests and measurements.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = ['--import', './test/tools/run-typescript.mjs', 'test/support/clickhouse-process.ts'];

/** @type {import('./clickhouse.d.mts').startClickHouse} */
export async function startClickHouse(directory, users) {
  const given = Object.entries(users).map(([name, password]) => `${name}:${password}`);
  const child = spawn(process.execPath, [...script, directory, ...given], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit');
  const url = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    ended.then(([code]) => Promise.reject(new Error(`The engine's process ended with ${String(code)}.`))),
  ]);
  return {
    url,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
