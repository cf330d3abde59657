// One measurement in a process of its own, so that memory, compiler and engine start fresh: job as JSON on the command
// line, result as JSON on file descriptor 3, since the engine may write to stdout.
import { writeSync } from 'node:fs';
import { collector, endToEnd, worker } from './flows.mjs';
import { inserts } from './inserts.mjs';
import { latency } from './latency.mjs';
import { parsers } from './parsers.mjs';
import { rules } from './rules.mjs';
import { stages } from './stages.mjs';
import { tokens } from './tokens.mjs';

const kinds = { parsers, stages, inserts, collector, worker, endToEnd, latency, rules, tokens };
const job = JSON.parse(process.argv[2] ?? '');
writeSync(3, JSON.stringify(await kinds[job.kind](job)));
process.exit(0);
