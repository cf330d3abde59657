import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PollApi } from '../../../../ingest/collectors/poll/poll-api.js';
import { createPollCollector, pollConfigSchema } from '../../../../ingest/collectors/poll/poll-collector.js';
import type { Component } from '../../../../ingest/core/component.js';
import { HealthRegistry } from '../../../../ingest/core/health.js';
import type { Logger } from '../../../../ingest/core/logger.js';
import { sourceFactories } from '../../../../ingest/sources/registry.js';
import { type ApiContract, ApiServer } from '../../../support/api-server.js';
import { base, MemorySink } from '../pipeline/support.js';

export const hour = 3_600_000;
/** Now, as the poller is told. */
export const startMs = Date.UTC(2026, 9, 10, 14);
export const iso = (ms: number): string => new Date(ms).toISOString();

/** What a poller says is no secret, whatever happens; the last test of a file looks. */
export const said: string[] = [];
const hear = (fields: object, message: string): void => void said.push(`${message} ${JSON.stringify(fields)}`);
export const logger: Logger = { debug: hear, info: hear, warn: hear, error: hear };

export interface Polled {
  readonly server: ApiServer;
  readonly sink: MemorySink;
  readonly health: HealthRegistry;
  /** Moves the poller's clock. */
  now: number;
  /** What spreads the poller's delays, in [0, 1). */
  unit: number;
  /** Starts a poller on the cursors that the last one left. */
  start(config?: object): Promise<Component>;
  /** The cursors on disk; empty while there are none. */
  state(): string;
}

export async function withApi(
  product: string,
  contract: ApiContract,
  api: (origin: string, clock: { nowMs(): number }) => PollApi,
  work: (polled: Polled) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-poll-'));
  const server = new ApiServer(contract);
  const origin = await server.start();
  const running: Component[] = [];
  const factory = sourceFactories.find((each) => each.product === product);
  if (factory === undefined) throw new Error(product);
  const statePath = join(folder, 'cursors', 'a.json');
  const polled: Polled = {
    server,
    sink: new MemorySink(),
    health: new HealthRegistry(),
    now: startMs,
    unit: base.random(),
    async start(config = {}) {
      const clock = { nowMs: () => polled.now };
      const collector = createPollCollector(
        pollConfigSchema.parse({ interval_ms: 100, ...config }),
        api(origin, clock),
        {
          ...base,
          clock,
          random: () => polled.unit,
          logger,
          sink: polled.sink,
          binding: { source: factory.create({}), instance: 'i' },
          health: polled.health,
          name: 'a',
          statePath,
        },
      );
      running.push(collector);
      await collector.start();
      return collector;
    },
    state: () => (existsSync(statePath) ? readFileSync(statePath, 'utf8') : ''),
  };
  try {
    await work(polled);
  } finally {
    for (const collector of running) await collector.stop(2_000);
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
