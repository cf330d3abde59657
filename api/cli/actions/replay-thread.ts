// The thread that reads, parses and encodes what a replay is given; see threaded-replay.ts.
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../ingest/core/clock.js';
import type { Logger } from '../../../ingest/core/logger.js';
import { toPlainError } from '../../../ingest/core/plain-error.js';
import { portedWriter } from '../../../ingest/log/ported-writer.js';
import { openCheckpointStore } from '../../../ingest/pipeline/checkpoint-store.js';
import { replayFiles } from '../../../ingest/pipeline/replay.js';
import { openFingerprinter } from '../fingerprint-keys.js';
import { Lifecycle } from '../lifecycle.js';
import { createSurroundings, openEnricher, openSink } from '../open-parts.js';
import { bindingOf } from '../source-by-name.js';
import type { PlainSummary, ReplayMessage, ReplayOrder } from './threaded-replay.js';

const STOP_MS = 5000;

const port = parentPort;
if (port === null) throw new TypeError('replay-thread.js is the code of a thread');
const say = (message: ReplayMessage): void => port.postMessage(message);
const logged =
  (level: keyof Logger) =>
  (fields: object, message: string): void =>
    say({ kind: 'log', level, fields, message });
const logger: Logger = {
  debug: logged('debug'),
  info: logged('info'),
  warn: logged('warn'),
  error: logged('error'),
};

async function replay({ config, files, writer: writerPort }: ReplayOrder, signal: AbortSignal): Promise<PlainSummary> {
  const clock = systemClock;
  const random = Math.random;
  const lifecycle = new Lifecycle();
  const writer = await lifecycle.start(portedWriter(writerPort));
  try {
    const fingerprinter = openFingerprinter(config);
    const enricher = await openEnricher(createSurroundings({ config, lifecycle, clock, logger, random }));
    const checkpoints = await openCheckpointStore(join(config.data_dir, 'checkpoints', 'replay.json'), {
      clock,
      logger,
    });
    try {
      const sink = openSink({ config, clock, logger }, writer);
      const inputs = files.map(({ path, source }) => ({ path, ...bindingOf(source) }));
      const { faults, ...summary } = await replayFiles(
        inputs,
        { sink, checkpoints, fingerprinter, enricher, clock, logger, random },
        { signal, onProgress: (progress) => say({ kind: 'progress', progress }) },
      );
      return { ...summary, faults: faults.map(({ path, error }) => ({ path, error: toPlainError(error) })) };
    } finally {
      await checkpoints.close();
    }
  } finally {
    await lifecycle.stop(STOP_MS);
  }
}

const stopping = new AbortController();
port.once('message', () => stopping.abort());
try {
  say({ kind: 'done', summary: await replay(workerData as ReplayOrder, stopping.signal) });
} catch (error) {
  say({ kind: 'failed', error: toPlainError(error) });
} finally {
  port.close();
}
