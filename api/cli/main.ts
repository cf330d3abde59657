#!/usr/bin/env node
import { createHash, randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { systemClock } from '../../ingest/core/clock.js';
import { generateKeyFileLine } from '../../ingest/event/key-file.js';
import { startTelemetry } from '../../ingest/otel-bootstrap.js';
import type { Telemetry } from '../../ingest/otel-bootstrap.js';
import { redactConfig } from '../config/load-config.js';
import type { Config } from '../config/schema.js';
import { demoCommand } from './commands/demo.js';
import { dlqList, dlqReplay, dlqShow } from './commands/dlq.js';
import { doctorCommand } from './commands/doctor.js';
import { parseCommand } from './commands/parse.js';
import { replayCommand } from './commands/replay.js';
import type { Roles } from './commands/up.js';
import { runRoles } from './commands/up.js';
import { readConfig } from './config-file.js';
import { ephemeralFingerprinter } from './fingerprint-keys.js';
import { Lifecycle } from './lifecycle.js';
import type { Surroundings } from './open-parts.js';
import { createSurroundings, ensureDataDir, openStore } from './open-parts.js';
import { version } from './serving.js';
import { guarded, processTerminal } from './terminal.js';

const stopDeadlineMs = 20_000;
const terminal = processTerminal();

interface CommonOptions {
  readonly config?: string;
  readonly data?: string;
}

/** Runs a command with everything that it may need, and stops what it started, whatever happens. */
function withSurroundings(
  body: (surroundings: Surroundings, telemetry: Telemetry) => Promise<void>,
  adjust: (config: Config) => Config = (config) => config,
): (options: CommonOptions) => Promise<void> {
  return (options) =>
    guarded(terminal, async () => {
      const read = readConfig(options.config, terminal.env);
      const config = adjust(options.data === undefined ? read : { ...read, data_dir: options.data });
      const telemetry = startTelemetry({
        serviceVersion: version,
        otlpEndpoint: config.telemetry.otlp_endpoint ?? null,
      });
      const logger = pino({ level: config.telemetry.log_level, base: {} }, pino.destination({ dest: 2, sync: true }));
      const lifecycle = new Lifecycle();
      const surroundings = createSurroundings({ config, lifecycle, clock: systemClock, logger, random: Math.random });
      try {
        await body(surroundings, telemetry);
      } finally {
        for (const failure of await lifecycle.stop(stopDeadlineMs))
          logger.error({ err: failure }, 'a part did not stop cleanly');
        await telemetry.shutdown();
      }
    });
}

const program = new Command('tourniquet')
  .description('Token observability: which token, from where, by what process, touching what, since when.')
  .version(version);

const withConfig = (command: Command): Command =>
  command.option('-c, --config <file>', 'configuration (docs/configuration.md)');
const withData = (command: Command): Command => command.option('--data <dir>', 'data directory, instead of data_dir');

const roleCommands: readonly (readonly [string, string, Roles])[] = [
  ['up', 'run collectors, worker and API in one process', { collector: true, worker: true, api: true }],
  ['collector', 'run the collectors only', { collector: true, worker: false, api: false }],
  ['worker', 'run the worker only', { collector: false, worker: true, api: false }],
  ['api', 'run the API and the alert deliveries only', { collector: false, worker: false, api: true }],
];
for (const [name, description, roles] of roleCommands) {
  withData(withConfig(program.command(name).description(description))).action(
    withSurroundings((surroundings, telemetry) => runRoles(roles, surroundings, telemetry, terminal)),
  );
}

const quiet = (config: Config): Config => ({ ...config, telemetry: { ...config.telemetry, log_level: 'warn' } });

withData(
  withConfig(program.command('demo').description('replay sample traffic with planted attacks, then serve the API')),
)
  .option('--days <n>', 'days of traffic', '6')
  .option('--tokens <n>', 'token holders', '150')
  .action((options: CommonOptions & { days: string; tokens: string }) =>
    withSurroundings(
      (s, telemetry) =>
        demoCommand({ days: Number(options.days), tokens: Number(options.tokens) }, s, telemetry, terminal),
      quiet,
    )({ data: './.tourniquet/demo', ...options }),
  );

withData(
  withConfig(program.command('replay').description('read files through the whole pipeline, merged by event time')),
)
  .argument('<files...>', '[SOURCE:]FILE, plain, .gz, .zst or .xz')
  .option('--json', 'alerts and summary as NDJSON', false)
  .action((files: string[], options: CommonOptions & { json: boolean }) =>
    withSurroundings(
      (surroundings) => replayCommand({ files, json: options.json }, surroundings, terminal),
      quiet,
    )(options),
  );

program
  .command('parse')
  .description('raw records on stdin, one a line, to TokenEvents on stdout; rejects on stderr')
  .requiredOption('-s, --source <source>', 'product, or product:variant')
  .option('--number', 'print {"record": n, "event": {…}}', false)
  .option('--instance <name>', 'which installation of the product speaks', 'stdin')
  .option('--options <json>', 'options of the source', '{}')
  .action((options: { source: string; number: boolean; instance: string; options: string }) =>
    guarded(terminal, () =>
      parseCommand(
        { ...options, options: JSON.parse(options.options) as Record<string, unknown> },
        { terminal, input: process.stdin, clock: systemClock, fingerprinter: ephemeralFingerprinter() },
      ),
    ),
  );

withData(withConfig(program.command('migrate').description('bring the tables up to date, or show where they stand')))
  .option('--status', 'show only', false)
  .action((options: CommonOptions & { status: boolean }) =>
    withSurroundings(async (surroundings) => {
      ensureDataDir(surroundings.config);
      const store = await openStore(surroundings, { migrate: !options.status });
      for (const m of await store.migrator.status()) {
        terminal.out(`${String(m.number).padStart(4, '0')}  ${m.applied ? 'applied' : 'pending'}  ${m.name}`);
      }
    }, quiet)(options),
  );

const dlq = program.command('dlq').description('dead letters: records that could not be taken');
withData(withConfig(dlq.command('list').description('one line each')))
  .option('--limit <n>', 'how many', '100')
  .action((options: CommonOptions & { limit: string }) =>
    withSurroundings((surroundings) => dlqList(surroundings, terminal, Number(options.limit)), quiet)(options),
  );
withData(withConfig(dlq.command('show').description('one dead letter whole')))
  .argument('<position>', 'PARTITION:OFFSET as list prints it')
  .action((position: string, options: CommonOptions) =>
    withSurroundings((surroundings) => dlqShow(surroundings, terminal, position), quiet)(options),
  );
withData(withConfig(dlq.command('replay').description('parse dead letters again and append what is good now'))).action(
  withSurroundings((surroundings) => dlqReplay(surroundings, terminal), quiet),
);

program
  .command('keygen')
  .description('print a line for the fingerprint key file, or an API key with its hash')
  .option('--api', 'an API key', false)
  .action((options: { api: boolean }) => {
    if (!options.api) {
      process.stdout.write(generateKeyFileLine(randomBytes));
      return;
    }
    const key = `tq_${randomBytes(32).toString('base64url')}`;
    terminal.out(`key     ${key}`);
    terminal.out(`sha256  ${createHash('sha256').update(key).digest('hex')}`);
  });

withData(
  withConfig(
    program.command('doctor').description('check configuration, keys, disk, log, store and clock; say the mend'),
  ),
).action((options: CommonOptions) => guarded(terminal, () => doctorCommand(options, terminal)));

const config = program.command('config').description('the configuration');
withConfig(config.command('print').description('as it is in force, secrets removed')).action((options: CommonOptions) =>
  guarded(terminal, () => {
    terminal.out(stringify(redactConfig(readConfig(options.config, terminal.env))));
    return Promise.resolve();
  }),
);
withConfig(config.command('validate').description('list every fault with its mend')).action((options: CommonOptions) =>
  guarded(terminal, () => {
    readConfig(options.config, terminal.env);
    terminal.out('The configuration is good.');
    return Promise.resolve();
  }),
);

await program.parseAsync();
