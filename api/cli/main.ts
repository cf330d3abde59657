#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=131072 node
import { Command } from 'commander';
import { createCliContext } from './cli-context.js';
import { defineAlerts } from './commands/alerts.js';
import { defineBacktest } from './commands/backtest.js';
import { defineConfig } from './commands/config.js';
import { defineDemo } from './commands/demo.js';
import { defineDlq } from './commands/dlq.js';
import { defineDoctor } from './commands/doctor.js';
import { defineDrill } from './commands/drill.js';
import { defineExplain } from './commands/explain.js';
import { defineHoneytoken } from './commands/honeytoken.js';
import { defineKeygen } from './commands/keygen.js';
import { defineMigrate } from './commands/migrate.js';
import { defineParse } from './commands/parse.js';
import { defineReplay } from './commands/replay.js';
import { defineRoles } from './commands/roles.js';
import { defineRules } from './commands/rules.js';
import { defineScore } from './commands/score.js';
import { defineSources } from './commands/sources.js';
import { defineSql } from './commands/sql.js';
import { defineSuppressions } from './commands/suppressions.js';
import { keepHeapSmall } from './heap.js';
import { processTerminal } from './terminal.js';
import { version } from './version.js';

keepHeapSmall();

const program = new Command('tourniquet')
  .description('Token observability: which token, from where, by what process, touching what, since when.')
  .version(version);

/** One verb each, in the order of the help; a definition loads what it needs only when it runs. */
const definitions = [
  defineRoles,
  defineDemo,
  defineReplay,
  defineParse,
  defineScore,
  defineRules,
  defineSources,
  defineSql,
  defineBacktest,
  defineExplain,
  defineMigrate,
  defineDlq,
  defineAlerts,
  defineSuppressions,
  defineHoneytoken,
  defineDrill,
  defineKeygen,
  defineDoctor,
  defineConfig,
];

const context = createCliContext(processTerminal());
for (const define of definitions) define(program, context);

await program.parseAsync();
