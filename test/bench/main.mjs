// npm run bench [parsers | rules | tokens] [-- --json] [-- --lines N] [-- --events N] [-- --tokens N [--apart]]: measures every stage and the
// whole way, every parser, passes of the rules beside a day of N events, or a worker that gets to know N tokens, and says which
// targets are met. It asserts nothing: a busy machine is no fault of the code.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startClickHouse } from '../tools/clickhouse.mjs';
import { startKafka } from '../tools/kafka.mjs';
import { createLines, writeTokenLines } from './lines.mjs';
import { parsersTable } from './parsers.mjs';
import { rulesTable } from './rules.mjs';
import { tokensTable } from './tokens.mjs';
import { machine, table, targets } from './report.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    lines: { type: 'string', default: '200000' },
    events: { type: 'string', default: '20000000' },
    tokens: { type: 'string', default: '1000000' },
    apart: { type: 'boolean', default: false },
  },
});
const count = Number(values.lines);
const events = Number(values.events);
const knownTokens = Number(values.tokens);
if (!Number.isInteger(count) || count < 1000) throw new RangeError('--lines takes a whole number from 1000.');
if (!Number.isInteger(events) || events < 1000) throw new RangeError('--events takes a whole number from 1000.');
if (!Number.isInteger(knownTokens) || knownTokens < 1000)
  throw new RangeError('--tokens takes a whole number from 1000.');
const root = mkdtempSync(join(tmpdir(), 'tourniquet bench '));
const say = (text) => process.stderr.write(`${text}\n`);

const kinds = {
  all: { measureIt: run, inWords: table },
  parsers: {
    measureIt: () => measured('parsers', { kind: 'parsers', count: Math.min(count, 20_000) }),
    inWords: parsersTable,
  },
  rules: { measureIt: runRules, inWords: rulesTable },
  tokens: { measureIt: runTokens, inWords: tokensTable },
};

const kind = kinds[positionals[0] ?? 'all'];
if (kind === undefined) throw new RangeError(`It measures ${Object.keys(kinds).join(', ')}; not ${positionals[0]}.`);

try {
  const result = await kind.measureIt();
  if (result === null) process.exitCode = 1;
  else process.stdout.write(`${values.json ? JSON.stringify(result) : kind.inWords(result)}\n`);
} finally {
  rmSync(root, { recursive: true, force: true });
}

function runRules() {
  return measured(`rules, ${events.toLocaleString('en-US')} events`, {
    kind: 'rules',
    lines: writeLines(),
    directory: fresh(),
    events,
  });
}

function writeLines() {
  say(`${count.toLocaleString('en-US')} NGINX lines are made.`);
  const lines = join(root, 'access.log');
  writeFileSync(lines, `${createLines(count).join('\n')}\n`);
  return lines;
}

async function run() {
  const lines = writeLines();
  const job = (kind, more = {}) => ({ kind, lines, count, directory: fresh(), ...more });
  const result = { lines: count, machine: machine(), node: process.version, started: new Date().toISOString() };

  result.stages = await measured('stages', job('stages'));
  result.inserts = {};
  for (const path of ['ours', 'native', 'bare', 'json'])
    result.inserts[path] = await measured(`insert, ${path}`, job('inserts', { path }));

  const directory = fresh();
  result.embedded = {
    collector: await measured('collector, embedded', { ...job('collector'), directory }),
    worker: await measured('worker, embedded', { ...job('worker'), directory }),
    end_to_end: await measured('end to end, embedded', job('endToEnd')),
  };
  result.kafka = await onKafka(job);
  const rate = Math.max(100, Math.round((result.embedded.end_to_end?.per_second ?? 10_000) / 2));
  result.latency = await measured('event to finding at half load', job('latency', { rate, seconds: 15 }));
  result.memory = await manyTokens(job);
  result.targets = targets(result);
  return result;
}

async function onKafka(job) {
  let kafka;
  try {
    kafka = await startKafka({ own: true, measured: true });
  } catch (error) {
    say(`Kafka could not be started, so it is not measured: ${String(error).split('\n')[0]}`);
    return null;
  }
  try {
    const { brokers } = kafka;
    return {
      collector: await measured('collector, Kafka', job('collector', { brokers })),
      worker: await measured('worker, Kafka', job('worker', { brokers })),
    };
  } finally {
    await kafka.stop();
  }
}

/** Three requests of each of 100,000 tokens within half an hour, read by a worker that starts cold: with the engine in its process, and without. */
async function manyTokens(job) {
  const tokens = Math.min(100_000, count);
  const lines = await linesOfTokens(tokens, 3 * tokens);
  const read = async (title, store) => {
    const shared = { ...lines, directory: fresh() };
    await measured('lines of many tokens', job('collector', shared));
    return measured(title, job('worker', { ...shared, ...store }));
  };
  const embedded = await read('worker with many tokens', {});
  const apart = await besideClickHouse((store) => read('worker with many tokens, engine in another process', store));
  return { tokens, ...embedded, apart };
}

/** One request of each token, then some of them again, oldest first: what left memory must come back. */
async function runTokens() {
  const again = Math.ceil(knownTokens / 10);
  const shared = { ...(await linesOfTokens(knownTokens, knownTokens + again)), directory: fresh() };
  await measured('lines of the tokens', { kind: 'collector', ...shared });
  const read = (store) => measured('worker', { kind: 'tokens', known: knownTokens, ...shared, ...store });
  return values.apart ? besideClickHouse(read) : read({});
}

/** @param work is told of a process with the engine, which ends after it. */
async function besideClickHouse(work) {
  const password = 'of the measurement';
  const passwordFile = join(fresh(), 'password');
  writeFileSync(passwordFile, password);
  const clickHouse = await startClickHouse(join(fresh(), 'engine'), { default: password });
  try {
    return await work({ clickhouse: clickHouse.url, passwordFile });
  } finally {
    await clickHouse.stop();
  }
}

async function linesOfTokens(tokens, requests) {
  say(`${requests.toLocaleString('en-US')} requests of ${tokens.toLocaleString('en-US')} tokens are made.`);
  const lines = join(root, 'tokens.log');
  await writeTokenLines(lines, tokens, requests);
  return { lines, count: requests };
}

function fresh() {
  return mkdtempSync(join(root, 'data '));
}

/** Null, with the reason on stderr, when a measurement fails: the others still count. */
function measured(title, job) {
  say(`… ${title}`);
  const script = fileURLToPath(new URL('job.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(job)], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environmentOfProgram() },
  });
  let answer = '';
  let complaint = '';
  child.stdio[3]?.on('data', (text) => (answer += String(text)));
  child.stderr?.on('data', (text) => (complaint = (complaint + text).slice(-2000)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (answer === '') say(`  not measured (exit ${code}): ${complaint.trim()}`);
      resolve(answer === '' ? null : JSON.parse(answer));
    });
  });
}

/** What the first line of the program puts into the environment of node. */
function environmentOfProgram() {
  const [first = ''] = readFileSync(new URL('../../dist/api/cli/main.js', import.meta.url), 'utf8').split('\n', 1);
  return Object.fromEntries([...first.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
}
