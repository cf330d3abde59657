// One measurement in a process of its own, so that memory, compiler and engine start fresh: job as JSON on the command
// line, result as JSON on file descriptor 3, since the engine may write to stdout.
import { writeSync } from 'node:fs';
import { keepHeapSmall } from '#built/api/cli/heap.js';

/** Loaded when asked for: another measurement's libraries would count as memory of this one. */
const kinds = {
  parsers: async () => (await import('./parsers.mjs')).parsers,
  stages: async () => (await import('./stages.mjs')).stages,
  inserts: async () => (await import('./inserts.mjs')).inserts,
  collector: async () => (await import('./flows.mjs')).collector,
  worker: async () => (await import('./flows.mjs')).worker,
  endToEnd: async () => (await import('./flows.mjs')).endToEnd,
  latency: async () => (await import('./latency.mjs')).latency,
  rules: async () => (await import('./rules.mjs')).rules,
  tokens: async () => (await import('./tokens.mjs')).tokens,
};
// As the program does.
keepHeapSmall();
const job = JSON.parse(process.argv[2] ?? '');
writeSync(3, JSON.stringify(await (await kinds[job.kind]())(job)));
process.exit(0);
