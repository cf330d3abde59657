import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../../ingest/core/errors.js';
import type { Telemetry } from '../../../ingest/otel-bootstrap.js';
import { toSampleFiles } from '../../demo/log-lines.js';
import { createSampleTraffic } from '../../demo/sample-traffic.js';
import { withApiPort } from '../held-port.js';
import { waitForSignal } from '../lifecycle.js';
import type { Surroundings } from '../open-parts.js';
import { startApi } from '../serving.js';
import type { Terminal } from '../terminal.js';
import { replaySentence, runReplay } from './replay.js';

export interface DemoSize {
  /** Days of traffic, 3 or more: the baseline needs some to warm up. */
  readonly days: number;
  /** Token holders, 20 or more. */
  readonly tokens: number;
}

const hourMs = 3_600_000;

/**
 * Replays the sample traffic through the real pipeline in a directory of its own, made anew each time, then leaves
 * the API running until a signal.
 */
export async function runDemo(
  size: DemoSize,
  surroundings: Surroundings,
  telemetry: Telemetry,
  terminal: Terminal,
): Promise<void> {
  const { config, clock } = surroundings;
  const { days, tokens } = size;
  if (!Number.isInteger(days) || days < 3 || days > 60 || !Number.isInteger(tokens) || tokens < 20 || tokens > 5000) {
    throw new AppError('TQ_REQUEST_INVALID', 'The demo takes 3 to 60 --days and 20 to 5000 --tokens.');
  }
  const s = await withApiPort(surroundings);
  rmSync(config.data_dir, { recursive: true, force: true });
  const logs = join(config.data_dir, 'sample-logs');
  mkdirSync(logs, { recursive: true });

  const endMs = Math.floor(clock.nowMs() / hourMs) * hourMs;
  const traffic = createSampleTraffic(endMs, days, tokens);
  const files = toSampleFiles(traffic);
  for (const file of files) writeFileSync(join(logs, file.name), `${file.lines.join('\n')}\n`);
  terminal.out(
    `Sample traffic: ${String(tokens)} tokens, ${String(days)} days, ${traffic.requests.length.toLocaleString('en-US')} requests in ${String(files.length)} log files below ${logs}.`,
  );
  terminal.out('Planted in its last hours:');
  for (const attack of traffic.attacks) {
    terminal.out(`  ${new Date(attack.startMs).toISOString()}  ${attack.title} (${attack.holder})`);
  }

  const inputs = files.map((file) => ({
    path: join(logs, file.name),
    source: { name: file.instance, product: file.product, options: file.options },
  }));
  const { summary, alerts, seconds, parts } = await runReplay(inputs, s, terminal, {
    json: false,
    title: 'demo',
  });
  terminal.out(`\n${replaySentence({ summary, alerts, seconds })}`);
  const address = await startApi(s, parts.store, parts.alerting, telemetry);
  terminal.out(`\nMap, tokens and alerts, in a browser: ${address}`);
  terminal.out(`The API runs at ${address}; for example:`);
  for (const path of ['/v1/alerts', '/v1/map', '/v1/tokens?limit=5', '/openapi.json'])
    terminal.out(`  curl ${address}${path}`);
  terminal.out('Ctrl-C stops it.');
  await waitForSignal();
}
