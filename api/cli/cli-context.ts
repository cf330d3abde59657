import type { Command } from 'commander';
import type { Telemetry } from '../../ingest/otel-bootstrap.js';
import type { Config } from '../config/schema.js';
import type { Surroundings } from './open-parts.js';
import type { Terminal } from './terminal.js';
import { guarded } from './terminal.js';
import { version } from './version.js';

const stopDeadlineMs = 20_000;

/** The options that nearly every command has. */
export interface CommonOptions {
  readonly config?: string;
  readonly data?: string;
}

/** What runs inside a command once configuration, telemetry and lifecycle stand. */
export type SurroundedBody = (surroundings: Surroundings, telemetry: Telemetry) => Promise<void>;

/** What a command's definition gets; it must stay cheap to make, since every start of the program makes it. */
export interface CliContext {
  readonly terminal: Terminal;
  /**
   * Runs a body with configuration, telemetry and lifecycle, and stops what it started, whatever happens.
   * @param adjust changes the configuration that was read, e.g. {@link quiet}.
   */
  surrounded(options: CommonOptions, body: SurroundedBody, adjust?: (config: Config) => Config): Promise<void>;
}

/** Commands that people read the output of log warnings only. */
export const quiet = (config: Config): Config => ({
  ...config,
  telemetry: { ...config.telemetry, log_level: 'warn' },
});

export const withConfig = (command: Command): Command =>
  command.option('-c, --config <file>', 'configuration (docs/configuration.md)');

export const withData = (command: Command): Command =>
  command.option('--data <dir>', 'data directory, instead of data_dir');

export const withConfigAndData = (command: Command): Command => withData(withConfig(command));

/** Commands that speak to a running API. */
export const withApi = (command: Command): Command =>
  withConfig(command)
    .option('--url <url>', 'address of the API; else TOURNIQUET_URL, else api.host and api.port of the configuration')
    .option('--api-key-file <file>', 'file with an API key; else TOURNIQUET_API_KEY');

export function createCliContext(terminal: Terminal): CliContext {
  return {
    terminal,
    surrounded: (options, body, adjust = (config) => config) =>
      guarded(terminal, async () => {
        // Log, store and telemetry take most of a second to load; only commands that need them pay.
        const [
          { pino },
          { systemClock },
          { startTelemetry },
          { readConfig },
          { Lifecycle },
          { createSurroundings },
          { shownLogLine },
        ] = await Promise.all([
          import('pino'),
          import('../../ingest/core/clock.js'),
          import('../../ingest/otel-bootstrap.js'),
          import('./config-file.js'),
          import('./lifecycle.js'),
          import('./open-parts.js'),
          import('../../ingest/event/redact-text.js'),
        ]);
        const reread = (): Config => {
          const read = readConfig(options.config, terminal.env);
          return adjust(options.data === undefined ? read : { ...read, data_dir: options.data });
        };
        const config = reread();
        const telemetry = startTelemetry({
          serviceVersion: version,
          otlpEndpoint: config.telemetry.otlp_endpoint ?? null,
        });
        const stderr = pino.destination({ dest: 2, sync: true });
        const logger = pino(
          { level: config.telemetry.log_level, base: {} },
          { write: (line) => stderr.write(shownLogLine(line)) },
        );
        const lifecycle = new Lifecycle();
        const surroundings = createSurroundings({
          config,
          reread,
          lifecycle,
          clock: systemClock,
          logger,
          random: Math.random,
        });
        try {
          await body(surroundings, telemetry);
        } finally {
          for (const failure of await lifecycle.stop(stopDeadlineMs))
            logger.error({ err: failure }, 'a part did not stop cleanly');
          await telemetry.shutdown();
        }
      }),
  };
}
