// `node --import ./test/tools/run-typescript.mjs test/support/clickhouse-process.ts DIRECTORY USER:PASSWORD…`: the engine behind
// ClickHouse's HTTP interface in a process of its own. Its address is the one line on stdout; it ends when its standard input does.
import { mkdirSync } from 'node:fs';
import { ClickHouseHttp } from './clickhouse-http.js';

const [directory = '', ...users] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
const front = new ClickHouseHttp(
  directory,
  users.map((user) => ({ username: user.split(':')[0] ?? '', password: user.split(':')[1] ?? '' })),
);
process.stdout.write(`${await front.start()}\n`);
process.stdin.resume().once('end', () => process.exit(0));
